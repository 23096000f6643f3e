/* Listeners are opened and closed while the server runs, the same address or another, and nobody
 * who had come in by one loses a request when it goes. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"
#include "support/scratch.h"

static void get(struct client *client, bool says_close)
{
	struct reply reply;

	client_get(client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_eq(reply_says_close(&reply), says_close);
	reply_free(&reply);
}

static void get_at(const char *url)
{
	struct client client;

	client_open(&client, url);
	get(&client, false);
	client_close(&client);
}

static void serve(struct fixture *fixture, struct gate *gate)
{
	gate_init(gate);
	fixture_create(fixture, NULL);
	fixture_route(fixture, "GET /gated", handle_gated, gate);
	fixture_route(fixture, "GET /hello", handle_hello, NULL);
	fixture_start(fixture);
}

/* The URL of a new listener; a copy. */
static void open_another(struct fixture *fixture, const char *address, char *url, size_t size)
{
	cr_assert_eq(weir_server_listen(fixture->server, address, WEIR_SCOPE_PUBLIC), 0);
	cr_assert_not_null(weir_server_url(fixture->server, 1));
	(void)snprintf(url, size, "%s", weir_server_url(fixture->server, 1));
}

static void closing(const char *address)
{
	struct fixture fixture;
	struct client busy, idle, late;
	struct reply reply;
	struct gate gate;
	char url[256];

	serve(&fixture, &gate);
	open_another(&fixture, address, url, sizeof(url));
	get_at(url);
	client_open(&idle, url);
	get(&idle, false);
	client_open(&busy, url);
	client_send_text(&busy, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);

	cr_assert_eq(weir_server_unlisten(fixture.server, url), 0);
	cr_assert_null(weir_server_url(fixture.server, 1));
	cr_assert_neq(client_try_open(&late, url), 0);
	cr_assert_eq(weir_server_unlisten(fixture.server, url), -ENOENT);
	get_at(fixture.url);
	cr_assert(client_is_quiet(&idle));
	get(&idle, true);
	cr_assert_eq(client_await_end(&idle), CLIENT_CLOSED);
	client_close(&idle);
	gate_open(&gate, 1);
	client_receive(&busy, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply_says_close(&reply));
	reply_free(&reply);
	client_close(&busy);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(come_and_go, a_listener_that_closes_keeps_its_clients)
{
	closing("127.0.0.1:0");
}

Test(come_and_go, one_at_a_socket_file_too)
{
	struct scratch scratch;
	char address[256];

	scratch_make(&scratch);
	(void)snprintf(address, sizeof(address), "unix:%.200s/socket", scratch.path);
	closing(address);
	scratch_remove(&scratch);
}

Test(come_and_go, the_same_address_again_and_again)
{
	struct fixture fixture;
	struct gate gate;
	char url[256];

	serve(&fixture, &gate);
	open_another(&fixture, "127.0.0.1:0", url, sizeof(url));
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(weir_server_unlisten(fixture.server, url), 0);
		cr_assert_eq(weir_server_listen(fixture.server, url + strlen("http://"),
						WEIR_SCOPE_PUBLIC),
			     0);
		cr_assert_str_eq(weir_server_url(fixture.server, 1), url);
		get_at(url);
	}
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

Test(come_and_go, before_the_start)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	cr_assert_eq(weir_server_listen(fixture.server, "127.0.0.1:0", WEIR_SCOPE_PUBLIC), 0);
	cr_assert_eq(weir_server_unlisten(fixture.server, weir_server_url(fixture.server, 0)), 0);
	cr_assert_null(weir_server_url(fixture.server, 1));
	cr_assert_eq(weir_server_unlisten(fixture.server, "http://127.0.0.1:1"), -ENOENT);
	cr_assert_eq(weir_server_unlisten(fixture.server, NULL), -EINVAL);
	fixture_start(&fixture);
	get_at(fixture.url);
	fixture_finish(&fixture);
}

Test(come_and_go, not_once_a_stop_was_asked_for)
{
	const struct weir_server_options options = {.lame_duck = 3600 * WEIR_SECOND};
	struct fixture fixture;

	fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
	weir_server_stop(fixture.server, "test");
	metrics_await(fixture.server, "weir_drain_phase", WEIR_PHASE_LAME_DUCK);
	cr_assert_eq(weir_server_listen(fixture.server, "127.0.0.1:0", WEIR_SCOPE_PUBLIC),
		     -ECANCELED);
	cr_assert_eq(weir_server_unlisten(fixture.server, fixture.url), -ECANCELED);
	weir_server_cancel(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(weir_server_listen(fixture.server, "127.0.0.1:0", WEIR_SCOPE_PUBLIC),
		     -ECANCELED);
	fixture_destroy(&fixture);
}

/* Opens a listener, and closes the one by which it was asked to. */
static int move(weir_request *request, weir_response *response, weir_token *token)
{
	weir_server *server = weir_request_server(request);
	int error = weir_server_listen(server, "127.0.0.1:0", WEIR_SCOPE_PUBLIC);

	(void)token;
	if (error)
		return error;
	error = weir_server_unlisten(server, weir_server_url(server, 0));
	return error ? error : weir_response_printf(response, "%s", weir_server_url(server, 0));
}

static void moves(enum weir_run run)
{
	const struct weir_route_options options = {.run = run};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_create(&fixture, NULL);
	fixture_route_with(&fixture, "POST /move", move, NULL, &options);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client, "POST /move HTTP/1.1\r\nHost: test\r\n\r\n");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply_says_close(&reply));
	get_at(reply.body);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(come_and_go, by_a_handler)
{
	moves(WEIR_RUN_QUEUED);
	moves(WEIR_RUN_INLINE);
}

/* More clients than the server may have: those in the backlog are served all the same, because
 * closing it would reset them. */
Test(come_and_go, closing_takes_the_whole_backlog)
{
	enum { most = 4, extra = 20 };
	const struct weir_server_options options = {.max_connections = most};
	struct client clients[most + extra];
	struct fixture fixture;
	struct gate gate;
	char url[256];

	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_start(&fixture);
	open_another(&fixture, "127.0.0.1:0", url, sizeof(url));
	for (int i = 0; i < most + extra; i++) {
		client_open(&clients[i], url);
		client_send_text(&clients[i], "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	}
	cr_assert_eq(weir_server_unlisten(fixture.server, url), 0);
	for (int i = 0; i < most + extra; i++) {
		struct reply reply;

		client_receive(&clients[i], &reply);
		cr_assert_eq(reply.status, 200, "client %d: %d", i, reply.status);
		reply_free(&reply);
		client_close(&clients[i]);
	}
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
