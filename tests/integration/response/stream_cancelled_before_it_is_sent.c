/* A stream that is cancelled while the acceptor is busy elsewhere, before it has taken anything of
 * it: its client gets a whole answer that says so. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

struct stage {
	struct gate worker, acceptor;
	_Atomic pid_t thread;
};

static int begin_and_give_up(weir_request *request, weir_response *response, weir_token *token)
{
	struct stage *stage = weir_request_context(request);
	int error;

	atomic_store(&stage->thread, gettid());
	error = gate_pass(&stage->worker);
	if (error == 0)
		error = weir_response_stream(response, -1);
	if (error == 0)
		error = weir_response_write(response, "begun", 5);
	cr_expect_eq(error, 0);
	(void)weir_token_cancel(token, WEIR_REASON_SHUTDOWN, "test");
	return -ECANCELED;
}

/* It gives up when its gate is opened again. */
static int begin_then_give_up(weir_request *request, weir_response *response, weir_token *token)
{
	struct stage *stage = weir_request_context(request);
	int error = weir_response_stream(response, -1);

	atomic_store(&stage->thread, gettid());
	if (error == 0)
		error = gate_pass(&stage->worker);
	if (error == 0)
		error = weir_response_write(response, "begun", 5);
	if (error == 0)
		error = gate_pass(&stage->worker);
	cr_expect_eq(error, 0);
	(void)weir_token_cancel(token, WEIR_REASON_SHUTDOWN, "test");
	return -ECANCELED;
}

static int hold_the_acceptor(weir_request *request, weir_response *response, weir_token *token)
{
	struct stage *stage = weir_request_context(request);

	(void)token;
	cr_expect_eq(gate_pass(&stage->acceptor), 0);
	return weir_response_printf(response, "held\n");
}

/* Nothing that can be waited for tells that a worker has reported its handler's end while the
 * acceptor looks at no report. It has, once it is asleep and stays so. */
static void await_parked(pid_t thread)
{
	weir_time until = weir_after(MUST_PATIENCE);
	char path[64], line[256];

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
	for (int asleep = 0; asleep < 20; poll(NULL, 0, 1)) {
		FILE *file = fopen(path, "r");
		const char *name_end;

		must(file != NULL && fgets(line, sizeof(line), file) != NULL, "no %s", path);
		(void)fclose(file);
		name_end = strrchr(line, ')');
		must(name_end != NULL, "not a stat: %s", line);
		asleep = strncmp(name_end, ") S", 3) == 0 ? asleep + 1 : 0;
		must(weir_now() < until, "the worker does not end: %s", line);
	}
}

static void serve(struct fixture *fixture, struct stage *stage, weir_handler handler)
{
	const struct weir_route_options inlined = {.run = WEIR_RUN_INLINE};

	gate_init(&stage->worker);
	gate_init(&stage->acceptor);
	fixture_create(fixture, NULL);
	fixture_route(fixture, "GET /stream", handler, stage);
	fixture_route_with(fixture, "GET /hold", hold_the_acceptor, stage, &inlined);
	fixture_route(fixture, "GET /hello", handle_hello, NULL);
	fixture_start(fixture);
}

static void finish(struct fixture *fixture, struct stage *stage)
{
	fixture_finish(fixture);
	gate_destroy(&stage->worker);
	gate_destroy(&stage->acceptor);
}

static void expect_held(struct client *client)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_expect_eq(reply.status, 200);
	reply_free(&reply);
	client_close(client);
}

Test(stream_cancelled_before_it_is_sent, gets_a_whole_answer)
{
	struct stage stage;
	struct fixture fixture;
	struct client client, other;
	struct reply reply;

	serve(&fixture, &stage, begin_and_give_up);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&stage.worker, 1);
	client_open(&other, fixture.url);
	client_send_text(&other, "GET /hold HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&stage.acceptor, 1);
	gate_open(&stage.worker, 1);
	await_parked(atomic_load(&stage.thread));
	gate_open(&stage.acceptor, 1);
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 503);
	cr_expect(reply.complete);
	reply_free(&reply);
	client_close(&client);
	expect_held(&other);
	finish(&fixture, &stage);
}

/* libmicrohttpd makes a header in one round and sends it in the next: the acceptor is held in the
 * first of the two, by a request that came on a connection that it had before. */
Test(stream_cancelled_before_it_is_sent, or_its_header_at_least)
{
	struct stage stage;
	struct fixture fixture;
	struct client client, first, second;
	struct reply reply;

	serve(&fixture, &stage, begin_then_give_up);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&stage.worker, 1);
	client_open(&second, fixture.url);
	client_get(&second, "/hello", &reply);
	reply_free(&reply);
	client_open(&first, fixture.url);
	client_send_text(&first, "GET /hold HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&stage.acceptor, 1);
	gate_open(&stage.worker, 1);
	gate_await(&stage.worker, 1);
	client_send_text(&second, "GET /hold HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_open(&stage.acceptor, 1);
	gate_await(&stage.acceptor, 1);
	gate_open(&stage.worker, 1);
	await_parked(atomic_load(&stage.thread));
	gate_open(&stage.acceptor, 1);
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect(!reply.complete);
	reply_free(&reply);
	client_close(&client);
	expect_held(&first);
	expect_held(&second);
	finish(&fixture, &stage);
}
