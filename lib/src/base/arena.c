/* arena.c: see arena.h. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)4096)

struct weir__arena_block {
	struct weir__arena_block *next;
	max_align_t data[];
};

void weir__arena_init(struct weir__arena *arena, void *first, size_t size)
{
	arena->next = first;
	arena->end = (char *)first + size;
	arena->extra = NULL;
	arena->room = WEIR__ARENA_LIMIT;
}

void weir__arena_release(struct weir__arena *arena)
{
	while (arena->extra) {
		struct weir__arena_block *block = arena->extra;

		arena->extra = block->next;
		free(block);
	}
	arena->next = arena->end = NULL;
}

static size_t padding(const char *at, size_t alignment)
{
	return (size_t)(-(uintptr_t)at & (alignment - 1));
}

static char *take(struct weir__arena *arena, size_t size, size_t alignment)
{
	struct weir__arena_block *block;
	size_t left = (size_t)(arena->end - arena->next);
	size_t pad = padding(arena->next, alignment);
	size_t data = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	char *at;

	if (arena->next && pad <= left && size <= left - pad) {
		at = arena->next + pad;
		arena->next = at + size;
		return at;
	}
	if (data > arena->room)
		return NULL;
	block = malloc(sizeof(*block) + data);
	if (!block)
		return NULL;
	arena->room -= data;
	block->next = arena->extra;
	arena->extra = block;
	at = (char *)block->data;
	if (size < BLOCK_SIZE) {
		arena->next = at + size;
		arena->end = at + BLOCK_SIZE;
	}
	return at;
}

void *weir__arena_alloc(struct weir__arena *arena, size_t size)
{
	return take(arena, size, _Alignof(max_align_t));
}

char *weir__arena_copy(struct weir__arena *arena, const char *data, size_t size)
{
	char *copy = size < SIZE_MAX ? take(arena, size + 1, 1) : NULL;

	if (!copy)
		return NULL;
	if (size)
		memcpy(copy, data, size);
	copy[size] = '\0';
	return copy;
}
