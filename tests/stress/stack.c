/* stress/stack.c: many pushers, one taker, nodes in circulation.
 *
 * Each pusher owns a few nodes, numbers them as it pushes them, and gets them back from the
 * taker through a stack of its own. Invariants: each pusher's nodes come in its order, none
 * is lost, none comes twice.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/list.h"
#include "base/stack.h"
#include "stress/stress.h"

enum { PUSHERS = 3, NODES = 8 };

struct item {
	struct weir__stack_node node;
	unsigned owner;
	unsigned long number; /* plain: the stack must make it visible */
};

struct arena {
	unsigned long iterations; /* for each pusher, unless it is late */
	weir_time until;
	_Atomic unsigned long pushed; /* by those who have ended */
	_Atomic unsigned pushing;
	struct weir__stack shared;
	struct weir__stack back[PUSHERS];
	struct item items[PUSHERS][NODES];
};

static void push(struct arena *arena, unsigned owner)
{
	unsigned long number = 0;

	while (number < arena->iterations && weir_now() < arena->until) {
		struct weir__stack_node *node = weir__stack_take(&arena->back[owner]);

		if (!node)
			(void)sched_yield();
		while (node && number < arena->iterations) {
			struct item *item = weir__container(node, struct item, node);

			node = node->next;
			item->number = number++;
			weir__stack_push(&arena->shared, &item->node);
		}
	}
	atomic_fetch_add(&arena->pushed, number);
	atomic_fetch_sub(&arena->pushing, 1);
}

static bool is_over(struct arena *arena, unsigned long taken)
{
	return atomic_load(&arena->pushing) == 0 && atomic_load(&arena->pushed) == taken;
}

static void take(struct arena *arena)
{
	unsigned long next[PUSHERS] = {0}, taken = 0;
	weir_time until = weir_after(STRESS_PATIENCE);

	while (!is_over(arena, taken)) {
		struct weir__stack_node *node = weir__stack_take(&arena->shared);

		if (!node) {
			stress_check(weir_now() < until, "nodes are lost behind %lu", taken);
			(void)sched_yield();
			continue;
		}
		until = weir_after(STRESS_PATIENCE);
		while (node) {
			struct item *item = weir__container(node, struct item, node);

			node = node->next;
			stress_check(item->number == next[item->owner], "%lu came, not %lu",
				     item->number, next[item->owner]);
			next[item->owner]++;
			taken++;
			weir__stack_push(&arena->back[item->owner], &item->node);
		}
	}
	stress_check(weir__stack_empty(&arena->shared), "more came out than went in");
}

static void run(void *arg, unsigned number)
{
	if (number < PUSHERS)
		push(arg, number);
	else
		take(arg);
}

int main(int argc, char **argv)
{
	static struct arena arena;
	unsigned owner, i;

	arena.iterations = stress_iterations(argc, argv, 1000000);
	arena.until = stress_until(argc);
	arena.pushing = PUSHERS;
	for (owner = 0; owner < PUSHERS; owner++)
		for (i = 0; i < NODES; i++) {
			arena.items[owner][i].owner = owner;
			weir__stack_push(&arena.back[owner], &arena.items[owner][i].node);
		}
	stress_threads(PUSHERS + 1, run, &arena);
	printf("stack: %d pushers, %lu pushes, all taken in order\n", PUSHERS,
	       atomic_load(&arena.pushed));
	return 0;
}
