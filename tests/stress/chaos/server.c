/* stress/chaos/server.c: the server of a round: random options, and handlers of every kind. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chaos.h"

static unsigned long query_number(const weir_request *request, const char *name)
{
	const char *value = weir_request_query(request, name);

	return value ? strtoul(value, NULL, 10) : 0;
}

static int hello(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_printf(response, "hello\n");
}

static int sleeping(weir_request *request, weir_response *response, weir_token *token)
{
	unsigned long us = query_number(request, "us");
	int error = weir_sleep(token, weir_after((weir_time)us * WEIR_MICROSECOND));

	return error ? error : weir_response_printf(response, "slept\n");
}

static int forever(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)response;
	weir_request_note(request, "waiting for ever");
	return weir_sleep(token, WEIR_NEVER);
}

/* Long-lived, and polite: says goodbye when a stop begins. */
static int polite(weir_request *request, weir_response *response, weir_token *token)
{
	int error;

	(void)weir_sleep(weir_request_drain_token(request), weir_after(5 * WEIR_MILLISECOND));
	error = weir_token_check(token);
	return error ? error : weir_response_printf(response, "bye\n");
}

static int stubborn(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	(void)weir_sleep(NULL, weir_after(15 * WEIR_MILLISECOND));
	return weir_response_printf(response, "done\n");
}

static int failing(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_status(response, 200) ? 0 : -EIO;
}

static int count_body(weir_request *request, weir_response *response, weir_token *token)
{
	char buffer[5000];
	uint64_t count = 0;
	ssize_t got;

	(void)token;
	while ((got = weir_request_read(request, buffer, sizeof(buffer))) > 0) {
		for (ssize_t i = 0; i < got; i++)
			stress_check(buffer[i] == chaos_byte(count + (uint64_t)i),
				     "byte %llu of a body", (unsigned long long)count);
		count += (uint64_t)got;
	}
	if (got < 0)
		return (int)got;
	return weir_response_printf(response, "%llu\n", (unsigned long long)count);
}

static int buffered(weir_request *request, weir_response *response, weir_token *token)
{
	const void *data;
	size_t size;
	int error = weir_request_body(request, &data, &size);

	(void)token;
	for (size_t i = 0; !error && i < size; i++)
		stress_check(((const char *)data)[i] == chaos_byte(i), "byte %zu of a body", i);
	return error ? error : weir_response_printf(response, "%zu\n", size);
}

static int early(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_printf(response, "early\n");
}

static int stream(weir_request *request, weir_response *response, weir_token *token)
{
	unsigned long size = query_number(request, "size"), done = 0;
	unsigned long piece = 1 + query_number(request, "piece");
	bool known = query_number(request, "known") != 0;
	int error = weir_response_stream(response, known ? (int64_t)size : -1);
	char buffer[8192];

	(void)token;
	while (!error && done < size) {
		size_t n = piece < sizeof(buffer) ? piece : sizeof(buffer);

		if (n > size - done)
			n = size - done;
		for (size_t i = 0; i < n; i++)
			buffer[i] = chaos_byte(done + i);
		error = weir_response_write(response, buffer, n);
		done += n;
	}
	return error ? error : weir_response_flush(response);
}

/* Reads a body, then streams as much. */
static int echo(weir_request *request, weir_response *response, weir_token *token)
{
	char buffer[4096];
	uint64_t count = 0, done = 0;
	ssize_t got;
	int error;

	(void)token;
	while ((got = weir_request_read(request, buffer, sizeof(buffer))) > 0)
		count += (uint64_t)got;
	error = got < 0 ? (int)got : weir_response_stream(response, -1);
	while (!error && done < count) {
		char byte = chaos_byte(done++);

		error = weir_response_write(response, &byte, 1);
	}
	return error;
}

static int file(weir_request *request, weir_response *response, weir_token *token)
{
	const struct round *round = weir_request_context(request);
	int fd = fcntl(round->file, F_DUPFD_CLOEXEC, 0);

	(void)token;
	return fd < 0 ? -errno : weir_response_file(response, request, fd, NULL);
}

static int big(weir_request *request, weir_response *response, weir_token *token)
{
	static const char zeros[2000000];

	(void)request;
	(void)token;
	return weir_response_body_static(response, zeros, sizeof(zeros));
}

static int stop(weir_request *request, weir_response *response, weir_token *token)
{
	struct round *round = weir_request_context(request);

	(void)token;
	atomic_store(&round->stopping, true);
	weir_server_stop(weir_request_server(request), "a handler");
	return weir_response_printf(response, "stopping\n");
}

static int metrics(weir_request *request, weir_response *response, weir_token *token)
{
	char *text;
	size_t size;
	int error = weir_server_metrics(weir_request_server(request), &text, &size);

	(void)token;
	return error ? error : weir_response_body_take(response, text, size, free);
}

static const struct {
	const char *pattern;
	weir_handler handler;
	struct weir_route_options options;
} routes[] = {
	{"GET /hello", hello, {0}},
	{"GET /inline", hello, {.run = WEIR_RUN_INLINE}},
	{"POST /inline", buffered, {.run = WEIR_RUN_INLINE, .body_limit = CHAOS_BODY_LIMIT}},
	{"GET /sleep", sleeping, {0}},
	{"GET /late", sleeping, {.deadline = 2 * WEIR_MILLISECOND}},
	{"GET /forever", forever, {0}},
	{"GET /poll", forever, {.cancel_at = WEIR_CANCEL_AT_DRAIN}},
	{"GET /polite", polite, {0}},
	{"GET /stubborn", stubborn, {0}},
	{"GET /fail", failing, {0}},
	{"POST /count", count_body, {.body = WEIR_BODY_STREAMED}},
	{"POST /late", count_body, {.body = WEIR_BODY_STREAMED, .deadline = 3 * WEIR_MILLISECOND}},
	{"POST /buffered", buffered, {.body_limit = CHAOS_BODY_LIMIT}},
	{"POST /early", early, {.body = WEIR_BODY_STREAMED}},
	{"POST /early-file", file, {.body = WEIR_BODY_STREAMED}},
	{"POST /echo", echo, {.body = WEIR_BODY_STREAMED}},
	{"GET /stream", stream, {0}},
	{"GET /file", file, {0}},
	{"GET /big", big, {0}},
	{"GET /stop", stop, {0}},
	{"GET /stop-inline", stop, {.run = WEIR_RUN_INLINE}},
	{"GET /admin/metrics", metrics, {.run = WEIR_RUN_INLINE, .scope = WEIR_SCOPE_ADMIN}},
	{"GET /admin/sleep", sleeping, {.scope = WEIR_SCOPE_ADMIN}},
	{"POST /admin/count", count_body, {.body = WEIR_BODY_STREAMED, .scope = WEIR_SCOPE_ADMIN}},
};

static weir_time one_of(struct stress_random *random, const weir_time *values, unsigned count)
{
	return values[stress_random_below(random, count)];
}

static void choose(struct stress_random *random, struct round *round,
		   struct weir_server_options *options)
{
	static const weir_time graces[] = {WEIR_NONE, WEIR_MILLISECOND, 5 * WEIR_MILLISECOND,
					   30 * WEIR_MILLISECOND};
	static const weir_time timeouts[] = {WEIR_NONE,
					     2 * WEIR_MILLISECOND,
					     20 * WEIR_MILLISECOND,
					     100 * WEIR_MILLISECOND,
					     20 * WEIR_SECOND,
					     20 * WEIR_SECOND};
	static const size_t memories[] = {4096, 8192, 32768};

	options->workers = 1 + stress_random_below(random, 6);
	options->queue = 1 + stress_random_below(random, 12);
	options->worker_stack = 256 << 10;
	options->grace = one_of(random, graces, sizeof(graces) / sizeof(graces[0]));
	options->drain_timeout = one_of(random, timeouts, sizeof(timeouts) / sizeof(timeouts[0]));
	options->connection_memory = memories[stress_random_below(random, 3)];
	if (stress_random_below(random, 5) == 0)
		options->max_connections = 3 + stress_random_below(random, 6);
	round->hasty = stress_random_below(random, 4) == 0;
	if (round->hasty) {
		options->header_timeout = 10 * WEIR_MILLISECOND;
		options->body_timeout = 10 * WEIR_MILLISECOND;
		options->keepalive_timeout = 5 * WEIR_MILLISECOND;
		options->write_timeout = 20 * WEIR_MILLISECOND;
	}
	/* A thread that never comes back costs the process what it holds on to. */
	round->stubborn = stress_random_below(random, 25) == 0;
}

static void listen_at(struct round *round, const char *address, enum weir_scope scope)
{
	int error = weir_server_listen(round->server, address, scope);

	stress_check(error == 0, "listen at %s: %d", address, error);
}

static void make_file(struct round *round)
{
	static char content[CHAOS_FILE_SIZE];
	ssize_t done;

	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = chaos_byte(i);
	round->file = memfd_create("chaos", MFD_CLOEXEC);
	stress_check(round->file >= 0, "memfd_create: %d", errno);
	done = write(round->file, content, sizeof(content));
	stress_check(done == (ssize_t)sizeof(content), "write: %zd", done);
}

void chaos_server_start(struct round *round, struct stress_random *random)
{
	unsigned id = (unsigned)getpid();
	struct weir_server_options options = {0};
	char address[128];
	int error;

	/* An address of this process's own: once the listener is closed its port may be given to
	 * another program's test, but not there. */
	(void)snprintf(address, sizeof(address), "127.%u.%u.%u:0", 1 + (id >> 16) % 254,
		       (id >> 8) & 255, id & 255);
	options.listen = address;
	(void)snprintf(round->directory, sizeof(round->directory), "/tmp/weir-chaos-XXXXXX");
	stress_check(mkdtemp(round->directory) != NULL, "mkdtemp: %d", errno);
	make_file(round);
	choose(random, round, &options);
	error = weir_server_create(&options, &round->server);
	stress_check(error == 0, "create: %d", error);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		error = weir_server_route(round->server, routes[i].pattern, routes[i].handler,
					  round, &routes[i].options);
		stress_check(error == 0, "route %s: %d", routes[i].pattern, error);
	}
	(void)snprintf(address, sizeof(address), "unix:%s/public", round->directory);
	listen_at(round, address, WEIR_SCOPE_PUBLIC);
	(void)snprintf(address, sizeof(address), "unix:%s/admin", round->directory);
	listen_at(round, address, WEIR_SCOPE_ADMIN);
	round->urls[0] = weir_server_url(round->server, 0);
	round->urls[1] = weir_server_url(round->server, 1);
	round->admin = weir_server_url(round->server, 2);
	error = weir_server_start(round->server);
	stress_check(error == 0, "start: %d", error);
}

void chaos_server_destroy(struct round *round)
{
	weir_server_destroy(round->server);
	stress_check(close(round->file) == 0, "close: %d", errno);
	stress_check(rmdir(round->directory) == 0, "rmdir %s: %d", round->directory, errno);
}
