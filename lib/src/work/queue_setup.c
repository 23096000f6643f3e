/* queue_setup.c: a queue and its lanes before anything is in them, and what is asked of the whole.
 */
#include "work/queue.h"

void weir__lane_init(struct weir__lane *lane, const char *name, unsigned limit, weir_time max_age)
{
	*lane = (struct weir__lane){.name = name, .limit = limit, .max_age = max_age};
	weir__list_init(&lane->jobs);
	weir__list_init(&lane->aging);
}

int weir__queue_init(struct weir__queue *queue, unsigned limit)
{
	unsigned i;

	*queue = (struct weir__queue){.limit = limit, .max_age = WEIR_NEVER};
	weir__lane_init(&queue->rest, NULL, 0, 0);
	weir__list_init(&queue->aging);
	for (i = 0; i < WEIR__PRIORITIES; i++)
		weir__list_init(&queue->ranks[i].jobs);
	atomic_init(&queue->length, 0);
	atomic_init(&queue->taken, 0);
	return -pthread_mutex_init(&queue->lock, NULL);
}

void weir__queue_set_rules(struct weir__queue *queue, const struct weir__queue_rules *rules)
{
	unsigned i;

	queue->max_age = rules->max_age ? rules->max_age : WEIR_NEVER;
	for (i = 0; i < WEIR__PRIORITIES; i++)
		if (i != WEIR_PRIORITY_FIRST && i != WEIR__PRIORITY_PROMISED)
			weir__codel_init(&queue->ranks[i].codel, rules->target, rules->interval);
}

void weir__queue_fini(struct weir__queue *queue)
{
	(void)pthread_mutex_destroy(&queue->lock);
}

weir_time weir__queue_clock_locked(struct weir__queue *queue, weir_time now)
{
	weir_time time = (queue->held ? queue->held_at : now) - queue->held_for;

	if (time > queue->clock)
		queue->clock = time;
	return queue->clock;
}

void weir__queue_settle(struct weir__queue *queue)
{
	(void)pthread_mutex_lock(&queue->lock);
	queue->settled = true;
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
