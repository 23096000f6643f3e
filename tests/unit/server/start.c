/* server/start.c: a start that fails half-way is undone, and can be tried again. */
#include <criterion/criterion.h>

#include <errno.h>

#include "support/client.h"
#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"
#include "unit/faults.h"
#include "unit/threads.h"

#define WORKERS 3

static void get_hello(const char *url)
{
	struct client client;
	struct reply reply;

	client_open(&client, url);
	client_get(&client, "/", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
}

/* Workers, coordinator, acceptor: any of these threads may be the one too many. */
Test(start, is_undone_when_a_thread_cannot_be_started)
{
	const struct weir_server_options options = {.workers = WORKERS};
	unsigned threads = thread_count();
	struct fixture fixture;

	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /", handle_hello, NULL);
	cr_assert_eq(weir_server_listen(fixture.server, "127.0.0.1:0", WEIR_SCOPE_ADMIN), 0);
	for (unsigned skip = 0; skip < WORKERS + 2; skip++) {
		char *text;

		fault_set(FAULT_THREAD, skip);
		cr_assert_eq(weir_server_start(fixture.server), -EAGAIN, "at %u", skip);
		cr_assert(fault_struck(FAULT_THREAD));
		thread_await_count(threads);
		cr_assert_eq(weir_server_metrics(fixture.server, &text, NULL), -EINVAL);
		cr_assert_eq(weir_server_wait(fixture.server, NULL), -EINVAL);
	}
	fixture_start(&fixture);
	get_hello(weir_server_url(fixture.server, 0));
	fixture_finish(&fixture);
}

Test(start, that_failed_can_be_given_up)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	fault_set(FAULT_THREAD, 1);
	cr_assert_eq(weir_server_start(fixture.server), -EAGAIN);
	fixture_destroy(&fixture);
}

Test(start, is_undone_when_memory_is_short)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /", handle_hello, NULL);
	fault_set(FAULT_ALIGNED_ALLOC, 0);
	cr_assert_eq(weir_server_start(fixture.server), -ENOMEM);
	cr_assert(fault_struck(FAULT_ALIGNED_ALLOC));
	fixture_start(&fixture);
	get_hello(fixture.url);
	fixture_finish(&fixture);
}

/* A stop may be asked for while the start is under way. */
static void stop_it(void *server)
{
	weir_server_stop(server, "meanwhile");
}

Test(start, and_a_stop_at_the_same_time)
{
	for (int i = 0; i < 50; i++) {
		struct fixture fixture;
		struct thread thread;
		int error;

		fixture_create(&fixture, NULL);
		fixture_route(&fixture, "GET /", handle_hello, NULL);
		thread_start(&thread, stop_it, fixture.server);
		error = weir_server_start(fixture.server);
		thread_join(&thread);
		cr_assert(error == 0 || error == -ECANCELED, "%d", error);
		if (error == 0)
			(void)fixture_await(&fixture, WEIR_CLEAN);
		fixture_destroy(&fixture);
	}
}
