/* channel.c: weir_queue, a ring of pointers (work/queue.c is the server's queue of jobs).
 *
 * Lock: `lock`, for all that changes. It is held briefly, so taking it is not cancelled.
 * Wakeups: a push signals `items`, a pop signals `room`, each after it has given the lock
 * back; a waiter stands in the condition's queue before it gives the lock back (sync.c).
 * Each signal wakes one: what it tells of is one item, or room for one. If another thread was
 * quicker, the woken one waits again, and nothing is left that it should have told anybody.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <weir/queue.h>

#include "cancel/sync.h"

#define MOST ((size_t)1 << 24)

/* What a token remembers of these calls. */
#define PUSH "weir_queue_push()"
#define POP "weir_queue_pop()"

struct weir_queue {
	size_t capacity; /* fixed */
	weir_mutex lock;
	weir_cond items, room;

	/* under the lock */
	size_t first, count;
	bool closed;
	void *ring[];
};

int weir_queue_create(size_t capacity, weir_queue **out)
{
	weir_queue *queue;

	if (capacity == 0 || capacity > MOST || !out)
		return -EINVAL;
	queue = malloc(sizeof(*queue) + capacity * sizeof(queue->ring[0]));
	if (!queue)
		return -ENOMEM;
	*queue = (weir_queue){.capacity = capacity};
	*out = queue;
	return 0;
}

void weir_queue_destroy(weir_queue *queue)
{
	free(queue);
}

/* Brief, and never refused. */
static void lock(weir_queue *queue)
{
	(void)weir_mutex_lock(&queue->lock, NULL, WEIR_NEVER);
}

static void unlock(weir_queue *queue)
{
	weir_mutex_unlock(&queue->lock);
}

static int wait_for_room_locked(weir_queue *queue, weir_token *token, weir_time until)
{
	while (!queue->closed && queue->count == queue->capacity) {
		int error = weir__cond_wait(&queue->room, &queue->lock, token, until, PUSH);

		if (error)
			return error;
	}
	return queue->closed ? -EPIPE : 0;
}

static int wait_for_item_locked(weir_queue *queue, weir_token *token, weir_time until)
{
	while (queue->count == 0) {
		int error;

		if (queue->closed)
			return -EPIPE;
		error = weir__cond_wait(&queue->items, &queue->lock, token, until, POP);
		if (error)
			return error;
	}
	return 0;
}

static void put_locked(weir_queue *queue, void *item)
{
	size_t last = queue->first + queue->count++;

	queue->ring[last < queue->capacity ? last : last - queue->capacity] = item;
}

static void *get_locked(weir_queue *queue)
{
	void *item = queue->ring[queue->first++];

	if (queue->first == queue->capacity)
		queue->first = 0;
	queue->count--;
	return item;
}

int weir_queue_push(weir_queue *queue, void *item, weir_token *token, weir_time until)
{
	int error;

	if (weir_token_check_at(token, PUSH))
		return -ECANCELED;
	lock(queue);
	error = wait_for_room_locked(queue, token, until);
	if (!error)
		put_locked(queue, item);
	unlock(queue);
	if (!error)
		weir_cond_signal(&queue->items);
	return error;
}

int weir_queue_pop(weir_queue *queue, void **item, weir_token *token, weir_time until)
{
	int error;

	if (weir_token_check_at(token, POP))
		return -ECANCELED;
	lock(queue);
	error = wait_for_item_locked(queue, token, until);
	if (!error)
		*item = get_locked(queue);
	unlock(queue);
	if (!error)
		weir_cond_signal(&queue->room);
	return error;
}

void weir_queue_close(weir_queue *queue)
{
	lock(queue);
	queue->closed = true;
	unlock(queue);
	weir_cond_broadcast(&queue->items);
	weir_cond_broadcast(&queue->room);
}

size_t weir_queue_length(weir_queue *queue)
{
	size_t length;

	lock(queue);
	length = queue->count;
	unlock(queue);
	return length;
}
