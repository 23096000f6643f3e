/* list.h: the intrusive doubly linked list that every module uses.
 *
 * A list is a circle of nodes with a head that carries no data. A node that is in no
 * list points to itself once weir__list_init() or weir__list_remove() has seen it, so
 * removing it again is harmless. No locks: the owner of the list says who may touch it.
 */
#ifndef WEIR_BASE_LIST_H
#define WEIR_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct weir__list {
	struct weir__list *next, *prev;
};

#define weir__container(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define weir__list_each(node, head) for (node = (head)->next; node != (head); node = node->next)

/* Allows the body to remove `node`, and only it. */
#define weir__list_each_safe(node, after, head)                                                    \
	for (node = (head)->next, after = node->next; node != (head);                              \
	     node = after, after = node->next)

static inline void weir__list_init(struct weir__list *head)
{
	head->next = head->prev = head;
}

static inline bool weir__list_empty(const struct weir__list *head)
{
	return head->next == head;
}

static inline void weir__list_append(struct weir__list *head, struct weir__list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

static inline void weir__list_prepend(struct weir__list *head, struct weir__list *node)
{
	weir__list_append(head->next, node);
}

static inline void weir__list_remove(struct weir__list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	weir__list_init(node);
}

static inline struct weir__list *weir__list_first(const struct weir__list *head)
{
	return weir__list_empty(head) ? NULL : head->next;
}

/* Takes the first node out; NULL if there is none. */
static inline struct weir__list *weir__list_shift(struct weir__list *head)
{
	struct weir__list *node = weir__list_first(head);

	if (node)
		weir__list_remove(node);
	return node;
}

/* Moves all of `from` to the end of `to`; `from` is empty afterwards. */
static inline void weir__list_splice(struct weir__list *to, struct weir__list *from)
{
	if (weir__list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	weir__list_init(from);
}

#endif
