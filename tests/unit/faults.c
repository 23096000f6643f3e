/* unit/faults.c: see faults.h. Each fault is a countdown; 0 is "not set". */
#include "unit/faults.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

static _Atomic unsigned countdown[FAULT_COUNT];
static _Atomic int struck[FAULT_COUNT];

void fault_set(enum fault fault, unsigned skip)
{
	atomic_store(&struck[fault], 0);
	atomic_store(&countdown[fault], skip + 1);
}

int fault_struck(enum fault fault)
{
	return atomic_load(&struck[fault]);
}

static int strikes(enum fault fault)
{
	unsigned n = atomic_load(&countdown[fault]);

	while (n > 0 && !atomic_compare_exchange_weak(&countdown[fault], &n, n - 1))
		;
	if (n == 1)
		atomic_store(&struck[fault], 1);
	return n == 1;
}

/* Names that the linker asks for. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *data, size_t size);
void *__wrap_realloc(void *data, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
			  void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
			  void *arg);

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

void *__wrap_malloc(size_t size)
{
	return strikes(FAULT_MALLOC) ? no_memory() : __real_malloc(size);
}

void *__wrap_realloc(void *data, size_t size)
{
	return strikes(FAULT_REALLOC) ? no_memory() : __real_realloc(data, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return strikes(FAULT_ALIGNED_ALLOC) ? no_memory() : __real_aligned_alloc(alignment, size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
			  void *arg)
{
	if (strikes(FAULT_THREAD))
		return EAGAIN;
	return __real_pthread_create(thread, attributes, fn, arg);
}
