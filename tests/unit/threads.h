/* unit/threads.h: threads of a test, and the question whether one is asleep.
 *
 * A test that wants to act while another thread waits inside a call has no gate to put
 * into that call. It asks the kernel instead: once a thread has said that it is about to
 * call, and then sleeps, it sleeps in there.
 */
#ifndef WEIR_TESTS_UNIT_THREADS_H
#define WEIR_TESTS_UNIT_THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/types.h>

struct thread {
	pthread_t handle;
	void (*fn)(void *arg);
	void *arg;
	_Atomic pid_t id; /* 0 until it runs */
};

/* Starts a thread that runs fn(arg); `thread` must stay until it is joined. */
void thread_start(struct thread *thread, void (*fn)(void *arg), void *arg);
/* The same, on a stack of `stack` bytes. */
void thread_start_on(struct thread *thread, size_t stack, void (*fn)(void *arg), void *arg);
void thread_join(struct thread *thread);

/* Waits until the kernel says that the thread sleeps. */
void thread_await_asleep(pid_t id);
/* The same, for a thread that may not have begun to run. */
void thread_await_waiting(struct thread *thread);

/* How many threads this process has. */
unsigned thread_count(void);
/* Waits until it has so many: a thread is listed for a moment after it was joined. */
void thread_await_count(unsigned count);

#endif
