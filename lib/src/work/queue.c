/* queue.c: see queue.h. One lock; no other lock is taken under it. */
#include "work/queue.h"

#include <errno.h>

int weir__queue_init(struct weir__queue *queue, unsigned limit)
{
	queue->limit = limit;
	queue->count = 0;
	queue->reserved = 0;
	queue->held = false;
	weir__list_init(&queue->jobs);
	atomic_init(&queue->length, 0);
	atomic_init(&queue->taken, 0);
	return -pthread_mutex_init(&queue->lock, NULL);
}

void weir__queue_fini(struct weir__queue *queue)
{
	(void)pthread_mutex_destroy(&queue->lock);
}

static void set_count_locked(struct weir__queue *queue, unsigned count)
{
	queue->count = count;
	atomic_store_explicit(&queue->length, queue->held ? 0 : count, memory_order_release);
}

/* A place that is kept is taken. */
static bool has_room_locked(const struct weir__queue *queue)
{
	return queue->count < queue->limit && queue->limit - queue->count > queue->reserved;
}

static void append_locked(struct weir__queue *queue, struct weir__job *job)
{
	weir__list_append(&queue->jobs, &job->node);
	job->queued = true;
	set_count_locked(queue, queue->count + 1);
}

int weir__queue_push(struct weir__queue *queue, struct weir__job *job)
{
	int error = 0;

	(void)pthread_mutex_lock(&queue->lock);
	if (has_room_locked(queue))
		append_locked(queue, job);
	else
		error = -ENOSPC;
	(void)pthread_mutex_unlock(&queue->lock);
	return error;
}

int weir__queue_reserve(struct weir__queue *queue)
{
	bool room;

	(void)pthread_mutex_lock(&queue->lock);
	room = has_room_locked(queue);
	queue->reserved += room;
	(void)pthread_mutex_unlock(&queue->lock);
	return room ? 0 : -ENOSPC;
}

void weir__queue_give_back(struct weir__queue *queue)
{
	(void)pthread_mutex_lock(&queue->lock);
	queue->reserved--;
	(void)pthread_mutex_unlock(&queue->lock);
}

void weir__queue_push_reserved(struct weir__queue *queue, struct weir__job *job)
{
	(void)pthread_mutex_lock(&queue->lock);
	queue->reserved--;
	append_locked(queue, job);
	(void)pthread_mutex_unlock(&queue->lock);
}

static void take_out_locked(struct weir__queue *queue, struct weir__job *job)
{
	weir__list_remove(&job->node);
	job->queued = false;
	set_count_locked(queue, queue->count - 1);
}

struct weir__job *weir__queue_take(struct weir__queue *queue)
{
	struct weir__list *node;
	struct weir__job *job = NULL;

	if (weir__queue_length(queue) == 0)
		return NULL;
	(void)pthread_mutex_lock(&queue->lock);
	node = queue->held ? NULL : weir__list_first(&queue->jobs);
	if (node) {
		job = weir__container(node, struct weir__job, node);
		take_out_locked(queue, job);
		(void)atomic_fetch_add_explicit(&queue->taken, 1, memory_order_relaxed);
	}
	(void)pthread_mutex_unlock(&queue->lock);
	return job;
}

void weir__queue_hold(struct weir__queue *queue, bool held)
{
	(void)pthread_mutex_lock(&queue->lock);
	queue->held = held;
	set_count_locked(queue, queue->count);
	(void)pthread_mutex_unlock(&queue->lock);
}

unsigned weir__queue_count(struct weir__queue *queue)
{
	unsigned count;

	(void)pthread_mutex_lock(&queue->lock);
	count = queue->count;
	(void)pthread_mutex_unlock(&queue->lock);
	return count;
}

bool weir__queue_remove(struct weir__queue *queue, struct weir__job *job)
{
	bool found;

	(void)pthread_mutex_lock(&queue->lock);
	found = job->queued;
	if (found)
		take_out_locked(queue, job);
	(void)pthread_mutex_unlock(&queue->lock);
	return found;
}
