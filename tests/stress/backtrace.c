/* stress/backtrace.c: threads are asked where they are while they come and go.
 *
 * Threads begin and end all the time; in between each works on several things, one after the
 * other, each in a function of its own depth in a code section of its own. Askers ask them
 * meanwhile, some with no patience at all, so that answers come when nobody waits for them any
 * more, and questions when the last one is not answered yet.
 *
 * Invariants: nobody is sent a signal who has left (tgkill(2) to a thread that has ended would
 * fail or hit another one; a record that is written into after its end is a fault that the
 * sanitizers see); an answer is that of the thread that was asked, for what it worked on at
 * that moment; errno is not changed, and a blocked read(2) goes on; at the end nobody waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/backtrace.h"
#include "base/thread.h"
#include "stress/stress.h"

enum { SEATS = 8, ASKERS = 2, KINDS = 3, JOBS = 4, MEASURED = 20000 };

#if defined(__SANITIZE_THREAD__)
#define DEFERRED true /* the handler is called when the sanitizer sees fit: see backtrace.c */
#else
#define DEFERRED false
#endif

/* What a thread can be at work on: three functions, alone in their sections, of which the linker
 * tells where they begin and end. Each waits in another way. */
#define KIND(n, wait)                                                                              \
	extern const char __start_kind##n[], __stop_kind##n[];                                     \
	static __attribute__((noinline, section("kind" #n))) void work##n(struct seat *seat)       \
	{                                                                                          \
		wait(seat);                                                                        \
		atomic_signal_fence(memory_order_seq_cst);                                         \
	}

struct subject {
	char unused; /* its address is what it is about */
};

/* One place for a thread; one after the other sits there. */
struct seat {
	pthread_mutex_t lock;
	struct weir__traced *traced; /* under the lock; NULL: nobody sits there */

	struct subject subjects[KINDS];    /* fixed */
	int pipe[2];                       /* fixed; a thread reads what askers write */
	unsigned long asked, told, silent; /* under the lock */
};

struct world {
	struct seat seats[SEATS];
	unsigned long questions; /* of each asker */
	atomic_bool over;
	atomic_uint ended; /* seats */
	_Atomic unsigned long lives;
};

static void wait_in_loop(struct seat *seat)
{
	(void)seat;
	errno = ENOTSUP;
	for (int i = 0; i < 2000; i++) {
		atomic_signal_fence(memory_order_seq_cst);
		stress_check(errno == ENOTSUP, "errno has changed: %d", errno);
	}
}

static void wait_in_read(struct seat *seat)
{
	char byte;
	ssize_t count = read(seat->pipe[0], &byte, 1);

	stress_check(count == 1, "read: %zd, %d", count, errno);
}

static void wait_in_mutex(struct seat *seat)
{
	stress_check(pthread_mutex_lock(&seat->lock) == 0, "lock");
	(void)pthread_mutex_unlock(&seat->lock);
}

KIND(0, wait_in_loop)
KIND(1, wait_in_read)
KIND(2, wait_in_mutex)

static const struct {
	const char *start, *stop;
	void (*work)(struct seat *seat);
} kinds[KINDS] = {
	{__start_kind0, __stop_kind0, work0},
	{__start_kind1, __stop_kind1, work1},
	{__start_kind2, __stop_kind2, work2},
};

static void set_traced(struct seat *seat, struct weir__traced *traced)
{
	(void)pthread_mutex_lock(&seat->lock);
	seat->traced = traced;
	(void)pthread_mutex_unlock(&seat->lock);
}

/* So that its next read blocks. */
static void empty(struct seat *seat)
{
	char bytes[64];
	int count;

	stress_check(ioctl(seat->pipe[0], FIONREAD, &count) == 0, "ioctl: %d", errno);
	while (count > 0) {
		ssize_t got = read(seat->pipe[0], bytes,
				   count < (int)sizeof(bytes) ? (size_t)count : sizeof(bytes));

		stress_check(got > 0, "read: %zd, %d", got, errno);
		count -= (int)got;
	}
}

/* Lets one go that reads. */
static void feed(struct seat *seat)
{
	stress_check(write(seat->pipe[1], "x", 1) == 1 || errno == EAGAIN, "write: %d", errno);
}

static void *live(void *arg)
{
	struct seat *seat = arg;
	struct weir__traced *traced = weir__traced_create();

	stress_check(traced != NULL, "no memory");
	weir__traced_enter(traced);
	set_traced(seat, traced);
	for (int i = 0; i < JOBS; i++) {
		int kind = i % KINDS;

		if (kind == 1)
			empty(seat);
		weir__traced_work_on(traced, &seat->subjects[kind]);
		kinds[kind].work(seat);
		weir__traced_work_on(traced, NULL);
	}
	set_traced(seat, NULL);
	weir__traced_leave(traced);
	weir__traced_unref(traced);
	return NULL;
}

static void check_frames(const struct weir__frames *frames, int kind)
{
	stress_check(frames->count > 0 && frames->count <= WEIR_STACK_MAX, "%u frames",
		     frames->count);
	for (unsigned i = 0; i < frames->count; i++)
		if (frames->at[i] > (uintptr_t)kinds[kind].start &&
		    frames->at[i] <= (uintptr_t)kinds[kind].stop)
			return;
	stress_check(DEFERRED, "not at work on kind %d, %u frames", kind, frames->count);
}

/* Asks all seats for one kind of work; how many there were. */
static unsigned ask(struct world *world, int kind, weir_time patience)
{
	struct weir__backtrace traces[SEATS];
	unsigned asked = 0;

	for (int i = 0; i < SEATS; i++) {
		struct seat *seat = &world->seats[i];

		(void)pthread_mutex_lock(&seat->lock);
		traces[i].traced = seat->traced ? weir__traced_ref(seat->traced) : NULL;
		traces[i].subject = &seat->subjects[kind];
		(void)pthread_mutex_unlock(&seat->lock);
	}
	weir__backtrace_ask(traces, SEATS, weir_after(patience));
	for (int i = 0; i < SEATS; i++) {
		struct seat *seat = &world->seats[i];

		if (traces[i].answer == WEIR__BACKTRACE_TOLD)
			check_frames(&traces[i].frames, kind);
		(void)pthread_mutex_lock(&seat->lock);
		seat->asked += traces[i].traced != NULL;
		asked += traces[i].traced != NULL;
		seat->told += traces[i].answer == WEIR__BACKTRACE_TOLD;
		seat->silent += traces[i].answer == WEIR__BACKTRACE_SILENT;
		(void)pthread_mutex_unlock(&seat->lock);
		weir__traced_unref(traces[i].traced);
		if (kind == 1 &&
		    traces[i].answer >= (DEFERRED ? WEIR__BACKTRACE_SILENT : WEIR__BACKTRACE_TOLD))
			feed(seat);
	}
	return asked;
}

static void run_asker(struct world *world, unsigned number)
{
	static const weir_time patience[] = {0, 20 * WEIR_MICROSECOND, WEIR_MILLISECOND,
					     (DEFERRED ? 2 : 200) * WEIR_MILLISECOND};
	struct stress_random random;

	stress_random_init(&random, number);
	for (unsigned long asked = 0; asked < world->questions && !atomic_load(&world->over);) {
		unsigned now = ask(world, (int)stress_random_below(&random, KINDS),
				   patience[stress_random_below(&random, 4)]);

		if (now == 0)
			(void)sched_yield();
		asked += now;
	}
}

static void run_seat(struct world *world, struct seat *seat)
{
	while (!atomic_load(&world->over)) {
		pthread_t thread;

		stress_check(weir__thread_start(&thread, "seat", 0, live, seat) == 0, "thread");
		stress_check(pthread_join(thread, NULL) == 0, "join");
		atomic_fetch_add(&world->lives, 1);
	}
	atomic_fetch_add(&world->ended, 1);
}

static void run(void *arg, unsigned number)
{
	struct world *world = arg;

	if (number >= ASKERS) {
		run_seat(world, &world->seats[number - ASKERS]);
		return;
	}
	run_asker(world, number);
	if (number == 0)
		return;
	atomic_store(&world->over, true);
	while (atomic_load(&world->ended) < SEATS) {
		for (int i = 0; i < SEATS; i++)
			feed(&world->seats[i]);
		(void)sched_yield();
	}
}

/* One thread that waits, asked again and again: what an answer costs. */
static void *wait_once(void *arg)
{
	struct seat *seat = arg;

	weir__traced_enter(seat->traced);
	weir__traced_work_on(seat->traced, &seat->subjects[1]);
	work1(seat);
	weir__traced_leave(seat->traced);
	return NULL;
}

static weir_time measure(struct seat *seat, unsigned count)
{
	struct weir__backtrace trace;
	weir_time begun;
	pthread_t thread;

	seat->traced = weir__traced_create();
	stress_check(seat->traced != NULL, "no memory");
	stress_check(weir__thread_start(&thread, "measured", 0, wait_once, seat) == 0, "thread");
	trace = (struct weir__backtrace){.traced = seat->traced, .subject = &seat->subjects[1]};
	do
		weir__backtrace_ask(&trace, 1, weir_after(STRESS_PATIENCE));
	while (trace.answer != WEIR__BACKTRACE_TOLD);
	begun = weir_now();
	for (unsigned i = 0; i < count; i++)
		weir__backtrace_ask(&trace, 1, weir_after(STRESS_PATIENCE));
	begun = weir_now() - begun;
	stress_check(trace.answer == WEIR__BACKTRACE_TOLD, "no answer");
	stress_check(write(seat->pipe[1], "x", 1) == 1, "write: %d", errno);
	stress_check(pthread_join(thread, NULL) == 0, "join");
	weir__traced_unref(seat->traced);
	seat->traced = NULL;
	return begun / count;
}

static void set_up(struct world *world)
{
	stress_check(weir__backtrace_open() == 0, "the handler");
	for (int i = 0; i < SEATS; i++) {
		struct seat *seat = &world->seats[i];

		stress_check(pthread_mutex_init(&seat->lock, NULL) == 0, "mutex");
		stress_check(pipe2(seat->pipe, O_CLOEXEC) == 0, "pipe2: %d", errno);
		stress_check(fcntl(seat->pipe[1], F_SETFL, O_NONBLOCK) == 0, "fcntl: %d", errno);
	}
}

int main(int argc, char **argv)
{
	static struct world world;
	unsigned long asked = 0, told = 0, silent = 0;
	weir_time cost;

	world.questions = stress_iterations(argc, argv, 20000) / ASKERS + 1;
	set_up(&world);
	cost = DEFERRED ? 0 : measure(&world.seats[0], MEASURED);
	stress_threads(ASKERS + SEATS, run, &world);
	for (int i = 0; i < SEATS; i++) {
		asked += world.seats[i].asked;
		told += world.seats[i].told;
		silent += world.seats[i].silent;
		(void)close(world.seats[i].pipe[0]);
		(void)close(world.seats[i].pipe[1]);
		(void)pthread_mutex_destroy(&world.seats[i].lock);
	}
	stress_check(told > 0, "nobody has told anything");
	printf("backtrace: %lu threads, asked %lu times, %lu stacks, %lu without an answer in "
	       "time, "
	       "the rest at work on something else",
	       atomic_load(&world.lives), asked, told, silent);
	if (cost > 0)
		printf("; %lld ns for one stack of a blocked thread", (long long)cost);
	printf("\n");
	return 0;
}
