/* cancel/token.c, as a tree: what a trip reaches, and what it leaves alone. */
#include <criterion/criterion.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include <weir/token.h>

#include "support/gate.h"
#include "support/must.h"
#include "support/token.h"
#include "unit/threads.h"

TestSuite(tree, .timeout = 60);

/* A full tree in an array: the children of i are 3i+1, 3i+2, 3i+3. */
enum { NODES = 1 + 3 + 9 + 27 + 81 + 243 + 729 };

static void make_tree(weir_token **tokens)
{
	tokens[0] = token_make(NULL);
	for (size_t i = 1; i < NODES; i++)
		tokens[i] = token_make(tokens[(i - 1) / 3]);
}

static bool is_below(size_t i, size_t top)
{
	while (i > top)
		i = (i - 1) / 3;
	return i == top;
}

static void free_all(weir_token **tokens, size_t count)
{
	for (size_t i = 0; i < count; i++)
		weir_token_unref(tokens[i]);
}

Test(tree, a_trip_reaches_all_descendants_with_its_cause)
{
	weir_token *tokens[NODES];
	struct weir_cause first, cause;

	make_tree(tokens);
	cr_assert(weir_token_cancel(tokens[0], WEIR_REASON_SHUTDOWN, "all of you"));
	cr_assert_eq(weir_token_cause(tokens[0], &first), 0);
	for (size_t i = 0; i < NODES; i++) {
		cr_assert_eq(weir_token_cause(tokens[i], &cause), 0, "token %zu", i);
		cr_assert_eq(cause.reason, WEIR_REASON_SHUTDOWN);
		cr_assert_str_eq(cause.detail, "all of you");
		cr_assert_eq(cause.when, first.when);
		cr_assert_eq(cause.line, first.line);
	}
	free_all(tokens, NODES);
}

Test(tree, a_trip_leaves_ancestors_and_siblings_alone)
{
	static const size_t tops[] = {1, 5, 13, 40, 364, NODES - 1};

	for (size_t n = 0; n < sizeof(tops) / sizeof(tops[0]); n++) {
		weir_token *tokens[NODES];

		make_tree(tokens);
		cr_assert(weir_token_cancel(tokens[tops[n]], WEIR_REASON_REQUESTED, NULL));
		for (size_t i = 0; i < NODES; i++)
			cr_assert_eq(weir_token_check(tokens[i]),
				     is_below(i, tops[n]) ? -ECANCELED : 0, "token %zu of top %zu",
				     i, tops[n]);
		free_all(tokens, NODES);
	}
}

Test(tree, what_was_tripped_before_keeps_its_cause)
{
	weir_token *tokens[NODES];

	make_tree(tokens);
	cr_assert(weir_token_cancel(tokens[2], WEIR_REASON_CLIENT_GONE, NULL));
	cr_assert(weir_token_cancel(tokens[13], WEIR_REASON_REQUESTED, NULL));
	cr_assert(weir_token_cancel(tokens[0], WEIR_REASON_SHUTDOWN, NULL));
	for (size_t i = 0; i < NODES; i++) {
		int expected = WEIR_REASON_SHUTDOWN;

		if (is_below(i, 2))
			expected = WEIR_REASON_CLIENT_GONE;
		else if (is_below(i, 13))
			expected = WEIR_REASON_REQUESTED;
		cr_assert_eq(weir_token_reason(tokens[i]), expected, "token %zu: %s", i,
			     weir_reason_key(weir_token_reason(tokens[i])));
	}
	free_all(tokens, NODES);
}

Test(tree, a_child_of_a_tripped_parent_is_born_tripped)
{
	weir_token *parent = token_make(NULL), *child, *grandchild;
	struct weir_cause one, other;

	cr_assert(weir_token_cancel(parent, WEIR_REASON_DRAINING, "too late"));
	child = token_make(parent);
	cr_assert_eq(weir_token_check(child), -ECANCELED);
	grandchild = token_make(child);
	cr_assert_eq(weir_token_cause(parent, &one), 0);
	cr_assert_eq(weir_token_cause(grandchild, &other), 0);
	cr_assert_eq(other.reason, WEIR_REASON_DRAINING);
	cr_assert_str_eq(other.detail, "too late");
	cr_assert_eq(other.when, one.when);
	cr_assert_not(weir_token_cancel(child, WEIR_REASON_REQUESTED, NULL));
	weir_token_unref(parent);
	weir_token_unref(child);
	weir_token_unref(grandchild);
}

Test(tree, a_trip_does_not_visit_what_was_freed)
{
	weir_token *parent = token_make(NULL), *children[100];

	for (size_t i = 0; i < 100; i++)
		children[i] = token_make(parent);
	for (size_t i = 0; i < 100; i += 3)
		weir_token_unref(children[i]);
	cr_assert(weir_token_cancel(parent, WEIR_REASON_REQUESTED, NULL));
	for (size_t i = 0; i < 100; i++) {
		if (i % 3 == 0)
			continue;
		cr_assert_eq(weir_token_check(children[i]), -ECANCELED);
		weir_token_unref(children[i]);
	}
	weir_token_unref(parent);
}

enum { DEPTH = 100000 };

/* On a stack that would not hold a frame for each level. */
static void deep_chain(void *unused)
{
	weir_token *top = token_make(NULL);
	weir_token *leaf = weir_token_ref(top);
	weir_time deadline = weir_after(3600 * WEIR_SECOND);
	int error;

	(void)unused;
	error = weir_token_set_deadline(top, deadline);
	must(error == 0, "weir_token_set_deadline: %d", error);
	for (unsigned i = 0; i < DEPTH; i++) {
		weir_token *child = token_make(leaf);

		weir_token_unref(leaf);
		leaf = child;
	}
	must(weir_token_deadline(leaf) == deadline, "the root's deadline is not seen");
	must(weir_token_check(leaf) == 0, "tripped too early");
	must(weir_token_cancel(top, WEIR_REASON_REQUESTED, NULL), "not the first");
	must(weir_token_check(leaf) == -ECANCELED, "the leaf was not reached");
	weir_token_unref(top);
	weir_token_unref(leaf); /* the whole chain goes with it */
}

Test(tree, a_hundred_thousand_levels_need_no_stack)
{
	struct thread thread;

	thread_start_on(&thread, (size_t)256 * 1024, deep_chain, NULL);
	thread_join(&thread);
}

enum { WIDTH = 100000 };

struct wide {
	weir_token *root;
	weir_token **children;
};

static struct wide make_wide(void)
{
	struct wide wide = {token_make(NULL), malloc(WIDTH * sizeof(weir_token *))};

	cr_assert_not_null(wide.children);
	for (size_t i = 0; i < WIDTH; i++)
		wide.children[i] = token_make(wide.root);
	return wide;
}

static void free_wide(struct wide *wide)
{
	free_all(wide->children, WIDTH);
	free(wide->children);
	weir_token_unref(wide->root);
}

static void cancel_root(void *arg)
{
	struct wide *wide = arg;

	(void)weir_token_cancel(wide->root, WEIR_REASON_REQUESTED, NULL);
}

/* "When weir_token_cancel() returns, every descendant reads as tripped" holds for the
 * second caller as well, while the first is still on its way through the tree. */
Test(tree, a_second_cancel_does_not_return_before_the_first_has_reached_all)
{
	for (unsigned round = 0; round < 10; round++) {
		struct wide wide = make_wide();
		struct thread first;

		thread_start(&first, cancel_root, &wide);
		while (weir_token_check(wide.root) == 0)
			;
		cr_assert_not(weir_token_cancel(wide.root, WEIR_REASON_SHUTDOWN, NULL));
		cr_assert_eq(weir_token_check(wide.children[WIDTH - 1]), -ECANCELED,
			     "round %u: a descendant is live after cancel returned", round);
		thread_join(&first);
		free_wide(&wide);
	}
}
