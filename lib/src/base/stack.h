/* stack.h: a lock-free stack with many pushers and one taker that takes everything.
 *
 * Used where threads report to one other thread (the completion list). Because the
 * taker only ever exchanges the whole stack for an empty one, a node cannot be popped
 * and pushed again behind a pusher's back, and the ABA problem does not arise.
 * Push releases what its thread wrote before; take acquires it.
 */
#ifndef WEIR_BASE_STACK_H
#define WEIR_BASE_STACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct weir__stack_node {
	struct weir__stack_node *next;
};

struct weir__stack {
	_Atomic(struct weir__stack_node *) top;
};

static inline void weir__stack_push(struct weir__stack *stack, struct weir__stack_node *node)
{
	struct weir__stack_node *top = atomic_load_explicit(&stack->top, memory_order_relaxed);

	do {
		node->next = top;
	} while (!atomic_compare_exchange_weak_explicit(
		&stack->top, &top, node, memory_order_release, memory_order_relaxed));
}

static inline bool weir__stack_empty(const struct weir__stack *stack)
{
	return atomic_load_explicit(&stack->top, memory_order_acquire) == NULL;
}

/* Takes all nodes, oldest first, linked by `next`. */
static inline struct weir__stack_node *weir__stack_take(struct weir__stack *stack)
{
	struct weir__stack_node *node =
		atomic_exchange_explicit(&stack->top, NULL, memory_order_acquire);
	struct weir__stack_node *oldest = NULL;

	while (node) {
		struct weir__stack_node *next = node->next;

		node->next = oldest;
		oldest = node;
		node = next;
	}
	return oldest;
}

#endif
