/* timer.c: see timer.h.
 *
 * Lock: `timers.lock`, innermost: nothing else is taken under it. (hold() takes none.)
 * Wakeups: the thread waits on `timers.changed`, signalled when the earliest entry has
 * become earlier.
 */
#include "cancel/timer.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "base/thread.h"
#include "base/tick.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* on CLOCK_MONOTONIC, made before the thread */
	bool started;
	struct weir__timer **heap; /* heap[1] is the earliest; heap[0] is not used */
	size_t count, capacity;
} timers = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void place(struct weir__timer *timer, size_t slot)
{
	timers.heap[slot] = timer;
	timer->slot = slot;
}

static void sift_up(struct weir__timer *timer, size_t slot)
{
	while (slot > 1 && timer->when < timers.heap[slot / 2]->when) {
		place(timers.heap[slot / 2], slot);
		slot /= 2;
	}
	place(timer, slot);
}

static void sift_down(struct weir__timer *timer, size_t slot)
{
	for (;;) {
		size_t child = slot * 2;

		if (child > timers.count)
			break;
		if (child < timers.count && timers.heap[child + 1]->when < timers.heap[child]->when)
			child++;
		if (timer->when <= timers.heap[child]->when)
			break;
		place(timers.heap[child], slot);
		slot = child;
	}
	place(timer, slot);
}

static void settle(struct weir__timer *timer, size_t slot)
{
	if (slot > 1 && timer->when < timers.heap[slot / 2]->when)
		sift_up(timer, slot);
	else
		sift_down(timer, slot);
}

static void take_out_locked(struct weir__timer *timer)
{
	size_t slot = timer->slot;
	struct weir__timer *last = timers.heap[timers.count--];

	timer->slot = 0;
	if (last != timer)
		settle(last, slot);
}

/* Takes out what is due, or lets it sink to the end of time. */
static void put_off_locked(struct weir__timer *timer)
{
	if (!timer->stays) {
		take_out_locked(timer);
		return;
	}
	timer->when = WEIR_NEVER;
	settle(timer, timer->slot);
}

static void wait_locked(const struct weir__timer *first)
{
	struct timespec until;
	weir_time when;

	if (!first || first->when == WEIR_NEVER) {
		(void)pthread_cond_wait(&timers.changed, &timers.lock);
		return;
	}
	when = first->when;
	until.tv_sec = (time_t)(when / WEIR_SECOND);
	until.tv_nsec = (long)(when % WEIR_SECOND);
	(void)pthread_cond_timedwait(&timers.changed, &timers.lock, &until);
}

static void *timer_thread(void *unused)
{
	(void)unused;
	(void)pthread_mutex_lock(&timers.lock);
	for (;;) {
		struct weir__timer *due = timers.count > 0 ? timers.heap[1] : NULL;
		weir_time now = weir_now();

		weir__tick_update(now);
		if (!due || due->when > now) {
			wait_locked(due);
			continue;
		}
		put_off_locked(due);
		if (!due->ops->hold(due))
			continue;
		(void)pthread_mutex_unlock(&timers.lock);
		due->ops->fire(due);
		(void)pthread_mutex_lock(&timers.lock);
	}
	return NULL;
}

static int start_locked(void)
{
	pthread_condattr_t clock;
	pthread_t thread;
	int error;

	if (timers.started)
		return 0;
	error = -pthread_condattr_init(&clock);
	if (error)
		return error;
	(void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	error = -pthread_cond_init(&timers.changed, &clock);
	(void)pthread_condattr_destroy(&clock);
	if (error)
		return error;
	error = weir__thread_start(&thread, "weir-timer", 0, timer_thread, NULL);
	if (error) {
		(void)pthread_cond_destroy(&timers.changed);
		return error;
	}
	(void)pthread_detach(thread);
	timers.started = true;
	return 0;
}

static int reserve_locked(void)
{
	size_t capacity = timers.capacity ? timers.capacity * 2 : 64;
	struct weir__timer **heap;

	if (timers.count + 1 < timers.capacity)
		return 0;
	if (capacity > SIZE_MAX / sizeof(*heap))
		return -ENOMEM;
	heap = realloc(timers.heap, capacity * sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	timers.heap = heap;
	timers.capacity = capacity;
	return 0;
}

int weir__timer_arm(struct weir__timer *timer, weir_time when)
{
	int error;

	(void)pthread_mutex_lock(&timers.lock);
	error = start_locked();
	if (!error && timer->slot == 0)
		error = reserve_locked();
	if (!error) {
		timer->when = when;
		if (timer->slot)
			settle(timer, timer->slot);
		else
			sift_up(timer, ++timers.count);
		if (timers.heap[1] == timer)
			(void)pthread_cond_signal(&timers.changed);
	}
	(void)pthread_mutex_unlock(&timers.lock);
	return error;
}

void weir__timer_disarm(struct weir__timer *timer)
{
	(void)pthread_mutex_lock(&timers.lock);
	if (timer->slot)
		take_out_locked(timer);
	(void)pthread_mutex_unlock(&timers.lock);
}
