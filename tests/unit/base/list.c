/* base/list.h: every operation, with its edge: none, one, the middle, all. */
#include <criterion/criterion.h>

#include <string.h>

#include "base/list.h"

TestSuite(list, .timeout = 60);

struct item {
	char name;
	struct weir__list node;
};

/* The names in order, read forwards; backwards must agree. */
static const char *names(struct weir__list *list)
{
	static char text[16];
	struct weir__list *node;
	size_t size = 0, back = 0;

	weir__list_each (node, list)
		text[size++] = weir__container(node, struct item, node)->name;
	text[size] = '\0';
	for (node = list->prev; node != list; node = node->prev)
		cr_assert_eq(text[size - ++back], weir__container(node, struct item, node)->name);
	cr_assert_eq(back, size);
	return text;
}

static struct weir__list head, other;
static struct item a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'}, d = {.name = 'd'};

Test(list, empty)
{
	weir__list_init(&head);
	cr_assert(weir__list_empty(&head));
	cr_assert_null(weir__list_first(&head));
	cr_assert_null(weir__list_shift(&head));
	cr_assert_str_eq(names(&head), "");
}

Test(list, append_and_prepend)
{
	weir__list_init(&head);
	weir__list_append(&head, &b.node);
	weir__list_append(&head, &c.node);
	weir__list_prepend(&head, &a.node);
	cr_assert_str_eq(names(&head), "abc");
	cr_assert_eq(weir__list_first(&head), &a.node);
	cr_assert_not(weir__list_empty(&head));
}

Test(list, remove_first_middle_last_and_again)
{
	weir__list_init(&head);
	weir__list_append(&head, &a.node);
	weir__list_append(&head, &b.node);
	weir__list_append(&head, &c.node);
	weir__list_append(&head, &d.node);
	weir__list_remove(&b.node);
	cr_assert_str_eq(names(&head), "acd");
	weir__list_remove(&b.node);
	cr_assert_str_eq(names(&head), "acd");
	weir__list_remove(&a.node);
	weir__list_remove(&d.node);
	cr_assert_str_eq(names(&head), "c");
	weir__list_remove(&c.node);
	cr_assert(weir__list_empty(&head));
}

Test(list, shift_takes_the_first)
{
	weir__list_init(&head);
	weir__list_append(&head, &a.node);
	weir__list_append(&head, &b.node);
	cr_assert_eq(weir__list_shift(&head), &a.node);
	cr_assert_eq(a.node.next, &a.node);
	cr_assert_eq(weir__list_shift(&head), &b.node);
	cr_assert_null(weir__list_shift(&head));
}

Test(list, splice_moves_all_to_the_end)
{
	weir__list_init(&head);
	weir__list_init(&other);
	weir__list_splice(&head, &other);
	cr_assert(weir__list_empty(&head));
	weir__list_append(&other, &c.node);
	weir__list_append(&other, &d.node);
	weir__list_splice(&head, &other);
	cr_assert_str_eq(names(&head), "cd");
	cr_assert(weir__list_empty(&other));
	weir__list_append(&other, &a.node);
	weir__list_splice(&head, &other);
	cr_assert_str_eq(names(&head), "cda");
	weir__list_splice(&head, &other);
	cr_assert_str_eq(names(&head), "cda");
}

Test(list, each_safe_allows_removing_the_node)
{
	struct weir__list *node, *after;

	weir__list_init(&head);
	weir__list_append(&head, &a.node);
	weir__list_append(&head, &b.node);
	weir__list_append(&head, &c.node);
	weir__list_each_safe (node, after, &head)
		if (weir__container(node, struct item, node)->name != 'b')
			weir__list_remove(node);
	cr_assert_str_eq(names(&head), "b");
}
