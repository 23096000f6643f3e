/* work/task.c: a crew of tasks without a server. */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "support/gate.h"
#include "support/must.h"
#include "unit/faults.h"
#include "unit/threads.h"
#include "work/task.h"

TestSuite(task, .timeout = 60);

static const struct weir__logger silent;

static int wait_for_the_end(void *arg, weir_token *token)
{
	gate_announce(arg);
	return weir_token_wait(token, weir_after(MUST_PATIENCE));
}

static int pass(void *arg, weir_token *token)
{
	(void)token;
	return gate_pass(arg);
}

static int add(struct weir__tasks *tasks, const char *name, int (*fn)(void *arg, weir_token *token),
	       struct gate *gate)
{
	const struct weir__task_plan plan = {.name = name, .fn = fn, .arg = gate};

	return weir__tasks_add(tasks, &plan);
}

Test(task, ticks_are_multiples_of_the_period)
{
	static const struct {
		weir_time start, period, now, next;
	} cases[] = {
		{100, 10, 100, 110},
		{100, 10, 101, 110},
		{100, 10, 109, 110},
		{100, 10, 110, 120}, /* never the same one twice */
		{100, 10, 119, 120},
		{100, 10, 1234, 1240}, /* what was missed is left out */
		{100, 10, 90, 110},    /* never before the first */
		{0, 1, INT64_MAX - 1, WEIR_NEVER},
		{1, INT64_MAX, 1, WEIR_NEVER},
		{1000, INT64_MAX / 2, 1000, 1000 + INT64_MAX / 2},
		{1000, INT64_MAX / 2, 1000 + INT64_MAX / 2, WEIR_NEVER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(weir__tick_after(cases[i].start, cases[i].period, cases[i].now),
			     cases[i].next, "case %zu", i);
}

/* Held threads have run nothing; they can be taken back, and made anew. */
Test(task, held_ones_run_when_they_are_released_and_not_before)
{
	unsigned threads = thread_count();
	struct weir__tasks tasks;
	struct gate gate;

	gate_init(&gate);
	cr_assert_eq(weir__tasks_init(&tasks, &silent), 0);
	cr_assert_eq(add(&tasks, "one", wait_for_the_end, &gate), 0);
	cr_assert_eq(add(&tasks, "two", wait_for_the_end, &gate), 0);
	cr_assert_eq(thread_count(), threads);
	cr_assert_eq(weir__tasks_begin(&tasks), 0);
	cr_assert_eq(add(&tasks, "three", wait_for_the_end, &gate), 0);
	thread_await_count(threads + 3);
	weir__tasks_undo(&tasks);
	thread_await_count(threads);
	cr_assert_eq(gate_arrivals(&gate), 0);
	cr_assert_eq(weir__tasks_begin(&tasks), 0);
	cr_assert_eq(gate_arrivals(&gate), 0);
	weir__tasks_release(&tasks);
	gate_await(&gate, 3);
	cr_assert_eq(weir__tasks_stop(&tasks, weir_after(MUST_PATIENCE)), 0);
	thread_await_count(threads);
	cr_assert_eq(add(&tasks, "late", wait_for_the_end, &gate), -ECANCELED);
	weir__tasks_fini(&tasks);
	gate_destroy(&gate);
}

Test(task, a_begin_that_fails_is_undone)
{
	unsigned threads = thread_count();
	struct weir__tasks tasks;
	struct gate gate;

	gate_init(&gate);
	cr_assert_eq(weir__tasks_init(&tasks, &silent), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(add(&tasks, "task", wait_for_the_end, &gate), 0);
	for (unsigned skip = 0; skip < 3; skip++) {
		fault_set(FAULT_THREAD, skip);
		cr_assert_eq(weir__tasks_begin(&tasks), -EAGAIN);
		cr_assert(fault_struck(FAULT_THREAD));
		thread_await_count(threads);
	}
	cr_assert_eq(weir__tasks_begin(&tasks), 0);
	weir__tasks_release(&tasks);
	gate_await(&gate, 3);
	/* one more that cannot be had leaves the others alone */
	fault_set(FAULT_THREAD, 0);
	cr_assert_eq(add(&tasks, "task", wait_for_the_end, &gate), -EAGAIN);
	fault_set(FAULT_MALLOC, 0);
	cr_assert_eq(add(&tasks, "task", wait_for_the_end, &gate), -ENOMEM);
	fault_set(FAULT_MALLOC, 1);
	cr_assert_eq(add(&tasks, "task", wait_for_the_end, &gate), -ENOMEM);
	cr_assert_eq(weir__tasks_stop(&tasks, weir_after(MUST_PATIENCE)), 0);
	cr_assert_eq(gate_arrivals(&gate), 3);
	weir__tasks_fini(&tasks);
	gate_destroy(&gate);
}

Test(task, those_that_do_not_come_back_are_named)
{
	struct weir__tasks tasks;
	struct weir_task_left left[2];
	struct weir__backtrace traces[2];
	struct gate gate, deaf;

	gate_init(&gate);
	gate_init(&deaf);
	cr_assert_eq(weir__tasks_init(&tasks, &silent), 0);
	cr_assert_eq(weir__tasks_begin(&tasks), 0);
	weir__tasks_release(&tasks);
	cr_assert_eq(add(&tasks, "deaf", pass, &deaf), 0);
	cr_assert_eq(add(&tasks, "obedient", wait_for_the_end, &gate), 0);
	cr_assert_eq(add(&tasks,
			 "a name that is longer than there is room for in the report, "
			 "so that it is cut to sixty-three",
			 pass, &deaf),
		     0);
	gate_await(&gate, 1);
	gate_await(&deaf, 2);
	/* The obedient one may come back in this time; the others do not. */
	cr_assert_geq(weir__tasks_stop(&tasks, weir_after(50 * WEIR_MILLISECOND)), 2);
	while (weir__tasks_stop(&tasks, weir_after(WEIR_MILLISECOND)) > 2)
		;
	cr_assert_eq(weir__tasks_name(&tasks, left, traces, 1), 2);
	weir__traced_unref(traces[0].traced);
	cr_assert_eq(weir__tasks_name(&tasks, left, traces, 2), 2);
	weir__traced_unref(traces[0].traced);
	weir__traced_unref(traces[1].traced);
	cr_assert_str_eq(left[0].name, "deaf");
	cr_assert_gt(left[0].age, 0);
	cr_assert_eq(strlen(left[1].name), 63);
	gate_open(&deaf, 2);
	cr_assert_eq(weir__tasks_stop(&tasks, weir_after(MUST_PATIENCE)), 0);
	cr_assert_eq(weir__tasks_name(&tasks, left, traces, 2), 0);
	weir__tasks_fini(&tasks);
	gate_destroy(&gate);
	gate_destroy(&deaf);
}

static void expect_description(struct weir__tasks *tasks, const char *start)
{
	struct weir__text text = WEIR__TEXT_EMPTY;
	char *out;

	weir__tasks_describe(tasks, &text);
	cr_assert_eq(weir__text_take(&text, &out, NULL), 0);
	cr_assert_eq(strncmp(out, start, strlen(start)), 0, "%s", out);
	free(out);
}

Test(task, what_they_do_is_told)
{
	const struct weir__task_plan hourly = {
		.name = "hourly", .fn = wait_for_the_end, .period = 3600 * WEIR_SECOND};
	struct weir__tasks tasks;
	struct gate gate;

	gate_init(&gate);
	cr_assert_eq(weir__tasks_init(&tasks, &silent), 0);
	expect_description(&tasks, "");
	cr_assert_eq(add(&tasks, "a \"b\"", pass, &gate), 0);
	expect_description(&tasks, "{\"name\":\"a \\\"b\\\"\",\"state\":\"waiting\","
				   "\"age_seconds\":0.000000}");
	cr_assert_eq(weir__tasks_begin(&tasks), 0);
	weir__tasks_release(&tasks);
	gate_await(&gate, 1);
	expect_description(&tasks, "{\"name\":\"a \\\"b\\\"\",\"state\":\"running\",");
	(void)weir__tasks_stop(&tasks, 0);
	expect_description(&tasks, "{\"name\":\"a \\\"b\\\"\",\"state\":\"cancelled\",");
	gate_open(&gate, 1);
	cr_assert_eq(weir__tasks_stop(&tasks, weir_after(MUST_PATIENCE)), 0);
	weir__tasks_fini(&tasks);

	cr_assert_eq(weir__tasks_init(&tasks, &silent), 0);
	cr_assert_eq(weir__tasks_add(&tasks, &hourly), 0);
	cr_assert_eq(weir__tasks_begin(&tasks), 0);
	weir__tasks_release(&tasks);
	for (;;) {
		struct weir__text text = WEIR__TEXT_EMPTY;
		bool sleeps;

		weir__tasks_describe(&tasks, &text);
		weir__text_append(&text, "", 1);
		sleeps = strstr(text.data, "\"state\":\"sleeping\"") != NULL;
		weir__text_free(&text);
		if (sleeps)
			break;
	}
	cr_assert_eq(weir__tasks_stop(&tasks, weir_after(MUST_PATIENCE)), 0);
	weir__tasks_fini(&tasks);
	gate_destroy(&gate);
}
