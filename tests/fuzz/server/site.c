/* server/site.c: see site.h. */
#include "fuzz/server/site.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef FUZZ_WITH_WS
#include <weir/ws.h>
#endif

#include "fuzz/fuzz.h"
#include "fuzz/server/strict.h"

static struct fixture fixture;
static bool running;
static int file = -1;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct site_run runs[SITE_RUNS_MAX], taken[SITE_RUNS_MAX]; /* `runs` under it */
static size_t run_count;                                          /* under it */

static void note(const weir_request *request, bool whole, uint64_t size, uint64_t hash)
{
	struct site_run *run;

	FUZZ_CHECK(pthread_mutex_lock(&lock) == 0);
	FUZZ_CHECK(run_count < SITE_RUNS_MAX);
	run = &runs[run_count++];
	(void)snprintf(run->method, sizeof(run->method), "%s", weir_request_method(request));
	(void)snprintf(run->target, sizeof(run->target), "%s", weir_request_target(request));
	run->whole = whole;
	run->body_size = size;
	run->body_hash = hash;
	FUZZ_CHECK(pthread_mutex_unlock(&lock) == 0);
}

const struct site_run *site_runs(size_t *count)
{
	FUZZ_CHECK(pthread_mutex_lock(&lock) == 0);
	memcpy(taken, runs, run_count * sizeof(runs[0]));
	*count = run_count;
	run_count = 0;
	FUZZ_CHECK(pthread_mutex_unlock(&lock) == 0);
	return taken;
}

static int note_buffered(const weir_request *request)
{
	const void *data;
	size_t size;
	int error = weir_request_body(request, &data, &size);

	if (!error)
		note(request, true, size, strict_hash(STRICT_HASH_EMPTY, data, size));
	return error;
}

static int measure(void *arg, const char *name, const char *value)
{
	*(size_t *)arg += strlen(name) + strlen(value);
	return 0;
}

/* Looks at all there is to be seen, and sends some of it back. */
static int any(weir_request *request, weir_response *response, weir_token *token)
{
	const char *name = weir_request_param(request, "name");
	const char *q = weir_request_query(request, "q");
	size_t size = 0;
	int error = note_buffered(request);

	(void)token;
	(void)weir_request_each_header(request, measure, &size);
	FUZZ_CHECK(name && weir_request_path(request)[0] == '/');
	FUZZ_CHECK(weir_request_length(request) >= -1);
	if (!error)
		error = weir_response_header(response, "X-Name", name);
	return error ? error
		     : weir_response_printf(response, "any %zu %zu %zu\n", strlen(name),
					    q ? strlen(q) : 0, size);
}

static int echo(weir_request *request, weir_response *response, weir_token *token)
{
	const void *data;
	size_t size;
	int error = weir_request_body(request, &data, &size);

	(void)token;
	if (!error)
		error = note_buffered(request);
	return error ? error : weir_response_printf(response, "echo %zu\n", size);
}

static int stream(weir_request *request, weir_response *response, weir_token *token)
{
	uint64_t size = 0, hash = STRICT_HASH_EMPTY;
	char buffer[512];
	ssize_t got;

	(void)token;
	while ((got = weir_request_read(request, buffer, sizeof(buffer))) > 0) {
		hash = strict_hash(hash, buffer, (size_t)got);
		size += (uint64_t)got;
	}
	note(request, got == 0, size, hash);
	return got < 0 ? (int)got : weir_response_printf(response, "stream %ju\n", (uintmax_t)size);
}

/* Answers while the body is still coming. */
static int early(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	note(request, false, 0, 0);
	return weir_response_printf(response, "early\n");
}

static int download(weir_request *request, weir_response *response, weir_token *token)
{
	int error = note_buffered(request), i;

	(void)token;
	if (!error)
		error = weir_response_stream(response, -1);
	for (i = 0; i < 3 && !error; i++)
		error = weir_response_write(response, "piece\n", 6);
	return error;
}

static int get_file(weir_request *request, weir_response *response, weir_token *token)
{
	int fd, error = note_buffered(request);

	(void)token;
	if (error)
		return error;
	fd = dup(file);
	return fd < 0 ? -errno : weir_response_file(response, request, fd, NULL);
}

static int fail(weir_request *request, weir_response *response, weir_token *token)
{
	(void)response;
	(void)token;
	return note_buffered(request) ? -EINVAL : -EIO;
}

#ifdef FUZZ_WITH_WS
static weir_ws_hub *hub;

static void on_message(weir_ws *ws, void *arg, enum weir_ws_kind kind, const void *data,
		       size_t size)
{
	(void)arg;
	(void)weir_ws_send(ws, kind, data, size);
}

static int websocket(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	note(request, false, 0, 0);
	return weir_ws_accept(hub, request, response, NULL);
}

static void add_websocket(void)
{
	static const struct weir_ws_handlers handlers = {.on_message = on_message};
	static const struct weir_ws_options options = {.message_limit = 1024};

	FUZZ_CHECK(weir_ws_hub_create(&handlers, &options, &hub) == 0);
	fixture_route(&fixture, "GET /ws", websocket, NULL);
}

static void drop_websocket(void)
{
	weir_ws_hub_destroy(hub);
}
#else
static void add_websocket(void)
{
}

static void drop_websocket(void)
{
}
#endif

static void make_file(void)
{
	char text[5000];

	memset(text, 'f', sizeof(text));
	file = memfd_create("fuzz_server", MFD_CLOEXEC);
	FUZZ_CHECK(file >= 0 && write(file, text, sizeof(text)) == (ssize_t)sizeof(text));
}

static void add_routes(void)
{
	static const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED},
					       inlined = {.run = WEIR_RUN_INLINE},
					       small = {.body_limit = 1024},
					       drained = {.cancel_at = WEIR_CANCEL_AT_DRAIN};

	fixture_route(&fixture, "* /any/{name}", any, NULL);
	fixture_route(&fixture, "GET /any/{name...}", any, NULL);
	fixture_route_with(&fixture, "POST /echo", echo, NULL, &small);
	fixture_route_with(&fixture, "POST /stream", stream, NULL, &streamed);
	fixture_route_with(&fixture, "POST /early", early, NULL, &streamed);
	fixture_route_with(&fixture, "GET /download", download, NULL, &drained);
	fixture_route_with(&fixture, "POST /inline", echo, NULL, &inlined);
	fixture_route(&fixture, "GET /file", get_file, NULL);
	fixture_route(&fixture, "GET /fail", fail, NULL);
	add_websocket();
}

static void end_at_exit(void)
{
	if (running) {
		weir_server_stop(fixture.server, "exit");
		site_end();
	}
}

static void start(void)
{
	/* Longer than any test waits: whoever waits for the end of these is found out. */
	const struct weir_server_options options = {.workers = 2,
						    .queue = 8,
						    .grace = 60 * WEIR_SECOND,
						    .drain_timeout = 70 * WEIR_SECOND,
						    .header_timeout = 3600 * WEIR_SECOND,
						    .body_timeout = 3600 * WEIR_SECOND,
						    .keepalive_timeout = 3600 * WEIR_SECOND,
						    .deadline_header = "X-Timeout"};
	static bool registered;
	char path[64];

	if (file < 0)
		make_file();
	fixture_create(&fixture, &options);
	(void)snprintf(path, sizeof(path), "unix:/tmp/fuzz_server.%ld", (long)getpid());
	FUZZ_CHECK(weir_server_listen(fixture.server, path, WEIR_SCOPE_PUBLIC) == 0);
	add_routes();
	fixture_start(&fixture);
	running = true;
	if (!registered)
		FUZZ_CHECK(atexit(end_at_exit) == 0);
	registered = true;
}

/* libFuzzer's timer is to interrupt no call that can go on. */
static void bear_the_timer(void)
{
	struct sigaction action;

	FUZZ_CHECK(sigaction(SIGALRM, NULL, &action) == 0);
	action.sa_flags |= SA_RESTART;
	FUZZ_CHECK(sigaction(SIGALRM, &action, NULL) == 0);
}

struct fixture *site(void)
{
	if (!running) {
		bear_the_timer();
		start();
	}
	return &fixture;
}

void site_end(void)
{
	const struct weir_report *report = fixture_await(&fixture, WEIR_CLEAN);

	FUZZ_CHECK(report->total < 20 * WEIR_SECOND);
	running = false;
	fixture_destroy(&fixture);
	drop_websocket();
}
