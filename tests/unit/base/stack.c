/* base/stack.h: order, and many pushers against one taker. */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "base/list.h"
#include "base/stack.h"
#include "support/must.h"
#include "unit/threads.h"

TestSuite(stack, .timeout = 60);

struct item {
	struct weir__stack_node node;
	unsigned pusher, number;
};

Test(stack, take_gives_all_oldest_first)
{
	struct weir__stack stack = {NULL};
	struct weir__stack_node nodes[5], *node;

	cr_assert(weir__stack_empty(&stack));
	cr_assert_null(weir__stack_take(&stack));
	for (int i = 0; i < 5; i++)
		weir__stack_push(&stack, &nodes[i]);
	cr_assert_not(weir__stack_empty(&stack));
	node = weir__stack_take(&stack);
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(node, &nodes[i]);
		node = node->next;
	}
	cr_assert_null(node);
	cr_assert(weir__stack_empty(&stack));
}

enum { PUSHERS = 3, EACH = 20000 };

struct pusher {
	struct weir__stack *stack;
	struct item *items;
	struct thread thread;
};

static void push_all(void *arg)
{
	struct pusher *pusher = arg;

	for (unsigned i = 0; i < EACH; i++)
		weir__stack_push(pusher->stack, &pusher->items[i].node);
}

Test(stack, each_pushers_order_is_kept_and_nothing_is_lost)
{
	struct weir__stack stack = {NULL};
	struct pusher pushers[PUSHERS];
	unsigned next[PUSHERS] = {0}, total = 0;
	weir_time until = weir_after(MUST_PATIENCE);

	for (unsigned p = 0; p < PUSHERS; p++) {
		pushers[p] = (struct pusher){&stack, calloc(EACH, sizeof(struct item)), {0}};
		cr_assert_not_null(pushers[p].items);
		for (unsigned i = 0; i < EACH; i++) {
			pushers[p].items[i].pusher = p;
			pushers[p].items[i].number = i;
		}
	}
	for (unsigned p = 0; p < PUSHERS; p++)
		thread_start(&pushers[p].thread, push_all, &pushers[p]);
	while (total < PUSHERS * EACH) {
		struct weir__stack_node *node = weir__stack_take(&stack);

		cr_assert_lt(weir_now(), until, "only %u came", total);
		for (; node; node = node->next) {
			struct item *item = weir__container(node, struct item, node);

			cr_assert_eq(item->number, next[item->pusher]);
			next[item->pusher]++;
			total++;
		}
	}
	for (unsigned p = 0; p < PUSHERS; p++) {
		thread_join(&pushers[p].thread);
		free(pushers[p].items);
	}
	cr_assert(weir__stack_empty(&stack));
}
