/* cancel/linked.c: a token that is tripped by the first of several. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <weir/token.h>

#include "support/gate.h"
#include "support/must.h"
#include "support/token.h"
#include "unit/faults.h"
#include "unit/threads.h"

TestSuite(linked, .timeout = 60);

#define SOON (5 * WEIR_MILLISECOND)
#define LATER (3600 * WEIR_SECOND)

static weir_token *link_two(weir_token *a, weir_token *b)
{
	weir_token *token = NULL;

	cr_assert_eq(weir_token_create_linked((weir_token *const[]){a, b}, 2, &token), 0);
	return token;
}

Test(linked, wrong_arguments_and_no_memory_are_refused)
{
	weir_token *source = token_make(NULL), *token = NULL;

	cr_assert_eq(weir_token_create_linked(&source, 1, NULL), -EINVAL);
	cr_assert_eq(weir_token_create_linked(NULL, 1, &token), -EINVAL);
	cr_assert_eq(weir_token_create_linked(&source, SIZE_MAX, &token), -ENOMEM);
	cr_assert_null(token);
	cr_assert(weir_token_cancel(source, WEIR_REASON_USER, NULL));
	weir_token_unref(source);
}

Test(linked, of_nothing_is_a_plain_token)
{
	for (size_t count = 0; count < 3; count++) {
		weir_token *const none[2] = {NULL, NULL};
		weir_token *token = NULL;

		cr_assert_eq(weir_token_create_linked(count ? none : NULL, count, &token), 0);
		cr_assert_eq(weir_token_check(token), 0);
		cr_assert_eq(weir_token_deadline(token), WEIR_NEVER);
		cr_assert(weir_token_cancel(token, WEIR_REASON_USER, NULL));
		weir_token_unref(token);
	}
}

Test(linked, each_source_trips_it_with_its_cause)
{
	enum { COUNT = 3 };

	for (size_t i = 0; i < COUNT; i++) {
		weir_token *sources[COUNT + 1], *token = NULL, *child;
		struct weir_cause theirs, ours;

		for (size_t k = 0; k < COUNT; k++)
			sources[k] = token_make(NULL);
		sources[COUNT] = NULL;
		cr_assert_eq(weir_token_create_linked(sources, COUNT + 1, &token), 0);
		child = token_make(token);
		cr_assert_eq(weir_token_check(child), 0);
		cr_assert(weir_token_cancel(sources[i], 1000 + (int)i, "the first"));
		cr_assert_eq(weir_token_check(token), -ECANCELED);
		cr_assert_eq(weir_token_check(child), -ECANCELED);
		cr_assert_eq(weir_token_cause(sources[i], &theirs), 0);
		cr_assert_eq(weir_token_cause(token, &ours), 0);
		cr_assert_eq(ours.reason, 1000 + (int)i);
		cr_assert_str_eq(ours.detail, "the first");
		cr_assert_eq(ours.when, theirs.when);
		cr_assert_eq(ours.line, theirs.line);
		for (size_t k = 0; k < COUNT; k++) {
			cr_assert_eq(weir_token_cancel(sources[k], WEIR_REASON_USER, NULL), k != i);
			weir_token_unref(sources[k]);
		}
		cr_assert_eq(weir_token_reason(token), 1000 + (int)i);
		weir_token_unref(child);
		weir_token_unref(token);
	}
}

Test(linked, is_born_tripped_if_a_source_is)
{
	weir_token *live = token_make(NULL), *tripped = token_make(NULL), *token;

	cr_assert(weir_token_cancel(tripped, WEIR_REASON_SHUTDOWN, "before"));
	token = link_two(live, tripped);
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_SHUTDOWN);
	cr_assert(weir_token_cancel(live, WEIR_REASON_USER, NULL));
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_SHUTDOWN);
	weir_token_unref(token);
	weir_token_unref(live);
	weir_token_unref(tripped);
}

Test(linked, cancelling_it_leaves_the_sources_alone)
{
	weir_token *a = token_make(NULL), *b = token_make(NULL), *token = link_two(a, b);

	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(weir_token_check(a), 0);
	cr_assert_eq(weir_token_check(b), 0);
	cr_assert(weir_token_cancel(a, WEIR_REASON_USER, NULL));
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_REQUESTED);
	weir_token_unref(token);
	weir_token_unref(a);
	weir_token_unref(b);
}

Test(linked, its_deadline_is_the_earliest_of_all)
{
	weir_time when = weir_after(LATER);
	weir_token *a = token_make(NULL), *b = token_make(NULL), *token = link_two(a, b);
	weir_token *outer = link_two(token, NULL), *shield = NULL;

	cr_assert_eq(weir_token_deadline(outer), WEIR_NEVER);
	cr_assert_eq(weir_token_set_deadline(b, when + 1), 0);
	cr_assert_eq(weir_token_deadline(outer), when + 1);
	cr_assert_eq(weir_token_set_deadline(a, when), 0);
	cr_assert_eq(weir_token_deadline(outer), when);
	cr_assert_eq(weir_token_create_shield(token, 7, &shield), 0);
	cr_assert_eq(weir_token_deadline(shield), when + 7);
	cr_assert_eq(weir_token_set_deadline(token, when - 1), 0);
	cr_assert_eq(weir_token_deadline(outer), when - 1);
	weir_token_unref(shield);
	weir_token_unref(outer);
	weir_token_unref(token);
	weir_token_unref(a);
	weir_token_unref(b);
}

Test(linked, a_sources_deadline_trips_it)
{
	weir_token *a = token_make(NULL), *b = token_make(NULL), *token = link_two(a, b);

	cr_assert_eq(weir_token_set_deadline(b, weir_after(SOON)), 0);
	cr_assert_eq(weir_token_wait(token, weir_after(MUST_PATIENCE)), -ECANCELED);
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_DEADLINE);
	weir_token_unref(token);
	weir_token_unref(a);
	weir_token_unref(b);
}

Test(linked, the_same_source_twice_and_links_of_links)
{
	weir_token *source = token_make(NULL), *token = link_two(source, source);
	weir_token *outer = link_two(token, source), *diamond = link_two(outer, token);

	cr_assert(weir_token_cancel(source, WEIR_REASON_USER, NULL));
	cr_assert_eq(weir_token_check(token), -ECANCELED);
	cr_assert_eq(weir_token_check(outer), -ECANCELED);
	cr_assert_eq(weir_token_check(diamond), -ECANCELED);
	weir_token_unref(diamond);
	weir_token_unref(source);
	weir_token_unref(token);
	weir_token_unref(outer);
}

Test(linked, keeps_its_sources)
{
	weir_token *a = token_make(NULL), *b = token_make(NULL), *token = link_two(a, b);

	weir_token_unref(a);
	weir_token_unref(b);
	cr_assert_eq(weir_token_deadline(token), WEIR_NEVER); /* asks both */
	cr_assert(weir_token_cancel(b, WEIR_REASON_USER, NULL));
	cr_assert_eq(weir_token_check(token), -ECANCELED);
	weir_token_unref(token);
}

Test(linked, freed_before_the_trip_is_forgotten)
{
	weir_token *a = token_make(NULL), *b = token_make(NULL);

	weir_token_unref(link_two(a, b));
	cr_assert(weir_token_cancel(a, WEIR_REASON_USER, NULL));
	cr_assert(weir_token_cancel(b, WEIR_REASON_USER, NULL));
	weir_token_unref(a);
	weir_token_unref(b);
}

static void give_back(void *arg)
{
	weir_token **token = arg;

	weir_token_unref(*token);
	*token = NULL;
}

/* The trip of the source then holds the last reference, inside the link's own callback. */
Test(linked, its_last_reference_can_go_inside_its_callback)
{
	weir_token *a = token_make(NULL), *b = token_make(NULL), *token = link_two(a, b);
	weir_token_callback callback;

	weir_token_callback_add(token, &callback, give_back, &token);
	weir_token_unref(a); /* so that it goes, too */
	cr_assert(weir_token_cancel(a, WEIR_REASON_USER, NULL));
	cr_assert_null(token);
	cr_assert(weir_token_cancel(b, WEIR_REASON_USER, NULL));
	weir_token_unref(b);
}

struct held {
	weir_token *source;
	struct gate gate;
};

static void stand_at_gate(void *arg)
{
	struct held *held = arg;

	must(gate_pass(&held->gate) == 0, "not let through");
}

static void trip(void *arg)
{
	struct held *held = arg;

	(void)weir_token_cancel(held->source, WEIR_REASON_USER, NULL);
}

/* The trip stands in a callback of another's, with the link's still to come, or over. */
Test(linked, can_be_freed_while_its_source_is_being_tripped)
{
	for (int gate_first = 0; gate_first < 2; gate_first++) {
		weir_token_callback callback;
		struct thread thread;
		struct held held = {.source = token_make(NULL)};
		weir_token *token = NULL;

		gate_init(&held.gate);
		if (gate_first)
			weir_token_callback_add(held.source, &callback, stand_at_gate, &held);
		token = link_two(held.source, NULL);
		if (!gate_first)
			weir_token_callback_add(held.source, &callback, stand_at_gate, &held);
		thread_start(&thread, trip, &held);
		gate_await(&held.gate, 1);
		cr_assert_eq(weir_token_check(held.source), -ECANCELED);
		weir_token_unref(token);
		gate_open(&held.gate, 1);
		thread_join(&thread);
		weir_token_unref(held.source);
		gate_destroy(&held.gate);
	}
}
