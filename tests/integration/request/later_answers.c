/* An inline handler may leave its answer to somebody else: no thread waits for it, and whatever
 * else happens to the request in the meantime has its usual consequences. */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

struct box {
	struct gate gate; /* announced when `later` is there */
	weir_later *later;
	int result; /* of the handler */
	int taken_again;
};

static int leave(weir_request *request, weir_response *response, weir_token *token)
{
	struct box *box = weir_request_context(request);
	weir_later *other;
	int error = weir_response_later(response, &box->later);

	(void)token;
	if (error)
		return error;
	box->taken_again = weir_response_later(response, &other);
	gate_announce(&box->gate);
	return box->result;
}

static void serve(struct fixture *fixture, struct box *box, weir_time deadline)
{
	const struct weir_route_options options = {.run = WEIR_RUN_INLINE, .deadline = deadline};

	gate_init(&box->gate);
	fixture_create(fixture, NULL);
	fixture_route_with(fixture, "GET /later", leave, box, &options);
	fixture_route(fixture, "GET /hello", handle_hello, NULL);
	fixture_start(fixture);
}

static void ask(struct fixture *fixture, struct box *box, struct client *client)
{
	client_open(client, fixture->url);
	client_send_text(client, "GET /later HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&box->gate, 1);
}

static void receive(struct client *client, int status, const char *body)
{
	struct reply reply;

	client_receive(client, &reply);
	cr_assert_eq(reply.status, status, "%d: %s", reply.status, reply.body);
	if (body)
		cr_assert_str_eq(reply.body, body);
	reply_free(&reply);
}

Test(later_answers, come_from_another_thread)
{
	struct fixture fixture;
	struct box box = {0};
	struct client client;

	serve(&fixture, &box, 0);
	ask(&fixture, &box, &client);
	cr_assert_eq(box.taken_again, -EALREADY);
	cr_assert(client_is_quiet(&client));
	cr_assert_eq(weir_later_answer(box.later, 201, "text/plain", "made\n", 5), 0);
	receive(&client, 201, "made\n");
	/* The connection goes on. */
	client_send_text(&client, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	receive(&client, 200, "hello\n");
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&box.gate);
}

static int at_once(weir_request *request, weir_response *response, weir_token *token)
{
	weir_later *later;
	int error = weir_response_later(response, &later);

	(void)request;
	(void)token;
	return error ? error : weir_later_answer(later, 200, NULL, "at once\n", 8);
}

Test(later_answers, may_be_there_before_the_handler_has_returned)
{
	const struct weir_route_options options = {.run = WEIR_RUN_INLINE};
	struct fixture fixture;
	struct client client;

	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "GET /", at_once, NULL, &options);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	receive(&client, 200, "at once\n");
	client_close(&client);
	fixture_finish(&fixture);
}

Test(later_answers, are_not_for_queued_routes)
{
	struct fixture fixture;
	struct box box = {0};
	struct client client;

	fixture_serve(&fixture, NULL, "GET /", leave, &box);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	receive(&client, 500, NULL);
	client_close(&client);
	cr_assert_null(box.later);
	fixture_finish(&fixture);
}

Test(later_answers, are_dropped_when_the_handler_fails)
{
	struct fixture fixture;
	struct box box = {.result = -EIO};
	struct client client;

	serve(&fixture, &box, 0);
	ask(&fixture, &box, &client);
	receive(&client, 500, NULL);
	cr_assert_eq(weir_later_answer(box.later, 200, NULL, "late", 4), -ECANCELED);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&box.gate);
}

Test(later_answers, come_too_late_for_a_client_that_has_gone)
{
	struct fixture fixture;
	struct box box = {0};
	struct client client;

	serve(&fixture, &box, 0);
	ask(&fixture, &box, &client);
	client_reset(&client);
	cr_assert_eq(weir_token_wait(weir_later_token(box.later), weir_after(MUST_PATIENCE)),
		     -ECANCELED);
	cr_assert_eq(weir_token_reason(weir_later_token(box.later)), WEIR_REASON_CLIENT_GONE);
	metrics_await(fixture.server, "weir_requests_cancelled_total{reason=\"client_gone\"}", 1);
	cr_assert_eq(weir_later_answer(box.later, 200, NULL, "late", 4), -ECANCELED);
	fixture_finish(&fixture);
	gate_destroy(&box.gate);
}

Test(later_answers, have_the_deadline_of_their_route)
{
	struct fixture fixture;
	struct box box = {0};
	struct client client;

	serve(&fixture, &box, 50 * WEIR_MILLISECOND);
	ask(&fixture, &box, &client);
	receive(&client, 504, NULL);
	cr_assert_eq(weir_later_answer(box.later, 200, NULL, "late", 4), -ECANCELED);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&box.gate);
}

Test(later_answers, are_waited_for_by_a_stop_and_then_cancelled)
{
	struct fixture fixture;
	struct box box = {0};
	struct client first, second;
	weir_later *later;

	serve(&fixture, &box, 0);
	ask(&fixture, &box, &first);
	later = box.later;
	ask(&fixture, &box, &second);
	fixture_begin_stop(&fixture);
	cr_assert_eq(weir_later_answer(later, 200, NULL, "in time\n", 8), 0);
	receive(&first, 200, "in time\n");
	client_close(&first);
	weir_server_cancel(fixture.server, "test");
	receive(&second, 503, NULL);
	client_close(&second);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.answered, 1);
	cr_assert_eq(fixture.report->counts.cancelled, 1);
	fixture_destroy(&fixture);
	/* Whoever has it may outlive the server. */
	cr_assert_eq(weir_later_answer(box.later, 200, NULL, "late", 4), -ECANCELED);
	gate_destroy(&box.gate);
}

Test(later_answers, that_are_none_become_500)
{
	struct fixture fixture;
	struct box box = {0};
	struct client client;

	serve(&fixture, &box, 0);
	ask(&fixture, &box, &client);
	cr_assert_eq(weir_later_answer(box.later, 99, NULL, NULL, 0), -EINVAL);
	receive(&client, 500, NULL);
	client_send_text(&client, "GET /later HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&box.gate, 1);
	cr_assert_eq(weir_later_answer(box.later, 200, "text/plain\r\nX: y", "a", 1), -EINVAL);
	receive(&client, 500, NULL);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&box.gate);
}
