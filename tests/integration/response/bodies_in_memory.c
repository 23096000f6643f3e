/* Answers from memory: copied, static, taken, printed, or none at all. What is taken is
 * released once, whatever becomes of the answer. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/must.h"
#include "support/reply.h"

static char constant[200000];
static struct gate released;

static void release(void *data)
{
	free(data);
	gate_announce(&released);
}

static char *made(size_t size)
{
	char *data = malloc(size);

	must(data != NULL, "no memory");
	memset(data, 't', size);
	return data;
}

static int copied(weir_request *request, weir_response *response, weir_token *token)
{
	char text[] = "copied";
	int rc = weir_response_body(response, text, strlen(text));

	(void)request;
	(void)token;
	memset(text, 'x', sizeof(text) - 1);
	return rc;
}

static int fixed(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_body_static(response, constant, sizeof(constant));
}

static int taken(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_body_take(response, made(100000), 100000, release);
}

static int taken_then_replaced(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_body_take(response, made(10), 10, release);

	(void)request;
	(void)token;
	return rc != 0 ? rc : weir_response_body(response, "other", 5);
}

static int taken_then_failed(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_body_take(response, made(10), 10, release);

	(void)request;
	(void)token;
	return rc != 0 ? rc : -EIO;
}

static int printed(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_printf(response, "%s %d%%", "printed", 100);
}

static int printed_with_type(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_header(response, "content-type", "text/html");

	(void)request;
	(void)token;
	return rc != 0 ? rc : weir_response_printf(response, "<p>printed");
}

static int nothing(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)response;
	(void)token;
	return 0;
}

static int no_content(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_status(response, 204);
}

static void set_up(struct fixture *fixture)
{
	memset(constant, 'c', sizeof(constant));
	gate_init(&released);
	fixture_create(fixture, NULL);
	fixture_route(fixture, "GET /copied", copied, NULL);
	fixture_route(fixture, "GET /fixed", fixed, NULL);
	fixture_route(fixture, "GET /taken", taken, NULL);
	fixture_route(fixture, "GET /replaced", taken_then_replaced, NULL);
	fixture_route(fixture, "GET /failed", taken_then_failed, NULL);
	fixture_route(fixture, "GET /printed", printed, NULL);
	fixture_route(fixture, "GET /typed", printed_with_type, NULL);
	fixture_route(fixture, "GET /nothing", nothing, NULL);
	fixture_route(fixture, "GET /no-content", no_content, NULL);
	fixture_start(fixture);
}

static void expect_text(struct client *client, const char *target, const char *body,
			const char *type)
{
	struct reply reply;

	client_get(client, target, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply.complete);
	cr_assert_str_eq(reply.body, body);
	cr_assert_not_null(reply_header(&reply, "Date"));
	if (type != NULL)
		cr_assert_str_eq(reply_header(&reply, "Content-Type"), type);
	reply_free(&reply);
}

Test(bodies_in_memory, arrive_as_they_were_given)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	set_up(&fixture);
	client_open(&client, fixture.url);
	expect_text(&client, "/copied", "copied", NULL);
	expect_text(&client, "/printed", "printed 100%", "text/plain; charset=utf-8");
	expect_text(&client, "/typed", "<p>printed", "text/html");
	expect_text(&client, "/nothing", "", NULL);
	client_get(&client, "/fixed", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_eq(reply.body_size, sizeof(constant));
	cr_assert_eq(memcmp(reply.body, constant, sizeof(constant)), 0);
	reply_free(&reply);
	client_get(&client, "/no-content", &reply);
	cr_assert_eq(reply.status, 204);
	cr_assert_null(reply_header(&reply, "Transfer-Encoding"));
	reply_free(&reply);
	expect_text(&client, "/copied", "copied", NULL);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(bodies_in_memory, are_released_once)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	set_up(&fixture);
	client_open(&client, fixture.url);
	client_get(&client, "/taken", &reply);
	cr_assert_eq(reply.body_size, 100000);
	cr_assert_eq(reply.body[99999], 't');
	reply_free(&reply);
	gate_await(&released, 1);
	client_get(&client, "/replaced", &reply);
	cr_assert_str_eq(reply.body, "other");
	reply_free(&reply);
	gate_await(&released, 1);
	client_get(&client, "/failed", &reply);
	cr_assert_eq(reply.status, 500);
	reply_free(&reply);
	gate_await(&released, 1);
	client_send_text(&client, "HEAD /taken HTTP/1.1\r\nHost: test\r\n\r\n");
	client_receive_head(&client, &reply);
	cr_assert_str_eq(reply_header(&reply, "Content-Length"), "100000");
	reply_free(&reply);
	gate_await(&released, 1);
	client_close(&client);
	fixture_finish(&fixture);
	cr_assert_eq(gate_arrivals(&released), 4);
}

/* The client leaves with the answer half sent, or before it is there at all. */
static struct gate entered;

static int taken_large(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = gate_pass(&entered);

	(void)request;
	(void)token;
	if (rc != 0)
		return rc;
	return weir_response_body_take(response, made(32 << 20), 32 << 20, release);
}

Test(bodies_in_memory, are_released_when_the_client_has_gone)
{
	struct fixture fixture;
	struct client client;

	gate_init(&released);
	gate_init(&entered);
	fixture_serve(&fixture, NULL, "GET /large", taken_large, NULL);
	client_open_narrow(&client, fixture.url);
	client_send_text(&client, "GET /large HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_open(&entered, 1);
	client_await_text(&client, "HTTP/1.1 200");
	client_reset(&client);
	gate_await(&released, 1);

	client_open(&client, fixture.url);
	client_send_text(&client, "GET /large HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&entered, 2);
	client_reset(&client);
	gate_open(&entered, 1);
	gate_await(&released, 1);
	fixture_finish(&fixture);
	cr_assert_eq(gate_arrivals(&released), 2);
}
