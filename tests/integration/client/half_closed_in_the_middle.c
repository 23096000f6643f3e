/* A client that ends in the middle of a header or of a body says nothing more: its connection
 * ends at once, and not when the time for the rest is over. Its last bytes and its end may come
 * together, of which libmicrohttpd sees the bytes alone; so each is tried often. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

/* Longer than any test waits. */
static const struct weir_server_options patient = {.header_timeout = 3600 * WEIR_SECOND,
						   .body_timeout = 3600 * WEIR_SECOND,
						   .keepalive_timeout = 3600 * WEIR_SECOND};

static void ends_at_once(const char *url, const char *text)
{
	struct fixture fixture;
	struct client client;

	fixture_create(&fixture, &patient);
	fixture_route(&fixture, "POST /echo", handle_echo, NULL);
	fixture_route_with(&fixture, "POST /count", handle_count_body, NULL,
			   &(struct weir_route_options){.body = WEIR_BODY_STREAMED});
	if (url)
		cr_assert_eq(weir_server_listen(fixture.server, url, WEIR_SCOPE_PUBLIC), 0);
	fixture_start(&fixture);
	for (int i = 0; i < 50; i++) {
		client_open(&client, weir_server_url(fixture.server, url ? 1 : 0));
		client_send_text(&client, text);
		client_half_close(&client);
		cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
		client_close(&client);
	}
	metrics_await(fixture.server, "weir_connections_open", 0);
	fixture_finish(&fixture);
}

static void over_both(const char *text)
{
	char url[64];

	(void)snprintf(url, sizeof(url), "unix:/tmp/weir-half.%ld", (long)getpid());
	ends_at_once(NULL, text);
	ends_at_once(url, text);
}

Test(half_closed_in_the_middle, of_nothing)
{
	over_both("");
}

Test(half_closed_in_the_middle, of_the_first_line)
{
	over_both("POST /ec");
}

Test(half_closed_in_the_middle, of_the_header)
{
	over_both("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Le");
}

Test(half_closed_in_the_middle, of_the_second_header)
{
	over_both("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhiPOST /");
}

Test(half_closed_in_the_middle, of_a_body)
{
	over_both("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhalf");
}

Test(half_closed_in_the_middle, of_a_body_that_a_handler_reads)
{
	over_both("POST /count HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhalf");
}

Test(half_closed_in_the_middle, of_a_chunk)
{
	over_both(
		"POST /count HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nha");
}

Test(half_closed_in_the_middle, of_a_body_that_nobody_wants)
{
	over_both("POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhalf");
}
