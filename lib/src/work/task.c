/* task.c: see task.h.
 *
 * States of the crew (held threads wait for a change):
 *
 *	IDLE --begin--> HELD --release--> RUNNING --stop--> STOPPED
 *	  \<--threads joined-- UNDONE <--undo--/
 *
 * Lock: tasks->lock guards the list. Threads are made under it, so a thread that ends at once
 * does not pass its maker. No task runs under it; timers.lock and a token's tree lock are never
 * taken under it.
 *
 * Wakeups: `changed` is signalled after the state was changed (held threads) and after `alive`
 * was counted down (who stops). Each task that ends joins the one that ended before it, so
 * threads do not pile up while the server runs, and `last` is all that a stop has to join.
 */
#include "work/task.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/io.h>

#include "base/thread.h"
#include "cancel/token.h"

struct weir__task {
	/* fixed once added */
	struct weir__tasks *tasks;
	struct weir__task_plan plan;
	char name[64];
	weir_token *token;
	struct weir__traced *traced; /* works on the task, as long as that has not ended */

	pthread_t thread; /* under the lock */
	struct weir__list node;

	/* for the status: written by its thread */
	_Atomic weir_time begun_at; /* 0: not yet */
	_Atomic bool asleep;        /* a ticker between two ticks */
};

/* The crew this thread works for. */
static _Thread_local const struct weir__tasks *own_tasks;

int weir__tasks_init(struct weir__tasks *tasks, const struct weir__logger *logger)
{
	int error;

	memset(tasks, 0, sizeof(*tasks));
	tasks->logger = logger;
	atomic_init(&tasks->state, WEIR__TASKS_IDLE);
	atomic_init(&tasks->alive, 0);
	weir__event_init(&tasks->changed);
	weir__list_init(&tasks->list);
	error = weir_token_create(NULL, WEIR_NEVER, &tasks->token);
	if (error)
		return error;
	error = -pthread_mutex_init(&tasks->lock, NULL);
	if (error)
		weir_token_unref(tasks->token);
	return error;
}

static void free_task(struct weir__task *task)
{
	weir__traced_unref(task->traced);
	weir_token_unref(task->token);
	free(task);
}

void weir__tasks_fini(struct weir__tasks *tasks)
{
	struct weir__list *node, *after;

	weir__list_each_safe (node, after, &tasks->list) /* never begun */
		free_task(weir__container(node, struct weir__task, node));
	weir_token_unref(tasks->token);
	(void)pthread_mutex_destroy(&tasks->lock);
}

weir_time weir__tick_after(weir_time start, weir_time period, weir_time now)
{
	weir_time n = now >= start ? (now - start) / period : 0, sum;

	if (__builtin_mul_overflow(n + 1, period, &sum) || __builtin_add_overflow(start, sum, &sum))
		return WEIR_NEVER;
	return sum;
}

static void run_once(struct weir__task *task)
{
	int error = task->plan.fn(task->plan.arg, task->token);
	char text[32];

	if (error >= 0 || (error == -ECANCELED && weir__token_tripped(task->token)))
		return;
	(void)snprintf(text, sizeof(text), "%d", -error);
	weir__log(task->tasks->logger, WEIR_LOG_WARNING, "task-failed", NULL, "task", task->name,
		  "errno", text, NULL);
}

static void sleep_until(struct weir__task *task, weir_time until)
{
	atomic_store_explicit(&task->asleep, true, memory_order_relaxed);
	(void)weir_sleep(task->token, until);
	atomic_store_explicit(&task->asleep, false, memory_order_relaxed);
}

/* Ticks that pass while one runs are left out. */
static void tick(struct weir__task *task)
{
	weir_time start = weir_now(), period = task->plan.period;

	for (;;) {
		sleep_until(task, weir__tick_after(start, period, weir_now()));
		if (weir__token_tripped(task->token))
			return;
		run_once(task);
	}
}

/* False: it is not to run. */
static bool await_release(struct weir__tasks *tasks)
{
	for (;;) {
		uint32_t ticket = weir__event_ticket(&tasks->changed);
		int state = atomic_load_explicit(&tasks->state, memory_order_acquire);

		if (state != WEIR__TASKS_HELD)
			return state != WEIR__TASKS_UNDONE;
		(void)weir__event_wait(&tasks->changed, ticket, NULL, WEIR_NEVER);
	}
}

/* The last thing a task does. The crew outlives it: who stops waits for `alive`, and then joins
 * this thread, or another that has. */
static void end(struct weir__task *task)
{
	struct weir__tasks *tasks = task->tasks;
	struct weir__task *before;

	weir__traced_leave(task->traced);
	(void)pthread_mutex_lock(&tasks->lock);
	weir__list_remove(&task->node);
	tasks->count--;
	before = tasks->last;
	tasks->last = task;
	(void)pthread_mutex_unlock(&tasks->lock);
	if (before) {
		(void)pthread_join(before->thread, NULL);
		free_task(before);
	}
	(void)atomic_fetch_sub_explicit(&tasks->alive, 1, memory_order_acq_rel);
	weir__event_signal(&tasks->changed);
}

static void *task_thread(void *arg)
{
	struct weir__task *task = arg;

	own_tasks = task->tasks;
	if (!await_release(task->tasks))
		return NULL; /* joined by who undoes */
	weir__traced_work_on(task->traced, task);
	weir__traced_enter(task->traced);
	atomic_store_explicit(&task->begun_at, weir_now(), memory_order_relaxed);
	if (task->plan.period > 0)
		tick(task);
	else
		run_once(task);
	end(task);
	return NULL;
}

static int start_locked(struct weir__task *task)
{
	struct weir__tasks *tasks = task->tasks;
	int error;

	(void)atomic_fetch_add_explicit(&tasks->alive, 1, memory_order_relaxed);
	error = weir__thread_start(&task->thread, task->name, 0, task_thread, task);
	if (error)
		(void)atomic_fetch_sub_explicit(&tasks->alive, 1, memory_order_relaxed);
	return error;
}

static int state_of(const struct weir__tasks *tasks)
{
	return atomic_load_explicit(&tasks->state, memory_order_acquire);
}

static int add_locked(struct weir__tasks *tasks, struct weir__task *task)
{
	int error = 0;

	if (state_of(tasks) == WEIR__TASKS_STOPPED)
		return -ECANCELED;
	if (tasks->count == WEIR__MAX_TASKS)
		return -ENOSPC;
	weir__list_append(&tasks->list, &task->node);
	tasks->count++;
	if (state_of(tasks) != WEIR__TASKS_IDLE)
		error = start_locked(task);
	if (error) {
		weir__list_remove(&task->node);
		tasks->count--;
	}
	return error;
}

int weir__tasks_add(struct weir__tasks *tasks, const struct weir__task_plan *plan)
{
	struct weir__task *task = malloc(sizeof(*task));
	int error;

	if (!task)
		return -ENOMEM;
	memset(task, 0, sizeof(*task));
	task->tasks = tasks;
	task->plan = *plan;
	(void)snprintf(task->name, sizeof(task->name), "%s", plan->name);
	task->plan.name = task->name;
	weir__list_init(&task->node);
	task->traced = weir__traced_create();
	if (!task->traced) {
		free(task);
		return -ENOMEM;
	}
	error = weir_token_create(tasks->token, WEIR_NEVER, &task->token);
	if (error) {
		weir__traced_unref(task->traced);
		free(task);
		return error;
	}
	(void)pthread_mutex_lock(&tasks->lock);
	error = add_locked(tasks, task);
	(void)pthread_mutex_unlock(&tasks->lock);
	if (error)
		free_task(task);
	return error;
}

static void set_state_locked(struct weir__tasks *tasks, int state)
{
	atomic_store_explicit(&tasks->state, state, memory_order_release);
	weir__event_signal(&tasks->changed);
}

static void set_state(struct weir__tasks *tasks, int state)
{
	(void)pthread_mutex_lock(&tasks->lock);
	set_state_locked(tasks, state);
	(void)pthread_mutex_unlock(&tasks->lock);
}

/* Joins the threads of the first `count` tasks, which are held and told to end. */
static void take_back_locked(struct weir__tasks *tasks, unsigned count)
{
	struct weir__list *node;

	set_state_locked(tasks, WEIR__TASKS_UNDONE);
	weir__list_each (node, &tasks->list) {
		if (count == 0)
			break;
		/* It takes no lock on its way out. */
		(void)pthread_join(weir__container(node, struct weir__task, node)->thread, NULL);
		(void)atomic_fetch_sub_explicit(&tasks->alive, 1, memory_order_relaxed);
		count--;
	}
	set_state_locked(tasks, WEIR__TASKS_IDLE);
}

int weir__tasks_begin(struct weir__tasks *tasks)
{
	struct weir__list *node;
	unsigned started = 0;
	int error = 0;

	(void)pthread_mutex_lock(&tasks->lock);
	set_state_locked(tasks, WEIR__TASKS_HELD);
	weir__list_each (node, &tasks->list) {
		error = start_locked(weir__container(node, struct weir__task, node));
		if (error)
			break;
		started++;
	}
	if (error)
		take_back_locked(tasks, started);
	(void)pthread_mutex_unlock(&tasks->lock);
	return error;
}

void weir__tasks_release(struct weir__tasks *tasks)
{
	set_state(tasks, WEIR__TASKS_RUNNING);
}

void weir__tasks_undo(struct weir__tasks *tasks)
{
	(void)pthread_mutex_lock(&tasks->lock);
	take_back_locked(tasks, tasks->count);
	(void)pthread_mutex_unlock(&tasks->lock);
}

static unsigned await_end(struct weir__tasks *tasks, weir_time until)
{
	unsigned alive;
	int late = 0;

	for (;;) {
		uint32_t ticket = weir__event_ticket(&tasks->changed);

		alive = atomic_load_explicit(&tasks->alive, memory_order_acquire);
		if (alive == 0 || late)
			return alive;
		late = weir__event_wait(&tasks->changed, ticket, NULL, until);
	}
}

unsigned weir__tasks_stop(struct weir__tasks *tasks, weir_time until)
{
	unsigned alive;

	set_state(tasks, WEIR__TASKS_STOPPED);
	(void)weir_token_cancel(tasks->token, WEIR_REASON_SHUTDOWN, NULL);
	alive = await_end(tasks, until);
	if (alive > 0 || !tasks->last)
		return alive;
	(void)pthread_join(tasks->last->thread, NULL);
	free_task(tasks->last);
	tasks->last = NULL;
	return 0;
}

static weir_time age_of(const struct weir__task *task)
{
	weir_time begun_at = atomic_load_explicit(&task->begun_at, memory_order_relaxed);

	return begun_at ? weir_now() - begun_at : 0;
}

size_t weir__tasks_name(struct weir__tasks *tasks, struct weir_task_left *out,
			struct weir__backtrace *traces, size_t capacity)
{
	struct weir__list *node;
	size_t found = 0;

	(void)pthread_mutex_lock(&tasks->lock);
	weir__list_each (node, &tasks->list) {
		const struct weir__task *task = weir__container(node, struct weir__task, node);

		if (found < capacity) {
			(void)snprintf(out[found].name, sizeof(out[found].name), "%s", task->name);
			out[found].age = age_of(task);
			out[found].stack = NULL;
			traces[found].traced = weir__traced_ref(task->traced);
			traces[found].subject = task;
		}
		found++;
	}
	(void)pthread_mutex_unlock(&tasks->lock);
	return found;
}

static const char *doing(const struct weir__task *task)
{
	if (atomic_load_explicit(&task->begun_at, memory_order_relaxed) == 0)
		return "waiting";
	if (weir__token_tripped(task->token))
		return "cancelled";
	return atomic_load_explicit(&task->asleep, memory_order_relaxed) ? "sleeping" : "running";
}

void weir__tasks_describe(struct weir__tasks *tasks, struct weir__text *text)
{
	struct weir__list *node;
	const char *comma = "";

	(void)pthread_mutex_lock(&tasks->lock);
	weir__list_each (node, &tasks->list) {
		const struct weir__task *task = weir__container(node, struct weir__task, node);

		weir__text_printf(text, "%s{\"name\":", comma);
		weir__text_json(text, task->name);
		weir__text_printf(text, ",\"state\":\"%s\",\"age_seconds\":", doing(task));
		weir__text_seconds(text, age_of(task));
		weir__text_append(text, "}", 1);
		comma = ",";
	}
	(void)pthread_mutex_unlock(&tasks->lock);
}

bool weir__tasks_has_self(const struct weir__tasks *tasks)
{
	return own_tasks == tasks;
}
