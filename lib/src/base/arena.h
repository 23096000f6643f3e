/* arena.h: memory that is given back all at once.
 *
 * A request takes what it needs from its arena and never frees a piece. The first
 * block is part of the owner, so most requests allocate nothing more. What is allocated beyond
 * it is bounded. One thread at a time; ownership moves with the request.
 */
#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H

#include <stddef.h>

/* Bytes of an arena beyond its first block. */
#define WEIR__ARENA_LIMIT ((size_t)16 << 20)

struct weir__arena_block;

struct weir__arena {
	char *next, *end;                /* what is left of the current block */
	struct weir__arena_block *extra; /* blocks that were allocated */
	size_t room;                     /* how much more may be */
};

/* `first` is borrowed and must live as long as the arena. */
void weir__arena_init(struct weir__arena *arena, void *first, size_t size);
void weir__arena_release(struct weir__arena *arena);

/* `size` bytes aligned for any type; NULL when memory is short or the limit is reached. */
void *weir__arena_alloc(struct weir__arena *arena, size_t size);

/* A copy of `size` bytes with a NUL behind it; NULL likewise. */
char *weir__arena_copy(struct weir__arena *arena, const char *data, size_t size);

#endif
