/* unit/faults.h: makes a call that nearly always works fail, once, when told to.
 *
 * The linker puts these functions before the real ones (--wrap, see CMakeLists.txt) for
 * the code that is linked statically: the library under test and the test itself.
 */
#ifndef WEIR_TESTS_UNIT_FAULTS_H
#define WEIR_TESTS_UNIT_FAULTS_H

enum fault {
	FAULT_MALLOC,        /* malloc() gives NULL */
	FAULT_REALLOC,       /* realloc() gives NULL */
	FAULT_ALIGNED_ALLOC, /* aligned_alloc() gives NULL */
	FAULT_CALLOC,        /* calloc() gives NULL */
	FAULT_THREAD,        /* pthread_create() says EAGAIN */
	FAULT_SOCKET,        /* socket() says EMFILE */
	FAULT_SOCKETPAIR,    /* socketpair() says EMFILE */
	FAULT_LISTEN,        /* listen() says EADDRINUSE */
	FAULT_EPOLL,         /* epoll_create1() says EMFILE */
	FAULT_EPOLL_CTL,     /* epoll_ctl() says ENOSPC */
	FAULT_EVENTFD,       /* eventfd() says EMFILE */
	FAULT_COUNT
};

/* Lets `skip` calls through and fails the one after them, whatever thread makes it. */
void fault_set(enum fault fault, unsigned skip);
/* Takes back what has not struck. */
void fault_clear(enum fault fault);
/* Whether the fault has struck since it was set. */
int fault_struck(enum fault fault);

#endif
