/* server/start.c, stop.c, task.c: a server with tasks and stages begins and ends as a whole: a
 * start that fails half-way has run none of them, and a stop leaves no thread. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

#include <weir/task.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "unit/faults.h"
#include "unit/threads.h"

#define WORKERS 2

static int wait_for_the_end(void *arg, weir_token *token)
{
	gate_announce(arg);
	return weir_token_wait(token, weir_after(MUST_PATIENCE));
}

static int stage(void *arg, weir_token *token)
{
	gate_announce(arg);
	return weir_token_check(token);
}

/* The timer's thread stays for as long as the process: it must not be taken for one left over. */
static void start_timer(void)
{
	weir_token *token;

	cr_assert_eq(weir_token_create(NULL, weir_after(3600 * WEIR_SECOND), &token), 0);
	weir_token_unref(token);
}

static void add_all(struct fixture *fixture, struct gate *tasks, struct gate *stages)
{
	weir_server *server = fixture->server;

	cr_assert_eq(weir_task_start(server, "one", wait_for_the_end, tasks), 0);
	cr_assert_eq(weir_task_start(server, "two", wait_for_the_end, tasks), 0);
	cr_assert_eq(weir_task_every(server, "ticker", WEIR_MILLISECOND, wait_for_the_end, tasks),
		     0);
	cr_assert_eq(weir_server_on_teardown(server, "first", stage, stages, 0), 0);
	cr_assert_eq(weir_server_on_teardown(server, "second", stage, stages, 0), 0);
}

/* Workers, tasks, teardown, coordinator, acceptor: any of their threads may be one too many. */
Test(background, has_run_nothing_when_the_start_fails)
{
	const struct weir_server_options options = {.workers = WORKERS};
	struct gate tasks, stages;
	struct fixture fixture;
	unsigned threads;

	gate_init(&tasks);
	gate_init(&stages);
	start_timer();
	threads = thread_count();
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /", handle_hello, NULL);
	add_all(&fixture, &tasks, &stages);
	for (unsigned skip = 0; skip < WORKERS + 3 + 3; skip++) {
		fault_set(FAULT_THREAD, skip);
		cr_assert_eq(weir_server_start(fixture.server), -EAGAIN, "at %u", skip);
		cr_assert(fault_struck(FAULT_THREAD));
		thread_await_count(threads);
	}
	cr_assert_eq(gate_arrivals(&tasks), 0);
	/* and what was registered after a failure takes its place in the order */
	cr_assert_eq(weir_server_on_teardown(fixture.server, "third", stage, &stages, 0), 0);
	fixture_start(&fixture);
	gate_await(&tasks, 3);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(gate_arrivals(&stages), 3);
	cr_assert_eq(fixture.report->stage_count, 3);
	cr_assert_str_eq(fixture.report->stages[0].name, "third");
	cr_assert_str_eq(fixture.report->stages[2].name, "first");
	thread_await_count(threads); /* before destroy: the stop has joined them all */
	fixture_destroy(&fixture);
	gate_destroy(&tasks);
	gate_destroy(&stages);
}

Test(background, is_given_up_with_a_start_that_failed)
{
	struct gate tasks, stages;
	struct fixture fixture;

	gate_init(&tasks);
	gate_init(&stages);
	fixture_create(&fixture, NULL);
	add_all(&fixture, &tasks, &stages);
	fault_set(FAULT_THREAD, 65); /* a task's */
	cr_assert_eq(weir_server_start(fixture.server), -EAGAIN);
	fixture_destroy(&fixture);
	cr_assert_eq(gate_arrivals(&tasks), 0);
	cr_assert_eq(gate_arrivals(&stages), 0);
	gate_destroy(&tasks);
	gate_destroy(&stages);
}

static int come_and_go(void *arg, weir_token *token)
{
	gate_announce(arg);
	return weir_token_check(token);
}

/* A thread that was not joined keeps its stack: two lines here. */
static unsigned mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned lines = 0;
	int c;

	cr_assert_not_null(maps);
	while ((c = getc(maps)) != EOF)
		lines += c == '\n';
	(void)fclose(maps);
	return lines;
}

/* Tasks that have ended do not pile up while the server runs. */
Test(background, keeps_nothing_of_tasks_that_have_ended)
{
	struct fixture fixture;
	struct gate gate;
	unsigned threads, before;

	gate_init(&gate);
	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /", handle_hello, NULL);
	fixture_start(&fixture);
	threads = thread_count();
	before = mappings();
	for (int i = 0; i < 300; i++) {
		cr_assert_eq(weir_task_start(fixture.server, "brief", come_and_go, &gate), 0);
		gate_await(&gate, 1);
		thread_await_count(threads);
	}
	cr_assert_lt(mappings(), before + 100);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}

static int obey(void *arg, weir_token *token)
{
	(void)arg;
	return weir_token_wait(token, weir_after(MUST_PATIENCE));
}

static void no_timer(void *arg)
{
	(void)arg;
	fault_set(FAULT_THREAD, 0); /* the next one would be the timer's: no deadline before */
}

/* A stage is cancelled in time even if there is no timer to be had. */
Test(background, needs_no_timer_for_a_stage)
{
	const struct weir_server_options options = {.on_stop = no_timer};
	struct fixture fixture;

	fixture_create(&fixture, &options);
	cr_assert_eq(weir_server_on_teardown(fixture.server, "obedient", obey, NULL,
					     500 * WEIR_MILLISECOND),
		     0);
	fixture_start(&fixture);
	weir_server_stop(fixture.server, "test");
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert(fault_struck(FAULT_THREAD));
	cr_assert_eq(fixture.report->stages[0].result, WEIR_STAGE_OVERRUN);
	fixture_destroy(&fixture);
}
