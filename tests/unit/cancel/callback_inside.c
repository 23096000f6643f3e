/* cancel/callback.c: "every token call is legal inside a callback". Each test makes one
 * kind of call there; a call that waited for its own thread would hang the test. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

#include <weir/io.h>
#include <weir/token.h>

#include "support/gate.h"
#include "support/must.h"
#include "support/token.h"
#include "unit/threads.h"

TestSuite(inside, .timeout = 60);

/* What a callback under test has at hand. */
struct scene {
	weir_token *parent, *self, *child; /* a family; the callback is on `self` */
	weir_token *other;                 /* a tree of its own, live */
	weir_token_callback *callback;     /* the callback under test, malloc()ed */
	weir_token_callback extra;
	unsigned runs, extra_runs;
};

static void scene_make(struct scene *scene)
{
	*scene = (struct scene){.parent = token_make(NULL), .other = token_make(NULL)};
	scene->self = token_make(scene->parent);
	scene->child = token_make(scene->self);
	scene->callback = malloc(sizeof(*scene->callback));
	cr_assert_not_null(scene->callback);
}

static void scene_free(struct scene *scene)
{
	weir_token_unref(scene->child);
	weir_token_unref(scene->self);
	weir_token_unref(scene->parent);
	weir_token_unref(scene->other);
	free(scene->callback);
}

static void count_extra(void *arg)
{
	((struct scene *)arg)->extra_runs++;
}

/* Runs `inside` as a callback in both ways that there are: by a trip and at once. */
static void play(void (*inside)(void *scene))
{
	for (int at_once = 0; at_once < 2; at_once++) {
		struct scene scene;

		scene_make(&scene);
		if (at_once)
			cr_assert(weir_token_cancel(scene.self, WEIR_REASON_REQUESTED, NULL));
		weir_token_callback_add(scene.self, scene.callback, inside, &scene);
		if (!at_once)
			cr_assert(weir_token_cancel(scene.self, WEIR_REASON_REQUESTED, NULL));
		cr_assert_eq(scene.runs, 1);
		scene_free(&scene);
	}
}

static void ask_everything(void *arg)
{
	struct scene *scene = arg;
	struct weir_cause cause;

	scene->runs++;
	must(weir_token_check(scene->self) == -ECANCELED, "self is live");
	must(weir_token_check(scene->parent) == 0, "the parent is tripped");
	must(weir_token_reason(scene->self) == WEIR_REASON_REQUESTED, "another reason");
	must(weir_token_cause(scene->child, &cause) == 0, "the child has no cause");
	must(weir_token_deadline(scene->child) == WEIR_NEVER, "a deadline");
	must(weir_token_ref(scene->self) == scene->self, "another token");
	weir_token_unref(scene->self);
}

Test(inside, asking)
{
	play(ask_everything);
}

static void cancel_all(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	weir_token_callback_add(scene->other, &scene->extra, count_extra, scene);
	must(!weir_token_cancel(scene->self, WEIR_REASON_USER, NULL), "self was live");
	must(!weir_token_cancel(scene->child, WEIR_REASON_USER, NULL), "the child was live");
	must(weir_token_cancel(scene->parent, WEIR_REASON_USER, NULL), "the parent was tripped");
	must(weir_token_cancel(scene->other, WEIR_REASON_USER, NULL), "the other was tripped");
	must(scene->extra_runs == 1, "the other's callback ran %u times", scene->extra_runs);
}

Test(inside, cancelling_self_child_parent_and_another)
{
	play(cancel_all);
}

static void create_tokens(void *arg)
{
	struct scene *scene = arg;
	weir_token *child = token_make(scene->self), *sibling = token_make(scene->parent);

	scene->runs++;
	must(weir_token_check(child) == -ECANCELED, "the child of a tripped token is live");
	must(weir_token_check(sibling) == 0, "the child of a live token is tripped");
	weir_token_unref(child);
	weir_token_unref(sibling);
}

Test(inside, creating_children)
{
	play(create_tokens);
}

static void set_deadlines(void *arg)
{
	struct scene *scene = arg;
	weir_time later = weir_after(3600 * WEIR_SECOND);

	scene->runs++;
	must(weir_token_set_deadline(scene->self, later) == 0, "self, later");
	must(weir_token_set_deadline(scene->self, 1) == 0, "self, passed");
	must(weir_token_set_deadline(scene->parent, later) == 0, "parent, later");
	must(weir_token_set_deadline(scene->other, later) == 0, "other, later");
	must(weir_token_set_deadline(scene->other, 1) == 0, "other, passed");
	must(weir_token_reason(scene->other) == WEIR_REASON_DEADLINE, "not tripped by it");
	must(weir_token_set_deadline(scene->parent, WEIR_NEVER) == 0, "parent, none");
}

Test(inside, setting_deadlines)
{
	play(set_deadlines);
}

static void wait_and_sleep(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	must(weir_token_wait(scene->self, WEIR_NEVER) == -ECANCELED, "self");
	must(weir_sleep(scene->child, WEIR_NEVER) == -ECANCELED, "child");
	must(weir_token_wait(scene->parent, 0) == -ETIMEDOUT, "parent, no time");
	must(weir_token_wait(scene->other, weir_after(WEIR_MILLISECOND)) == -ETIMEDOUT, "other");
	must(weir_sleep(scene->other, 0) == 0, "sleep, no time");
}

Test(inside, waiting_and_sleeping)
{
	play(wait_and_sleep);
}

static void make_descriptors(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	must(weir_token_fd(scene->self) >= 0, "self");
	must(weir_token_fd(scene->child) >= 0, "child");
	must(weir_token_fd(scene->parent) >= 0, "parent");
	must(weir_token_fd(scene->other) >= 0, "other");
}

Test(inside, making_descriptors)
{
	play(make_descriptors);
}

static void add_and_remove(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	weir_token_callback_add(scene->self, &scene->extra, count_extra, scene);
	must(scene->extra_runs == 1, "not run at once: %u", scene->extra_runs);
	must(!weir_token_callback_try_remove(&scene->extra), "prevented what has run");
	weir_token_callback_add(scene->parent, &scene->extra, count_extra, scene);
	must(weir_token_callback_try_remove(&scene->extra), "armed, not prevented");
	weir_token_callback_add(scene->other, &scene->extra, count_extra, scene);
	must(weir_token_callback_remove(&scene->extra) == 0, "armed, not removed");
	weir_token_callback_add(scene->other, &scene->extra, count_extra, scene);
	weir_token_callback_detach(&scene->extra);
	must(scene->extra_runs == 1, "run after all: %u", scene->extra_runs);
}

Test(inside, adding_and_removing_other_callbacks)
{
	play(add_and_remove);
}

static void try_remove_itself(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	must(!weir_token_callback_try_remove(scene->callback), "prevented while it runs");
}

Test(inside, try_removing_itself)
{
	play(try_remove_itself);
}

static void remove_and_free_itself(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	must(weir_token_callback_remove(scene->callback) == 0, "not 0");
	must(weir_token_callback_remove(scene->callback) == 0, "not 0 again");
	free(scene->callback);
	scene->callback = NULL;
}

Test(inside, removing_itself_and_freeing_the_memory)
{
	play(remove_and_free_itself);
}

static void detach_and_free_itself(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	weir_token_callback_detach(scene->callback);
	free(scene->callback);
	scene->callback = NULL;
}

Test(inside, detaching_itself_and_freeing_the_memory)
{
	play(detach_and_free_itself);
}

static void move_itself(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	weir_token_callback_detach(scene->callback);
	weir_token_callback_add(scene->other, scene->callback, count_extra, scene);
	must(scene->extra_runs == 0, "run already");
	must(weir_token_cancel(scene->other, WEIR_REASON_REQUESTED, NULL), "not the first");
	must(scene->extra_runs == 1, "not run");
}

Test(inside, registering_its_own_memory_again)
{
	play(move_itself);
}

/* The callbacks of one trip remove each other: the first to run prevents the rest. */
struct rivals {
	weir_token *token;
	weir_token_callback callbacks[3];
	unsigned runs, prevented;
};

static void prevent_rivals(void *arg)
{
	struct rivals *rivals = arg;

	rivals->runs++;
	for (int i = 0; i < 3; i++)
		rivals->prevented += weir_token_callback_try_remove(&rivals->callbacks[i]);
}

Test(inside, removing_what_the_same_trip_is_about_to_run)
{
	struct rivals rivals = {.token = token_make(NULL)};

	for (int i = 0; i < 3; i++)
		weir_token_callback_add(rivals.token, &rivals.callbacks[i], prevent_rivals,
					&rivals);
	cr_assert(weir_token_cancel(rivals.token, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(rivals.runs, 1);
	cr_assert_eq(rivals.prevented, 2);
	weir_token_unref(rivals.token);
}

/* The callback under test gives back the last reference to its own token. */
struct last {
	weir_token *token;
	weir_token_callback callback;
	struct gate gate;
	int remove_too;
};

static void give_back(void *arg)
{
	struct last *last = arg;

	weir_token_unref(last->token);
	if (last->remove_too)
		must(weir_token_callback_remove(&last->callback) == 0, "not 0");
	gate_announce(&last->gate);
}

static void last_reference(struct last *last, weir_token *parent)
{
	last->token = token_make(parent);
	gate_init(&last->gate);
}

Test(inside, giving_back_the_last_reference_to_its_token)
{
	for (int remove_too = 0; remove_too < 2; remove_too++) {
		struct last last = {.remove_too = remove_too};

		last_reference(&last, NULL);
		weir_token_callback_add(last.token, &last.callback, give_back, &last);
		cr_assert(weir_token_cancel(last.token, WEIR_REASON_REQUESTED, NULL));
		gate_await(&last.gate, 1);

		last_reference(&last, NULL);
		cr_assert(weir_token_cancel(last.token, WEIR_REASON_REQUESTED, NULL));
		weir_token_callback_add(last.token, &last.callback, give_back, &last);
		gate_await(&last.gate, 1);
	}
}

Test(inside, giving_back_the_last_reference_while_the_parent_trips)
{
	for (int remove_too = 0; remove_too < 2; remove_too++) {
		struct last last = {.remove_too = remove_too};
		weir_token *parent = token_make(NULL);

		last_reference(&last, parent);
		weir_token_callback_add(last.token, &last.callback, give_back, &last);
		cr_assert(weir_token_cancel(parent, WEIR_REASON_REQUESTED, NULL));
		gate_await(&last.gate, 1);
		weir_token_unref(parent);
	}
}

Test(inside, giving_back_the_last_reference_on_the_timer_thread)
{
	for (int remove_too = 0; remove_too < 2; remove_too++) {
		struct last last = {.remove_too = remove_too};
		weir_token *after = NULL;

		last_reference(&last, NULL);
		weir_token_callback_add(last.token, &last.callback, give_back, &last);
		cr_assert_eq(weir_token_set_deadline(last.token, weir_after(WEIR_MILLISECOND)), 0);
		gate_await(&last.gate, 1);
		/* the timer thread has outlived it */
		cr_assert_eq(weir_token_create(NULL, weir_after(WEIR_MILLISECOND), &after), 0);
		cr_assert_eq(weir_token_wait(after, weir_after(MUST_PATIENCE)), -ECANCELED);
		weir_token_unref(after);
	}
}
