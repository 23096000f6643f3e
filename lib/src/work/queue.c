/* queue.c: see queue.h. One lock; no other lock is taken under it. */
#include "work/queue.h"

#include <errno.h>

int weir__queue_init(struct weir__queue *queue, unsigned limit)
{
	queue->limit = limit;
	weir__list_init(&queue->jobs);
	atomic_init(&queue->length, 0);
	atomic_init(&queue->taken, 0);
	return -pthread_mutex_init(&queue->lock, NULL);
}

void weir__queue_fini(struct weir__queue *queue)
{
	(void)pthread_mutex_destroy(&queue->lock);
}

static void set_length_locked(struct weir__queue *queue, unsigned length)
{
	atomic_store_explicit(&queue->length, length, memory_order_release);
}

int weir__queue_push(struct weir__queue *queue, struct weir__job *job)
{
	unsigned length;
	int error = 0;

	(void)pthread_mutex_lock(&queue->lock);
	length = atomic_load_explicit(&queue->length, memory_order_relaxed);
	if (length < queue->limit) {
		weir__list_append(&queue->jobs, &job->node);
		job->queued = true;
		set_length_locked(queue, length + 1);
	} else {
		error = -ENOSPC;
	}
	(void)pthread_mutex_unlock(&queue->lock);
	return error;
}

static void take_out_locked(struct weir__queue *queue, struct weir__job *job)
{
	weir__list_remove(&job->node);
	job->queued = false;
	set_length_locked(queue, atomic_load_explicit(&queue->length, memory_order_relaxed) - 1);
}

struct weir__job *weir__queue_take(struct weir__queue *queue)
{
	struct weir__list *node;
	struct weir__job *job = NULL;

	if (weir__queue_length(queue) == 0)
		return NULL;
	(void)pthread_mutex_lock(&queue->lock);
	node = weir__list_first(&queue->jobs);
	if (node) {
		job = weir__container(node, struct weir__job, node);
		take_out_locked(queue, job);
		(void)atomic_fetch_add_explicit(&queue->taken, 1, memory_order_relaxed);
	}
	(void)pthread_mutex_unlock(&queue->lock);
	return job;
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
