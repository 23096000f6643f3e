/* unit/faults.c: see faults.h. Each fault is a countdown; 0 is "not set". */
#include "unit/faults.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

static _Atomic unsigned countdown[FAULT_COUNT];
static _Atomic int struck[FAULT_COUNT];

void fault_set(enum fault fault, unsigned skip)
{
	atomic_store(&struck[fault], 0);
	atomic_store(&countdown[fault], skip + 1);
}

void fault_clear(enum fault fault)
{
	atomic_store(&countdown[fault], 0);
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
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __real_socketpair(int domain, int type, int protocol, int pair[2]);
int __wrap_socketpair(int domain, int type, int protocol, int pair[2]);
int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);
int __real_epoll_create1(int flags);
int __wrap_epoll_create1(int flags);
int __real_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);
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

void *__wrap_calloc(size_t count, size_t size)
{
	return strikes(FAULT_CALLOC) ? no_memory() : __real_calloc(count, size);
}

static int failed(int error)
{
	errno = error;
	return -1;
}

int __wrap_socket(int domain, int type, int protocol)
{
	return strikes(FAULT_SOCKET) ? failed(EMFILE) : __real_socket(domain, type, protocol);
}

int __wrap_socketpair(int domain, int type, int protocol, int pair[2])
{
	return strikes(FAULT_SOCKETPAIR) ? failed(EMFILE)
					 : __real_socketpair(domain, type, protocol, pair);
}

int __wrap_listen(int fd, int backlog)
{
	return strikes(FAULT_LISTEN) ? failed(EADDRINUSE) : __real_listen(fd, backlog);
}

int __wrap_epoll_create1(int flags)
{
	return strikes(FAULT_EPOLL) ? failed(EMFILE) : __real_epoll_create1(flags);
}

int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	return strikes(FAULT_EPOLL_CTL) ? failed(ENOSPC)
					: __real_epoll_ctl(epoll, operation, fd, event);
}

int __wrap_eventfd(unsigned count, int flags)
{
	return strikes(FAULT_EVENTFD) ? failed(EMFILE) : __real_eventfd(count, flags);
}
