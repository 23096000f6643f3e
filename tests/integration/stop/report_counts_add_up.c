/* A stop in the middle of load: whatever the moment finds in flight, the counts of the
 * report and of the metrics add up, and no client is told anything but an answer or an
 * end. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

struct user {
	pthread_t thread;
	const char *url;
	struct gate *gate; /**< announced after the first answer */
	const char *request;
	unsigned answers, unavailable, other;
};

/* Keeps asking until it is not let in any more. */
static void *use(void *arg)
{
	struct user *user = arg;
	struct client client;
	struct reply reply;

	while (client_try_open(&client, user->url) == 0) {
		bool open = true;

		while (open) {
			size_t size = strlen(user->request);

			open = client_send_up_to(&client, user->request, size) == size;
			client_receive(&client, &reply);
			open = open && reply.complete && !reply_says_close(&reply);
			user->answers += reply.status == 200;
			user->unavailable += reply.status == 503;
			user->other +=
				reply.status != 200 && reply.status != 503 && reply.status != 0;
			if (user->answers + user->unavailable == 1)
				gate_announce(user->gate);
			reply_free(&reply);
		}
		client_close(&client);
	}
	return NULL;
}

static int handle_nap(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_sleep(token, weir_after(WEIR_MILLISECOND));

	(void)request;
	return rc != 0 ? rc : weir_response_printf(response, "slept\n");
}

static void under_load(const struct weir_server_options *options)
{
	static const char *const requests[] = {
		"GET /hello HTTP/1.1\r\nHost: test\r\n\r\n",
		"GET /nap HTTP/1.1\r\nHost: test\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello",
		"GET /inline HTTP/1.1\r\nHost: test\r\n\r\n",
	};
	enum { users = 12 };
	const struct weir_route_options inlined = {.run = WEIR_RUN_INLINE};
	struct user user[users];
	struct fixture fixture;
	struct gate gate;
	struct metrics_account account;
	uint64_t answers = 0;

	gate_init(&gate);
	fixture_create(&fixture, options);
	fixture_route(&fixture, "GET /hello", handle_hello, NULL);
	fixture_route(&fixture, "GET /nap", handle_nap, NULL);
	fixture_route(&fixture, "POST /echo", handle_echo, NULL);
	fixture_route_with(&fixture, "GET /inline", handle_hello, NULL, &inlined);
	fixture_start(&fixture);
	for (int i = 0; i < users; i++) {
		user[i] = (struct user){
			.url = fixture.url, .gate = &gate, .request = requests[i % 4]};
		cr_assert_eq(pthread_create(&user[i].thread, NULL, use, &user[i]), 0);
	}
	gate_await(&gate, users);
	for (int i = 0; i < 20; i++) {
		metrics_account_read(fixture.server, &account);
		metrics_account_check(&account);
	}
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	metrics_account_read(fixture.server, &account);
	for (int i = 0; i < users; i++) {
		cr_assert_eq(pthread_join(user[i].thread, NULL), 0);
		cr_assert_eq(user[i].other, 0);
		answers += user[i].answers + user[i].unavailable;
	}
	cr_assert_leq(answers, account.accepted);
	cr_assert_eq(account.cut, 0);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

Test(report_counts_add_up, with_a_grace)
{
	under_load(NULL);
}

Test(report_counts_add_up, without_one)
{
	const struct weir_server_options options = {.grace = WEIR_NONE, .workers = 2, .queue = 2};

	under_load(&options);
}

Test(report_counts_add_up, when_nothing_happens)
{
	struct fixture fixture;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.in_flight, 0);
	cr_assert_eq(fixture.report->counts.arrived, 0);
	cr_assert_eq(fixture.report->straggler_total, 0);
	fixture_destroy(&fixture);
}
