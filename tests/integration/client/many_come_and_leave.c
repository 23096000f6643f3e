/* Thousands of connections that come and leave in every manner leave nothing behind: no
 * descriptor, no request, no connection, and an account that adds up. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include "support/descriptors.h"
#include "support/fixture.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

/* A handshake costs a busy machine more than all the rest. */
enum { plain_total = 10000, tls_total = 2000, wave = 250 };

static const char request[] = "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";

enum { ways = 8 };

/* What the i-th client says before it leaves. */
static void say(struct client *client, int i)
{
	switch (i % ways) {
	case 0: /* nothing */
		break;
	case 1:
		client_send(client, request, 10);
		break;
	case 2:
		client_send_text(client, "POST /echo HTTP/1.1\r\nHost: test\r\n"
					 "Content-Length: 10\r\n\r\nhalf");
		break;
	case 3:
		client_send_text(client, "no HTTP at all\r\n\r\n");
		break;
	default:
		client_send_text(client, request);
	}
}

/* Its ways to leave: with and without its answer, in order and by reset. */
static void leave(struct client *client, int i)
{
	struct reply reply;

	if (i % ways >= 6) {
		client_receive(client, &reply);
		cr_assert_eq(reply.status, 200);
		reply_free(&reply);
	}
	if (i % 2 == 0)
		client_close(client);
	else
		client_reset(client);
}

Test(many_come_and_leave, and_nothing_stays)
{
	static struct client client[wave];
	struct fixture fixture;
	struct metrics_account account;
	struct rlimit limit;
	size_t before;
	int at_once = wave, total;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < 3 * wave)
		at_once = (int)limit.rlim_cur / 3;
	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_route(&fixture, "POST /echo", handle_echo, NULL);
	fixture_start(&fixture);
	total = strncmp(fixture.url, "https:", 6) == 0 ? tls_total : plain_total;
	client_open(&client[0], fixture.url);
	leave(&client[0], 0);
	metrics_await(fixture.server, "weir_connections_accepted_total", 1);
	metrics_await(fixture.server, "weir_connections_open", 0);
	before = descriptors_count();

	for (int done = 0; done < total; done += at_once) {
		for (int i = 0; i < at_once; i++) {
			client_open(&client[i], fixture.url);
			say(&client[i], i);
		}
		for (int i = 0; i < at_once; i++)
			leave(&client[i], i);
		metrics_account_read(fixture.server, &account);
		metrics_account_check(&account);
	}
	metrics_await(fixture.server, "weir_connections_accepted_total",
		      1 + (uint64_t)((total + at_once - 1) / at_once * at_once));
	metrics_await(fixture.server, "weir_connections_open", 0);
	metrics_await_sum(fixture.server, "weir_requests_in_flight", 0);
	cr_assert_eq(descriptors_count(), before);
	fixture_finish(&fixture);
}
