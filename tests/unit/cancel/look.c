/* cancel/look.c: when and where a token was last looked at; and the probe. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/io.h>

#include "base/tick.h"
#include "cancel/event.h"
#include "cancel/token.h"
#include "support/gate.h"
#include "support/must.h"
#include "support/token.h"
#include "unit/threads.h"

TestSuite(look, .timeout = 60);

/* The next look falls into another tick. */
static void tick(void)
{
	weir__tick_update(weir__tick_now() + WEIR_MILLISECOND);
}

static struct weir_last_check last_of(const weir_token *token)
{
	struct weir_last_check last;

	cr_assert_eq(weir_token_last_check(token, &last), 0);
	return last;
}

static int line_of(const weir_token *token)
{
	const char *where = last_of(token).where, *colon = strrchr(where, ':');

	cr_assert_not_null(strstr(where, "look.c:"), "%s", where);
	return atoi(colon + 1);
}

Test(look, wrong_arguments_are_refused_and_no_look_is_told)
{
	weir_token *token = token_make(NULL);
	struct weir_last_check last;

	cr_assert_eq(weir_token_last_check(NULL, &last), -EINVAL);
	cr_assert_eq(weir_token_last_check(token, NULL), -EINVAL);
	cr_assert_eq(weir_token_last_check(token, &last), -EAGAIN);
	/* Neither of these is a look. */
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_NONE);
	cr_assert(weir_token_cancel(token, WEIR_REASON_USER, NULL));
	cr_assert_eq(weir_token_last_check(token, &last), -EAGAIN);
	weir_token_unref(token);
}

Test(look, the_latest_place_is_told_also_within_a_tick)
{
	weir_token *token = token_make(NULL);

	for (int round = 0; round < 3; round++) {
		(void)weir_token_check(token);
		cr_assert_eq(line_of(token), __LINE__ - 1);
		(void)weir_token_check(token);
		cr_assert_eq(line_of(token), __LINE__ - 1);
		cr_assert_eq(last_of(token).waiting, 0);
		if (round == 0)
			tick();
		if (round == 1)
			cr_assert(weir_token_cancel(token, WEIR_REASON_USER, NULL));
	}
	weir_token_unref(token);
}

Test(look, the_time_is_that_of_the_latest_tick)
{
	weir_token *token = token_make(NULL);
	weir_time first, before = weir_now();

	(void)weir_token_check(token);
	first = last_of(token).when;
	cr_assert_leq(first, weir_now());
	cr_assert_geq(first, before - WEIR_MILLISECOND);
	tick();
	cr_assert_eq(last_of(token).when, first);
	for (int i = 0; i < 2; i++)
		(void)weir_token_check(token);
	cr_assert_eq(last_of(token).when, first + WEIR_MILLISECOND);
	weir_token_unref(token);
}

Test(look, the_tick_moves_by_a_millisecond_at_least_and_never_back)
{
	weir_time now = weir_now();

	weir__tick_update(now);
	weir__tick_update(now + WEIR_MILLISECOND - 1);
	cr_assert_eq(weir__tick_now(), now);
	weir__tick_update(now + WEIR_MILLISECOND);
	cr_assert_eq(weir__tick_now(), now + WEIR_MILLISECOND);
	weir__tick_update(now);
	weir__tick_update(0);
	cr_assert_eq(weir__tick_now(), now + WEIR_MILLISECOND);
}

Test(look, as_a_function_and_with_a_place_of_the_callers)
{
	int (*check)(const weir_token *token) = weir_token_check;
	weir_token *token = token_make(NULL);

	cr_assert_eq(check(token), 0);
	cr_assert_str_eq(last_of(token).where, "weir_token_check()");
	cr_assert_eq(weir_token_check_at(token, "here"), 0);
	cr_assert_str_eq(last_of(token).where, "here");
	cr_assert_eq(check(NULL), 0);
	cr_assert_eq(weir_token_check_at(NULL, "here"), 0);
	weir_token_unref(token);
}

Test(look, a_descendants_look_counts_also_when_it_is_gone)
{
	weir_token *root = token_make(NULL), *middle = token_make(root), *leaf = token_make(middle);
	weir_token *shield = NULL;
	struct weir_last_check last;

	cr_assert_eq(weir_token_create_shield(root, WEIR_SECOND, &shield), 0);
	(void)weir_token_check_at(root, "root");
	tick();
	(void)weir_token_check_at(leaf, "leaf");
	cr_assert_str_eq(last_of(root).where, "leaf");
	cr_assert_eq(weir_token_last_check(shield, &last), -EAGAIN);
	weir_token_unref(leaf);
	cr_assert_str_eq(last_of(root).where, "leaf");
	weir_token_unref(middle);
	cr_assert_str_eq(last_of(root).where, "leaf");
	tick();
	(void)weir_token_check_at(shield, "shield");
	cr_assert_str_eq(last_of(root).where, "shield");
	tick();
	(void)weir_token_check_at(root, "root");
	weir_token_unref(shield); /* knows nothing that is later */
	cr_assert_str_eq(last_of(root).where, "root");
	weir_token_unref(root);
}

Test(look, a_linked_tokens_look_counts_for_its_sources)
{
	weir_token *sources[2] = {token_make(NULL), token_make(NULL)}, *linked = NULL,
		   *outer = NULL, *leaf;

	cr_assert_eq(weir_token_create_linked(sources, 2, &linked), 0);
	cr_assert_eq(weir_token_create_linked(&linked, 1, &outer), 0);
	leaf = token_make(outer);
	(void)weir_token_check_at(leaf, "leaf");
	for (int i = 0; i < 2; i++)
		cr_assert_str_eq(last_of(sources[i]).where, "leaf");
	(void)weir_token_check_at(outer, "outer");
	for (int i = 0; i < 2; i++)
		cr_assert_str_eq(last_of(sources[i]).where, "outer");
	weir_token_unref(leaf);
	weir_token_unref(outer);
	weir_token_unref(linked);
	for (int i = 0; i < 2; i++)
		weir_token_unref(sources[i]);
}

struct looker {
	weir_token *token;
	const char *where;
};

static void look(void *arg)
{
	struct looker *looker = arg;

	(void)weir_token_check_at(looker->token, looker->where);
}

/* Within a tick the first thread has the place; what others store is bounded. */
Test(look, two_threads_in_a_tick_do_not_take_the_place_from_one_another)
{
	weir_token *token = token_make(NULL);
	struct looker other = {token, "other"};
	struct thread thread;

	(void)weir_token_check_at(token, "first");
	(void)weir_token_check_at(token, "second");
	cr_assert_str_eq(last_of(token).where, "second");
	thread_start(&thread, look, &other);
	thread_join(&thread);
	cr_assert_str_eq(last_of(token).where, "second");
	(void)weir_token_check_at(token, "third");
	cr_assert_str_eq(last_of(token).where, "second");
	tick();
	thread_start(&thread, look, &other);
	thread_join(&thread);
	cr_assert_str_eq(last_of(token).where, "other");
	weir_token_unref(token);
}

struct sleeper {
	weir_token *token;
	struct weir__event event;
	enum { WAIT, SLEEP, EVENT, NAMED, WAYS } way;
};

static const struct {
	const char *where;
} ways[WAYS] = {{"weir_token_wait()"}, {"weir_sleep()"}, {"a blocking call"}, {"named()"}};

static void wait_somehow(void *arg)
{
	struct sleeper *sleeper = arg;
	weir_time until = weir_after(MUST_PATIENCE);
	int error = -ECANCELED;

	switch (sleeper->way) {
	case WAIT:
		error = weir_token_wait(sleeper->token, until);
		break;
	case SLEEP:
		error = weir_sleep(sleeper->token, until);
		break;
	case NAMED:
		(void)weir_token_check_at(sleeper->token, "named()");
		/* fall through */
	case EVENT:
		error = weir__event_wait(&sleeper->event, weir__event_ticket(&sleeper->event),
					 sleeper->token, until);
		break;
	case WAYS:
		break;
	}
	must(error == -ECANCELED, "%d", error);
}

Test(look, a_wait_is_told_by_its_name_while_it_lasts)
{
	for (int i = 0; i < WAYS; i++) {
		weir_token *parent = token_make(NULL), *source = token_make(parent), *token = NULL;
		struct sleeper sleeper = {.way = (unsigned)i};
		struct thread thread;

		cr_assert_eq(weir_token_create_linked(&source, 1, &token), 0);
		sleeper.token = token;
		weir__event_init(&sleeper.event);
		thread_start(&thread, wait_somehow, &sleeper);
		thread_await_waiting(&thread);
		for (const weir_token **at = (const weir_token *[]){token, source, parent, NULL};
		     *at; at++) {
			cr_assert_str_eq(last_of(*at).where, ways[i].where);
			cr_assert_eq(last_of(*at).waiting, 1);
		}
		cr_assert(weir_token_cancel(parent, WEIR_REASON_USER, NULL));
		thread_join(&thread);
		cr_assert_eq(last_of(token).waiting, 0);
		cr_assert_eq(last_of(parent).waiting, 0);
		weir_token_unref(token);
		weir_token_unref(source);
		weir_token_unref(parent);
	}
}

Test(look, within_a_wait_the_outer_call_keeps_its_name)
{
	weir_token *token = token_make(NULL);

	weir__token_wait_begin(token, "outer()");
	cr_assert_geq(weir_token_fd(token), 0);
	cr_assert_eq(weir_sleep(token, 0), 0);
	cr_assert_str_eq(last_of(token).where, "outer()");
	cr_assert_eq(last_of(token).waiting, 1);
	weir__token_wait_end(token);
	cr_assert_eq(last_of(token).waiting, 0);
	cr_assert_geq(weir_token_fd(token), 0);
	cr_assert_str_eq(last_of(token).where, "weir_token_fd()");
	weir__token_wait_begin(NULL, "nothing()");
	weir__token_wait_end(NULL);
	weir__token_look(NULL, "nothing()");
	weir_token_unref(token);
}

/* A probe that trips the token at look number `at`. */
struct trap {
	struct weir__probe probe;
	weir_token *victim;
	unsigned looks, waits, at;
	const char *where;
};

static void count_look(weir_token *token, const char *where, bool waits, void *arg)
{
	struct trap *trap = arg;

	trap->where = where;
	trap->waits += waits;
	if (++trap->looks == trap->at)
		(void)weir_token_cancel(trap->victim ? trap->victim : token, WEIR_REASON_USER,
					NULL);
}

static weir_token *make_probed(struct trap *trap, unsigned at)
{
	weir_token *token = token_make(NULL);

	*trap = (struct trap){.probe = {count_look, trap}, .at = at};
	weir__token_set_probe(token, &trap->probe);
	return token;
}

static void count_run(void *arg)
{
	++*(unsigned *)arg;
}

/* Each kind of look, with what it says once the token is tripped. */
static void look_in_all_ways(weir_token *token, unsigned at)
{
	weir_token_callback callback = {0};
	struct weir__event event;
	unsigned runs = 0;

	weir__event_init(&event);
	cr_assert_eq(weir_token_check(token), at <= 1 ? -ECANCELED : 0);
	cr_assert_eq(weir_token_wait(token, 0), at <= 2 ? -ECANCELED : -ETIMEDOUT);
	cr_assert_eq(weir_sleep(token, 0), at <= 3 ? -ECANCELED : 0);
	cr_assert_eq(weir__event_wait(&event, weir__event_ticket(&event), token, 0),
		     at <= 4 ? -ECANCELED : -ETIMEDOUT);
	weir_token_callback_add(token, &callback, count_run, &runs);
	cr_assert_eq(runs, at <= 5);
	cr_assert_eq(weir_token_callback_remove(&callback), 0);
	cr_assert_geq(weir_token_fd(token), 0);
	cr_assert_eq(weir__token_tripped(token), at <= 6);
}

Test(look, a_probe_is_told_of_each_and_may_trip_before_it_is_decided)
{
	for (unsigned at = 0; at <= 6; at++) {
		struct trap trap;
		weir_token *token = make_probed(&trap, at);

		look_in_all_ways(token, at ? at : 7);
		cr_assert_eq(trap.looks, 6);
		cr_assert_eq(trap.waits, 3);
		cr_assert_str_eq(trap.where, "weir_token_fd()");
		weir_token_unref(token);
	}
}

Test(look, a_probe_is_inherited_by_children_shields_and_links)
{
	struct trap trap;
	weir_token *token = make_probed(&trap, 0), *others[4] = {token_make(token)};

	cr_assert_eq(weir_token_create_shield(token, WEIR_SECOND, &others[1]), 0);
	cr_assert_eq(weir_token_create_linked((weir_token *const[]){NULL, others[0], token}, 3,
					      &others[2]),
		     0);
	others[3] = token_make(others[2]);
	trap.victim = token;
	trap.at = 5;
	cr_assert_eq(trap.looks, 0);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(weir_token_check_at(others[i], "there"), 0);
		cr_assert_eq(trap.looks, i + 1);
		cr_assert_str_eq(trap.where, "there");
	}
	cr_assert_eq(weir_token_check(others[3]), -ECANCELED);
	for (unsigned i = 0; i < 4; i++)
		weir_token_unref(others[i]);
	weir_token_unref(token);
}

Test(look, what_the_library_does_for_itself_is_no_look)
{
	struct trap trap;
	weir_token *token = make_probed(&trap, 0);
	weir_token_callback callback;
	struct weir_last_check last;
	unsigned runs = 0;

	weir__token_callback_add(token, &callback, count_run, &runs);
	cr_assert_not(weir__token_tripped(token));
	cr_assert(weir_token_callback_try_remove(&callback));
	cr_assert_eq(trap.looks, 0);
	cr_assert_eq(weir_token_last_check(token, &last), -EAGAIN);
	weir_token_unref(token);
}
