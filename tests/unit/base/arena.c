/* base/arena.c: alignment, growth, what is too big, and what fails. */
#include <criterion/criterion.h>

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "unit/faults.h"

TestSuite(arena, .timeout = 60);

static bool is_aligned(const void *data)
{
	return (uintptr_t)data % alignof(max_align_t) == 0;
}

static bool is_within(const void *data, const char *block, size_t size)
{
	return (const char *)data >= block && (const char *)data < block + size;
}

Test(arena, gives_aligned_memory_whatever_came_before)
{
	alignas(max_align_t) char block[512];

	for (size_t offset = 0; offset < 20; offset++) {
		struct weir__arena arena;

		weir__arena_init(&arena, block + offset, sizeof(block) - offset);
		for (size_t size = 1; size < 40; size++) {
			char *data = weir__arena_alloc(&arena, size);

			cr_assert_not_null(data);
			cr_assert(is_aligned(data), "offset %zu, size %zu: %p", offset, size,
				  (void *)data);
			memset(data, 0x5a, size);
		}
		weir__arena_release(&arena);
	}
}

Test(arena, pieces_do_not_overlap)
{
	enum { PIECES = 3000 };
	char block[256], *pieces[PIECES];
	struct weir__arena arena;

	weir__arena_init(&arena, block, sizeof(block));
	for (size_t i = 0; i < PIECES; i++) {
		size_t size = i % 97;

		pieces[i] = weir__arena_alloc(&arena, size);
		cr_assert_not_null(pieces[i]);
		memset(pieces[i], (int)(i % 251), size);
	}
	for (size_t i = 0; i < PIECES; i++)
		for (size_t k = 0; k < i % 97; k++)
			cr_assert_eq((unsigned char)pieces[i][k], i % 251);
	weir__arena_release(&arena);
}

Test(arena, uses_the_first_block_before_any_other)
{
	alignas(max_align_t) char block[64];
	struct weir__arena arena;

	weir__arena_init(&arena, block, sizeof(block));
	fault_set(FAULT_MALLOC, 0);
	cr_assert(is_within(weir__arena_alloc(&arena, 32), block, sizeof(block)));
	cr_assert(is_within(weir__arena_alloc(&arena, 32), block, sizeof(block)));
	cr_assert_null(weir__arena_alloc(&arena, 1));
	cr_assert(fault_struck(FAULT_MALLOC));
	cr_assert_not_null(weir__arena_alloc(&arena, 1));
	weir__arena_release(&arena);
}

Test(arena, something_big_gets_its_own_block_and_the_rest_goes_on)
{
	alignas(max_align_t) char block[64];
	struct weir__arena arena;
	char *big, *small;

	weir__arena_init(&arena, block, sizeof(block));
	big = weir__arena_alloc(&arena, 1000000);
	cr_assert_not_null(big);
	cr_assert(is_aligned(big));
	memset(big, 1, 1000000);
	small = weir__arena_alloc(&arena, 16);
	cr_assert(is_within(small, block, sizeof(block)));
	weir__arena_release(&arena);
}

Test(arena, every_size_around_a_blocks_works)
{
	for (size_t size = 4000; size < 4200; size++) {
		struct weir__arena arena;
		char *one, *two;

		weir__arena_init(&arena, NULL, 0);
		one = weir__arena_alloc(&arena, size);
		two = weir__arena_alloc(&arena, size);
		cr_assert(one && two && one != two);
		memset(one, 1, size);
		memset(two, 2, size);
		cr_assert_eq(one[size - 1], 1);
		weir__arena_release(&arena);
	}
}

Test(arena, nothing_is_something_even_in_an_empty_arena)
{
	struct weir__arena arena;

	weir__arena_init(&arena, NULL, 0);
	cr_assert_not_null(weir__arena_alloc(&arena, 0));
	cr_assert_str_eq(weir__arena_copy(&arena, "", 0), "");
	cr_assert_str_eq(weir__arena_copy(&arena, NULL, 0), "");
	weir__arena_release(&arena);
	weir__arena_release(&arena);
}

Test(arena, sizes_that_do_not_fit_an_address_space_are_refused)
{
	struct weir__arena arena;

	weir__arena_init(&arena, NULL, 0);
	cr_assert_null(weir__arena_alloc(&arena, SIZE_MAX));
	cr_assert_null(weir__arena_alloc(&arena, SIZE_MAX - 8));
	cr_assert_null(weir__arena_copy(&arena, "", SIZE_MAX));
	weir__arena_release(&arena);
}

Test(arena, what_is_allocated_is_bounded)
{
	char block[64];
	struct weir__arena arena;
	size_t taken = 0;

	weir__arena_init(&arena, block, sizeof(block));
	cr_assert_null(weir__arena_alloc(&arena, WEIR__ARENA_LIMIT + 1));
	cr_assert_null(arena.extra);
	cr_assert_not_null(weir__arena_alloc(&arena, WEIR__ARENA_LIMIT - 8192));
	while (weir__arena_alloc(&arena, 1024))
		taken++;
	cr_assert_geq(taken, 8); /* two blocks of 4 KiB, and what the first one had */
	cr_assert_leq(taken, 9);
	weir__arena_release(&arena);
}

Test(arena, all_of_the_limit_can_be_had_at_once)
{
	struct weir__arena arena;

	weir__arena_init(&arena, NULL, 0);
	cr_assert_not_null(weir__arena_alloc(&arena, WEIR__ARENA_LIMIT));
	cr_assert_null(weir__arena_alloc(&arena, 1));
	weir__arena_release(&arena);
}

Test(arena, a_copy_ends_with_nul_and_keeps_what_is_inside)
{
	char block[64];
	struct weir__arena arena;
	char *copy;

	memset(block, 'x', sizeof(block));
	weir__arena_init(&arena, block, sizeof(block));
	copy = weir__arena_copy(&arena, "a\0b and more", 3);
	cr_assert_arr_eq(copy, "a\0b", 4);
	weir__arena_release(&arena);
}
