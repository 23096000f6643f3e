/* memory.c: counts blocks that threads under test allocate.
 *
 * Two ways to know. Under a sanitizer its runtime calls a hook for each allocation
 * (sanitizer/allocator_interface.h). Otherwise malloc(3) and its relatives are defined here,
 * as glibc allows ("Replacing malloc" in its manual), and forward to glibc's own under the names
 * __libc_malloc() and so on: so blocks that shared libraries allocate are seen too.
 *
 * Each block that is recorded costs an unwinding of the stack, so that a report can name who
 * allocated it. A block is recorded if its thread is under test and not about the testing library's
 * own business; it is forgotten by whoever frees it. The table is open addressing with a
 * multiplicative hash, of fixed size, because it cannot allocate.
 *
 * Lock: a spin flag; it is taken within malloc(), held for a few probes, and nothing is called
 * under it.
 */
#include "memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "under.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOOKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
#define HOOKED 1
#endif
#endif
#ifndef HOOKED
#define HOOKED 0
#endif

#define SLOTS ((size_t)1 << 14)
#define FRAMES 8

struct block {
	const void *data; /* NULL: empty; GONE: was used */
	size_t size;
	unsigned generation;
	void *frames[FRAMES]; /* who allocated it, callees first; NULL: unknown from here on */
};

static const char gone;
#define GONE ((const void *)&gone)

static struct block blocks[SLOTS];
static atomic_flag busy = ATOMIC_FLAG_INIT;
static _Atomic bool counting;
static _Atomic unsigned generation;
/* under `busy` */
static size_t used; /* slots that are not empty; GONE ones among them */

static void lock(void)
{
	while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
		(void)sched_yield();
}

static void unlock(void)
{
	atomic_flag_clear_explicit(&busy, memory_order_release);
}

static size_t slot_of(const void *data)
{
	return (size_t)(((uintptr_t)data >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 40) % SLOTS;
}

/* A sanitizer's runtime may not be unwound from inside; it has stacks of its own to show. */
static void note_frames(void *frames[FRAMES])
{
	if (HOOKED)
		return;
	weir__testing_aside++; /* its first call allocates */
	(void)backtrace(frames, FRAMES);
	weir__testing_aside--;
}

static void allocated(const void *data, size_t size)
{
	struct block block = {.data = data, .size = size, .generation = atomic_load(&generation)};
	size_t slot;

	if (!data || !atomic_load_explicit(&counting, memory_order_relaxed) ||
	    !weir__testing_watched())
		return;
	note_frames(block.frames);
	lock();
	slot = slot_of(data);
	while (blocks[slot].data && blocks[slot].data != GONE)
		slot = (slot + 1) % SLOTS;
	/* A quarter stays empty, so that looking for what is not there comes to an end. A block
	 * for which there is no room is not recorded, and not missed. */
	if (blocks[slot].data || used < SLOTS / 4 * 3) {
		used += !blocks[slot].data;
		blocks[slot] = block;
	}
	unlock();
}

static void freed(const void *data)
{
	size_t slot;

	if (!data || !atomic_load_explicit(&counting, memory_order_relaxed))
		return;
	lock();
	for (slot = slot_of(data); blocks[slot].data; slot = (slot + 1) % SLOTS)
		if (blocks[slot].data == data) {
			blocks[slot].data = GONE;
			break;
		}
	unlock();
}

#if HOOKED

int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
					      void (*free_hook)(const volatile void *));

static void on_malloc(const volatile void *data, size_t size)
{
	allocated((const void *)data, size);
}

static void on_free(const volatile void *data)
{
	freed((const void *)data);
}

static void install(void)
{
	static bool installed;

	if (!installed)
		installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0;
}

#else

static void install(void)
{
}

/* glibc's own, under the names that are for this. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *data, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *data);

void *malloc(size_t size)
{
	void *data = __libc_malloc(size);

	allocated(data, size);
	return data;
}

void *calloc(size_t count, size_t size)
{
	void *data = __libc_calloc(count, size);

	allocated(data, count * size); /* it fitted */
	return data;
}

void *realloc(void *old, size_t size)
{
	void *data;

	/* Before: afterwards the address may be somebody else's. */
	freed(old);
	data = __libc_realloc(old, size);
	if (!data && old && size > 0)
		allocated(old, 0); /* failed: the old block is still there */
	allocated(data, size);
	return data;
}

void *memalign(size_t alignment, size_t size)
{
	void *data = __libc_memalign(alignment, size);

	allocated(data, size);
	return data;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	void *data = __libc_memalign(alignment, size);

	allocated(data, size);
	return data;
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *data;

	if (alignment % sizeof(void *) || alignment == 0 || (alignment & (alignment - 1)))
		return EINVAL;
	data = __libc_memalign(alignment, size);
	if (!data)
		return ENOMEM;
	allocated(data, size);
	*out = data;
	return 0;
}

void free(void *data)
{
	freed(data);
	__libc_free(data);
}

#endif

/* The innermost frame of the program itself that is not of this file: the first two are. */
static const void *origin_of(const struct block *block)
{
	Dl_info here, there;
	size_t i;

	if (!dladdr((void *)origin_of, &here))
		return NULL;
	for (i = 2; i < FRAMES && block->frames[i]; i++)
		if (dladdr(block->frames[i], &there) && there.dli_fbase == here.dli_fbase)
			return block->frames[i];
	return block->frames[2];
}

void weir__testing_memory_begin(void)
{
	install();
	lock();
	memset(blocks, 0, sizeof(blocks));
	used = 0;
	unlock();
	atomic_store(&counting, true);
}

void weir__testing_memory_mark(void)
{
	(void)atomic_fetch_add(&generation, 1);
}

struct weir__testing_memory weir__testing_memory_look(void)
{
	struct weir__testing_memory left = {0};
	const struct block *newest = NULL;
	struct block copy;
	size_t i;

	lock();
	for (i = 0; i < SLOTS; i++) {
		if (!blocks[i].data || blocks[i].data == GONE)
			continue;
		left.blocks++;
		left.bytes += blocks[i].size;
		if (!newest || blocks[i].generation > newest->generation)
			newest = &blocks[i];
	}
	if (newest)
		copy = *newest;
	unlock();
	left.origin = newest ? origin_of(&copy) : NULL; /* may allocate */
	return left;
}

void weir__testing_memory_end(void)
{
	atomic_store(&counting, false);
}
