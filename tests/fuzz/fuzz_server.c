/* fuzz_server.c: the whole server, in this process, over a real socket.
 *
 * Input: two bytes, of which the lowest bits say how ('0': a Unix socket, in one piece), then what
 * is sent. The server goes on from input to input, with a stop where one is asked for. Held
 *against:
 *
 *	- it answers or closes: a client that has said all it has to say sees the end;
 *	- what its handlers saw is what a strict parser sees (server/strict.h): no request of a
 *	  handler's was made of bytes that are none, whatever was before it;
 *	- each answer is well-formed, and there are as many of them as the server has counted;
 *	- the sums of the metrics hold, and nothing is left: no connection, no request;
 *	- a stop, wherever it strikes, is clean.
 */
#include "fuzz/fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz/server/answers.h"
#include "fuzz/server/site.h"
#include "fuzz/server/strict.h"
#include "support/must.h"

enum { TCP = 1, ABORT = 2, STOP = 4, PIECES_MAX = 16, INPUT_MAX = 16384 };

/* A server in TIME_WAIT holds a pair of addresses: so each client has another one. */
static struct sockaddr_in next_source(void)
{
	static uint32_t n;

	n = (n + 1) % 250;
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(0x7f010001 + n)};
}

static int open_tcp(const char *url)
{
	struct sockaddr_in source = next_source(), target = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	target.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
	target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	FUZZ_CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&source, sizeof(source)) == 0);
	FUZZ_CHECK(connect(fd, (struct sockaddr *)&target, sizeof(target)) == 0);
	return fd;
}

static int open_unix(const char *url)
{
	struct sockaddr_un target = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	FUZZ_CHECK(snprintf(target.sun_path, sizeof(target.sun_path), "%s", strchr(url, ':') + 1) <
		   (int)sizeof(target.sun_path));
	FUZZ_CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&target, sizeof(target)) == 0);
	return fd;
}

static void send_all(int fd, const uint8_t *data, size_t size, size_t piece)
{
	while (size > 0) {
		ssize_t count = send(fd, data, size < piece ? size : piece, MSG_NOSIGNAL);

		if (count < 0 && (errno == EPIPE || errno == ECONNRESET))
			return; /* the server has heard enough */
		FUZZ_CHECK(count > 0);
		data += count;
		size -= (size_t)count;
	}
}

struct conversation {
	char *received;
	size_t size, room;
	bool reset;
};

/* Waits for something to read; if nothing comes, what the server is about is said before all ends.
 * (libFuzzer's timer interrupts a poll.) */
static void await_input(weir_server *server, int fd)
{
	bool ready = must_poll(fd, POLLIN, weir_after(MUST_PATIENCE));
	char *status;

	if (!ready && weir_server_status(server, &status, NULL) == 0) {
		(void)fprintf(stderr, "%s\n", status);
		free(status);
	}
	FUZZ_CHECK(ready);
}

/* To the end, which must come. */
static void receive_all(weir_server *server, int fd, struct conversation *conversation)
{
	ssize_t count = 1;

	while (count > 0) {
		if (conversation->room - conversation->size < 4096) {
			conversation->room = conversation->room * 2 + 8192;
			conversation->received =
				realloc(conversation->received, conversation->room);
			FUZZ_CHECK(conversation->received);
		}
		await_input(server, fd);
		count = recv(fd, conversation->received + conversation->size,
			     conversation->room - conversation->size, 0);
		if (count > 0)
			conversation->size += (size_t)count;
	}
	conversation->reset = count < 0;
	FUZZ_CHECK(count == 0 || errno == ECONNRESET);
}

static uint64_t responses(const char *metrics)
{
	return metrics_sum(metrics, "weir_responses_total");
}

/* Waits until nothing is left of what was said, and returns the metrics of that moment. The state
 * is what counts; nothing announces it. */
static char *settled(weir_server *server)
{
	weir_time until = weir_after(MUST_PATIENCE);
	char *text;

	for (;;) {
		FUZZ_CHECK(weir_server_metrics(server, &text, NULL) == 0);
		if (metrics_at_rest(text))
			return text;
		free(text);
		FUZZ_CHECK(weir_now() < until);
		(void)sched_yield();
	}
}

/* `seen` may be cut. */
static bool is(const char *seen, size_t room, const char *sent, size_t size)
{
	return strlen(seen) == (size < room ? size : room - 1) &&
	       memcmp(seen, sent, strlen(seen)) == 0;
}

static bool same(const struct site_run *run, const struct strict_request *request)
{
	return is(run->method, sizeof(run->method), request->method, request->method_size) &&
	       is(run->target, sizeof(run->target), request->target, request->target_size) &&
	       (!run->whole || (request->whole && run->body_size == request->body_size &&
				run->body_hash == request->body_hash));
}

/* Each run is one of the requests, in their order; some requests are refused without a run. */
static void check_runs(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct strict_request request;
	bool more = true, known;
	size_t count, i;
	const struct site_run *runs = site_runs(&count);

	for (i = 0; i < count; i++) {
		known = false;
		while (more && !known) {
			more = strict_read(&at, end, &request);
			known = more && same(&runs[i], &request);
			more = more && request.whole;
		}
		if (!known)
			(void)fprintf(stderr, "run %zu: %s %s, %ju bytes\n", i, runs[i].method,
				      runs[i].target, (uintmax_t)runs[i].body_size);
		FUZZ_CHECK(known);
	}
}

static void check_answers(const struct conversation *conversation, uint64_t counted)
{
	struct answers answers;

	answers_read(&answers, conversation->received, conversation->size);
	FUZZ_CHECK(answers.pages <= 1);
	if (conversation->reset)
		return;
	FUZZ_CHECK(!answers.truncated);
	if (answers.final - answers.pages != counted)
		(void)fprintf(stderr, "%zu final, %zu pages, %ju counted:\n%.*s\n", answers.final,
			      answers.pages, (uintmax_t)counted, (int)conversation->size,
			      conversation->received);
	FUZZ_CHECK(answers.final - answers.pages == counted);
}

static void converse(unsigned how, size_t pieces, const uint8_t *data, size_t size)
{
	struct fixture *fixture = site();
	struct conversation conversation = {0};
	char *before = settled(fixture->server), *after;
	size_t half = how & STOP ? size / 2 : size;
	int fd = how & TCP ? open_tcp(weir_server_url(fixture->server, 0))
			   : open_unix(weir_server_url(fixture->server, 1));

	send_all(fd, data, half, half / pieces + 1);
	if (how & STOP)
		weir_server_stop(fixture->server, "fuzz");
	send_all(fd, data + half, size - half, (size - half) / pieces + 1);
	if (!(how & ABORT)) {
		(void)shutdown(fd, SHUT_WR); /* fails only where the server was first */
		receive_all(fixture->server, fd, &conversation);
	}
	FUZZ_CHECK(close(fd) == 0);
	if (!(how & STOP)) {
		after = settled(fixture->server);
		if (!(how & ABORT))
			check_answers(&conversation, responses(after) - responses(before));
		free(after);
	}
	free(before);
	free(conversation.received);
}

static void check_account(void)
{
	struct metrics_account account;

	metrics_account_read(site()->server, &account);
	metrics_account_check(&account);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned how;

	if (size < 2 || size > INPUT_MAX)
		return 0;
	how = data[0] & 7u;
	converse(how, 1 + data[1] % PIECES_MAX, data + 2, size - 2);
	if (how & STOP)
		site_end();
	else
		check_account();
	check_runs(data + 2, size - 2);
	return 0;
}
