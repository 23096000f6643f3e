/* unit/threads.c: see threads.h. */
#include "unit/threads.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/must.h"

static void *run(void *arg)
{
	struct thread *thread = arg;

	atomic_store(&thread->id, gettid());
	thread->fn(thread->arg);
	return NULL;
}

void thread_start_on(struct thread *thread, size_t stack, void (*fn)(void *arg), void *arg)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);

	must(error == 0, "pthread_attr_init: %d", error);
	if (stack)
		error = pthread_attr_setstacksize(&attributes, stack);
	must(error == 0, "pthread_attr_setstacksize: %d", error);
	thread->fn = fn;
	thread->arg = arg;
	atomic_init(&thread->id, 0);
	error = pthread_create(&thread->handle, &attributes, run, thread);
	must(error == 0, "pthread_create: %d", error);
	(void)pthread_attr_destroy(&attributes);
}

void thread_start(struct thread *thread, void (*fn)(void *arg), void *arg)
{
	thread_start_on(thread, 0, fn, arg);
}

void thread_join(struct thread *thread)
{
	int error = pthread_join(thread->handle, NULL);

	must(error == 0, "pthread_join: %d", error);
}

/* The state letter of proc(5), which follows the name in parentheses. */
static char state_of(pid_t id)
{
	char path[64], line[256];
	const char *end;
	size_t size;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)id);
	file = fopen(path, "re");
	must(file, "no thread %d", (int)id);
	size = fread(line, 1, sizeof(line) - 1, file);
	(void)fclose(file);
	line[size] = '\0';
	end = strrchr(line, ')');
	must(end && end[1] == ' ', "not understood: %s", line);
	return end[2];
}

void thread_await_asleep(pid_t id)
{
	weir_time until = weir_after(MUST_PATIENCE);

	while (state_of(id) != 'S') {
		must(weir_now() < until, "thread %d does not go to sleep", (int)id);
		(void)sched_yield();
	}
}

void thread_await_waiting(struct thread *thread)
{
	weir_time until = weir_after(MUST_PATIENCE);

	while (atomic_load(&thread->id) == 0) {
		must(weir_now() < until, "the thread does not begin");
		(void)sched_yield();
	}
	thread_await_asleep(atomic_load(&thread->id));
}

/* The directory's links, not its entries: a list that is read while threads end may miss others. */
unsigned thread_count(void)
{
	struct stat tasks;

	must(stat("/proc/self/task", &tasks) == 0, "cannot count the threads");
	return (unsigned)tasks.st_nlink - 2; /* "." and ".." */
}

void thread_await_count(unsigned count)
{
	weir_time until = weir_after(MUST_PATIENCE);

	while (thread_count() != count) {
		must(weir_now() < until, "%u threads, not %u", thread_count(), count);
		(void)sched_yield();
	}
}
