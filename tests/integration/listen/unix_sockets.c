/* A server on a unix socket serves and stops like one on TCP; its socket file is replaced
 * when it is left over, and gone when the server is. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"
#include "support/scratch.h"

static struct scratch scratch;
static char address[PATH_MAX + 16];

static void make_scratch(void)
{
	scratch_make(&scratch);
	snprintf(address, sizeof(address), "unix:%s/socket", scratch.path);
}

static void remove_scratch(void)
{
	scratch_remove(&scratch);
}

TestSuite(unix_sockets, .init = make_scratch, .fini = remove_scratch);

static int tell_client(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return weir_response_printf(response, "%s", weir_request_client(request));
}

Test(unix_sockets, serve)
{
	const struct weir_server_options options = {.listen = address};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, &options, "GET /client", tell_client, NULL);
	cr_assert_str_eq(fixture.url, address);
	cr_assert(scratch_has(&scratch, "socket"));
	client_open(&client, fixture.url);
	for (int i = 0; i < 3; i++) {
		client_get(&client, "/client", &reply);
		cr_assert_eq(reply.status, 200);
		cr_assert_str_eq(reply.body, "unix");
		reply_free(&reply);
	}
	client_close(&client);
	fixture_finish(&fixture);
	cr_assert_not(scratch_has(&scratch, "socket"));
}

Test(unix_sockets, stop_in_good_order)
{
	const struct weir_server_options options = {.listen = address};
	struct fixture fixture;
	struct gate gate;
	struct client busy, idle, late;
	struct reply reply;

	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /gated", handle_gated, &gate);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_start(&fixture);
	client_open(&idle, fixture.url);
	client_get(&idle, "/hello", &reply);
	reply_free(&reply);
	client_open(&busy, fixture.url);
	client_send_text(&busy, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	gate_await(&gate, 1);
	fixture_begin_stop(&fixture);
	cr_assert_eq(client_await_end(&idle), CLIENT_CLOSED);
	cr_assert_neq(client_try_open(&late, fixture.url), 0);
	gate_open(&gate, 1);
	client_receive(&busy, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply_says_close(&reply));
	cr_assert_eq(client_await_end(&busy), CLIENT_CLOSED);
	reply_free(&reply);
	client_close(&busy);
	client_close(&idle);
	fixture_await(&fixture, WEIR_CLEAN);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

Test(unix_sockets, half_closed_clients_get_their_answer)
{
	const struct weir_server_options options = {.listen = address};
	struct fixture fixture;
	struct gate gate;
	struct client client;
	struct reply reply;

	gate_init(&gate);
	fixture_serve(&fixture, &options, "GET /gated", handle_gated, &gate);
	client_open(&client, fixture.url);
	client_send_text(&client, "GET /gated HTTP/1.1\r\nHost: test\r\n\r\n");
	client_half_close(&client);
	gate_await(&gate, 1);
	gate_open(&gate, 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply.complete);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

/* A socket file that nobody listens on, as a crash leaves it behind. */
static void leave_a_socket(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *path = address + strlen("unix:");

	must(fd >= 0 && strlen(path) < sizeof(un.sun_path), "socket: errno %d", errno);
	memcpy(un.sun_path, path, strlen(path) + 1);
	must(bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0, "bind: errno %d", errno);
	close(fd);
}

Test(unix_sockets, replace_what_was_left_over)
{
	const struct weir_server_options options = {.listen = address};
	struct fixture fixture;
	struct client client;
	struct reply reply;

	leave_a_socket();
	fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(unix_sockets, leave_alone_what_is_in_use)
{
	const struct weir_server_options options = {.listen = address};
	struct fixture fixture;
	struct client client;
	struct reply reply;
	weir_server *second;

	fixture_serve(&fixture, &options, "GET /hello", handle_hello, NULL);
	cr_assert_eq(weir_server_create(&options, &second), -EADDRINUSE);
	client_open(&client, fixture.url);
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(unix_sockets, leave_alone_what_is_not_a_socket)
{
	const struct weir_server_options options = {.listen = address};
	weir_server *server;
	char *content;
	size_t size;

	scratch_write(&scratch, "socket", "precious", 8);
	cr_assert_eq(weir_server_create(&options, &server), -EEXIST);
	content = scratch_read(&scratch, "socket", &size);
	cr_assert_not_null(content);
	cr_assert_str_eq(content, "precious");
	free(content);
}
