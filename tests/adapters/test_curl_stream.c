/* adapters/test_curl_stream.c: bodies in pieces, pauses, and what callbacks may say. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <weir/io.h>

#include "adapters/curl_support.h"
#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/token.h"

TestSuite(curl_stream, .timeout = 60);

/* A body of `left` bytes, each piece a little different in size. */
struct source {
	struct answer answer;
	uint64_t left;
	unsigned pieces;
	int fail_at; /* the piece at which it fails; 0: none */
};

static ssize_t give(void *arg, weir_curl_exchange *exchange, void *buffer, size_t size)
{
	struct source *source = arg;
	size_t count = size > 1000 ? size - source->pieces % 1000 : size;

	(void)exchange;
	if (++source->pieces == (unsigned)source->fail_at)
		return -EXDEV;
	if (count > source->left)
		count = (size_t)source->left;
	memset(buffer, 'b', count);
	source->left -= count;
	return (ssize_t)count;
}

static int take(void *arg, weir_curl_exchange *exchange, const void *data, size_t size)
{
	return answer_data(&((struct source *)arg)->answer, exchange, data, size);
}

static int upload(struct source *source, uint64_t size, int64_t length,
		  struct weir_curl_result *result)
{
	static const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	weir_curl *client = curl_client(NULL);
	struct weir_curl_request request = {
		.method = "POST", .read = give, .read_length = length, .data = take, .arg = source};
	struct fixture fixture;
	int error;

	source->left = size;
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "POST /", handle_count_body, NULL, &streamed);
	fixture_start(&fixture);
	request.url = fixture.url;
	error = weir_curl_call(client, &request, NULL, weir_after(MUST_PATIENCE), result);
	weir_curl_destroy(client);
	fixture_finish(&fixture);
	return error;
}

Test(curl_stream, a_body_is_sent_in_pieces_of_known_and_unknown_length)
{
	enum { SIZE = 20 * 1024 * 1024 + 7 };
	const int64_t lengths[] = {-1, SIZE};
	size_t i;

	for (i = 0; i < 2; i++) {
		struct source source = {.left = 0};
		struct weir_curl_result result;

		cr_assert_eq(upload(&source, SIZE, lengths[i], &result), 0, "%s", result.error);
		cr_assert_eq(strtoull(source.answer.bytes, NULL, 10), SIZE, "%s",
			     source.answer.bytes);
		cr_assert_eq(result.sent, SIZE);
	}
}

Test(curl_stream, a_body_of_another_length_than_was_said)
{
	struct source source = {.left = 0};
	struct weir_curl_result result;

	cr_assert_eq(upload(&source, 100000, 100001, &result), -EINVAL);
	cr_assert(strstr(result.error, "shorter"), "%s", result.error);
	source = (struct source){.left = 0};
	cr_assert_eq(upload(&source, 100000, 99999, &result), 0, "%s", result.error);
	cr_assert_str_eq(source.answer.bytes, "99999\n");
}

Test(curl_stream, what_a_source_says_is_what_the_call_says)
{
	struct source source = {.fail_at = 3};

	cr_assert_eq(upload(&source, 10 * 1024 * 1024, -1, NULL), -EXDEV);
}

static ssize_t give_too_much(void *arg, weir_curl_exchange *exchange, void *buffer, size_t size)
{
	(void)arg, (void)exchange, (void)buffer;
	return (ssize_t)size + 1;
}

Test(curl_stream, a_source_that_lies_is_stopped)
{
	weir_curl *client = curl_client(NULL);
	struct fixture fixture;
	struct weir_curl_request request = {
		.method = "POST", .read = give_too_much, .read_length = -1};

	fixture_serve(&fixture, NULL, "POST /", handle_hello, NULL);
	request.url = fixture.url;
	cr_assert_eq(weir_curl_call(client, &request, NULL, WEIR_NEVER, NULL), -EINVAL);
	weir_curl_destroy(client);
	fixture_finish(&fixture);
}

/* The answers. */

enum { LARGE = 64 * 1024 * 1024 };

struct producer {
	atomic_uint_least64_t written;
};

static int produce(weir_request *request, weir_response *response, weir_token *token)
{
	static const char piece[64 * 1024];
	struct producer *producer = weir_request_context(request);
	int error = weir_response_stream(response, LARGE);

	(void)token;
	while (!error && atomic_load(&producer->written) < LARGE) {
		error = weir_response_write(response, piece, sizeof(piece));
		if (!error)
			(void)atomic_fetch_add(&producer->written, sizeof(piece));
	}
	return error;
}

struct sink {
	uint64_t taken, largest;
	int end_after; /* MiB, then `end` */
	int end;
	/* pausing */
	unsigned pauses;
	weir_curl_exchange *_Atomic exchange;
	struct gate gate;
	bool resumed; /* under the gate */
};

static int swallow(void *arg, weir_curl_exchange *exchange, const void *data, size_t size)
{
	struct sink *sink = arg;

	(void)exchange, (void)data;
	sink->taken += size;
	if (size > sink->largest)
		sink->largest = size;
	return sink->end && sink->taken >= (uint64_t)sink->end_after << 20 ? sink->end : 0;
}

static int download(int (*data)(void *, weir_curl_exchange *, const void *, size_t),
		    struct sink *sink, struct producer *producer, weir_token *token)
{
	weir_curl *client = curl_client(NULL);
	struct weir_curl_request request = {.data = data, .arg = sink};
	struct fixture fixture;
	int error;

	fixture_serve(&fixture, NULL, "GET /", produce, producer);
	request.url = fixture.url;
	error = weir_curl_call(client, &request, token, weir_after(MUST_PATIENCE), NULL);
	weir_curl_destroy(client);
	fixture_finish(&fixture);
	return error;
}

Test(curl_stream, a_large_answer_comes_in_small_pieces)
{
	struct producer producer = {0};
	struct sink sink = {.taken = 0};

	cr_assert_eq(download(swallow, &sink, &producer, NULL), 0);
	cr_assert_eq(sink.taken, LARGE);
	cr_assert_leq(sink.largest, 16 * 1024);
}

Test(curl_stream, what_a_sink_says_is_what_the_call_says)
{
	const int ends[] = {-EXDEV, 42, -ETIMEDOUT};
	size_t i;

	for (i = 0; i < 3; i++) {
		struct producer producer = {0};
		struct sink sink = {.end_after = 1, .end = ends[i]};

		cr_assert_eq(download(swallow, &sink, &producer, NULL), ends[i]);
		cr_assert_lt(sink.taken, LARGE);
	}
}

static int trip_at_first(void *arg, weir_curl_exchange *exchange, const void *data, size_t size)
{
	struct sink *sink = arg;

	(void)exchange, (void)data;
	if (sink->taken == 0)
		gate_announce(&sink->gate);
	sink->taken += size;
	return 0;
}

static void *trip_when_data_comes(void *arg)
{
	void **both = arg;

	gate_await(&((struct sink *)both[0])->gate, 1);
	(void)weir_token_cancel(both[1], WEIR_REASON_REQUESTED, NULL);
	return NULL;
}

/* A server without an end. */
static void send_for_ever(struct rogue *rogue)
{
	static const char much[256 * 1024];

	rogue_accept(rogue);
	rogue_send(rogue, "HTTP/1.1 200 OK\r\n\r\n");
	while (send(rogue->fd, much, sizeof(much), MSG_NOSIGNAL) > 0)
		;
}

Test(curl_stream, a_callee_that_never_stops_is_stopped_by_a_trip)
{
	struct sink sink = {.taken = 0};
	weir_token *token = token_make(NULL);
	void *both[] = {&sink, token};
	weir_curl *client = curl_client(NULL);
	struct weir_curl_request request = {.data = trip_at_first, .arg = &sink};
	struct rogue rogue;
	pthread_t thread;

	gate_init(&sink.gate);
	rogue_start(&rogue, send_for_ever, NULL);
	request.url = rogue.url;
	cr_assert_eq(pthread_create(&thread, NULL, trip_when_data_comes, both), 0);
	cr_assert_eq(weir_curl_call(client, &request, token, WEIR_NEVER, NULL), -ECANCELED);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	rogue_join(&rogue);
	weir_curl_destroy(client);
	weir_token_unref(token);
	gate_destroy(&sink.gate);
}

/* Every second call pauses; another thread resumes, sometimes before the pause is there. */
static int pause_and_take(void *arg, weir_curl_exchange *exchange, const void *data, size_t size)
{
	struct sink *sink = arg;

	(void)data;
	if (!sink->resumed) {
		sink->resumed = true;
		sink->pauses++;
		atomic_store(&sink->exchange, exchange);
		gate_announce(&sink->gate);
		return WEIR_CURL_PAUSE;
	}
	sink->resumed = sink->pauses >= 500; /* and from then on without */
	sink->taken += size;
	return 0;
}

static void *resume(void *arg)
{
	struct sink *sink = arg;
	unsigned i;

	for (i = 0; i < 500; i++) {
		gate_await(&sink->gate, 1);
		weir_curl_resume(atomic_load(&sink->exchange));
	}
	return NULL;
}

Test(curl_stream, a_paused_answer_goes_on_when_it_is_resumed)
{
	struct producer producer = {0};
	struct sink sink = {.taken = 0};
	pthread_t thread;

	gate_init(&sink.gate);
	cr_assert_eq(pthread_create(&thread, NULL, resume, &sink), 0);
	cr_assert_eq(download(pause_and_take, &sink, &producer, NULL), 0);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(sink.taken, LARGE);
	cr_assert_eq(sink.pauses, 500);
	gate_destroy(&sink.gate);
}

static int pause_for_good(void *arg, weir_curl_exchange *exchange, const void *data, size_t size)
{
	(void)arg, (void)exchange, (void)data, (void)size;
	return WEIR_CURL_PAUSE;
}

static bool writes_no_more(struct producer *producer)
{
	const uint64_t before = atomic_load(&producer->written);

	return weir_sleep(NULL, weir_after(100 * WEIR_MILLISECOND)) == 0 &&
	       atomic_load(&producer->written) == before && before > 0;
}

static void *trip_when_held_back(void *arg)
{
	void **both = arg;
	const weir_time until = weir_after(MUST_PATIENCE);

	while (!writes_no_more(both[0]))
		must(weir_now() < until, "the callee is not held back");
	(void)weir_token_cancel(both[1], WEIR_REASON_REQUESTED, NULL);
	return NULL;
}

/* The callee is held back by TCP; and a paused call still hears its token. */
Test(curl_stream, a_paused_answer_holds_the_callee_and_can_be_cancelled)
{
	struct producer producer = {0};
	weir_token *token = token_make(NULL);
	void *both[] = {&producer, token};
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, trip_when_held_back, both), 0);
	cr_assert_eq(download(pause_for_good, NULL, &producer, token), -ECANCELED);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_lt(atomic_load(&producer.written), LARGE / 2);
	weir_token_unref(token);
}

/* A paused request body: the first call pauses, resumed by another thread. */
struct held_source {
	struct source source;
	struct sink sink;
};

static ssize_t give_after_pause(void *arg, weir_curl_exchange *exchange, void *buffer, size_t size)
{
	struct held_source *held = arg;

	if (held->sink.pauses < 500 && !held->sink.resumed) {
		held->sink.resumed = true;
		held->sink.pauses++;
		atomic_store(&held->sink.exchange, exchange);
		gate_announce(&held->sink.gate);
		return WEIR_CURL_PAUSE;
	}
	held->sink.resumed = false;
	return give(&held->source, exchange, buffer, size < 1024 ? size : 1024);
}

static int take_held(void *arg, weir_curl_exchange *exchange, const void *data, size_t size)
{
	return answer_data(&((struct held_source *)arg)->source.answer, exchange, data, size);
}

Test(curl_stream, a_paused_request_goes_on_when_it_is_resumed)
{
	static const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	struct held_source held = {.source.left = 1000 * 1000};
	struct weir_curl_request request = {.method = "POST",
					    .read = give_after_pause,
					    .read_length = 1000 * 1000,
					    .data = take_held,
					    .arg = &held};
	weir_curl *client = curl_client(NULL);
	struct fixture fixture;
	pthread_t thread;

	gate_init(&held.sink.gate);
	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "POST /", handle_count_body, NULL, &streamed);
	fixture_start(&fixture);
	request.url = fixture.url;
	cr_assert_eq(pthread_create(&thread, NULL, resume, &held.sink), 0);
	cr_assert_eq(weir_curl_call(client, &request, NULL, weir_after(MUST_PATIENCE), NULL), 0);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_str_eq(held.source.answer.bytes, "1000000\n");
	weir_curl_destroy(client);
	fixture_finish(&fixture);
	gate_destroy(&held.sink.gate);
}

/* An answer that comes before the body has been sent ends the sending. */
static void answer_early(struct rogue *rogue)
{
	rogue_accept(rogue);
	rogue_send(rogue,
		   "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n");
	rogue_await_end(rogue);
}

Test(curl_stream, an_early_refusal_is_an_answer)
{
	struct source source = {.left = UINT64_MAX};
	weir_curl *client = curl_client(NULL);
	struct weir_curl_request request = {
		.method = "POST", .read = give, .read_length = -1, .data = take, .arg = &source};
	struct weir_curl_result result;
	struct rogue rogue;

	rogue_start(&rogue, answer_early, NULL);
	request.url = rogue.url;
	cr_assert_eq(weir_curl_call(client, &request, NULL, weir_after(MUST_PATIENCE), &result), 0,
		     "%s", result.error);
	cr_assert_eq(result.status, 413);
	cr_assert_str_eq(source.answer.bytes, "no\n");
	weir_curl_destroy(client);
	rogue_join(&rogue);
}
