/* task.h: background tasks: threads of a program's own beside the workers.
 *
 * A task runs a function once, or, a ticker, at start + n * period, until its token trips. Its
 * token is a child of the crew's, which trips when the crew is stopped. Tasks that are added
 * before the crew begins begin with it: their threads are made first and held, so that a start
 * that fails later has run nobody's code.
 *
 * Any thread may call anything that is not said to be the owner's.
 */
#ifndef WEIR_WORK_TASK_H
#define WEIR_WORK_TASK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <weir/report.h>
#include <weir/time.h>
#include <weir/token.h>

#include "base/backtrace.h"
#include "base/list.h"
#include "base/log.h"
#include "base/text.h"
#include "cancel/event.h"

#define WEIR__MAX_TASKS 256

struct weir__task;

enum weir__tasks_state {
	WEIR__TASKS_IDLE,   /* tasks are only noted down */
	WEIR__TASKS_HELD,   /* threads are made and wait */
	WEIR__TASKS_UNDONE, /* they end again without having run anything */
	WEIR__TASKS_RUNNING,
	WEIR__TASKS_STOPPED /* no further ones; the token is tripped */
};

struct weir__tasks {
	/* fixed after init */
	weir_token *token; /* the parent of all of theirs */
	const struct weir__logger *logger;

	_Atomic int state;          /* written under the lock, read by held threads */
	_Atomic unsigned alive;     /* threads that have not ended */
	struct weir__event changed; /* the state has, or a task has ended */

	pthread_mutex_t lock;
	/* under the lock */
	struct weir__list list; /* those that have not ended */
	unsigned count;
	struct weir__task *last; /* the one that ended last: its thread is not yet joined */
};

struct weir__task_plan {
	const char *name;                        /* copied, cut to 63 characters */
	int (*fn)(void *arg, weir_token *token); /* 0 or a negative errno, which is logged */
	void *arg;
	weir_time period; /* 0: `fn` runs once; else each `period` */
};

/* 0, -ENOMEM or -EAGAIN. `logger` is borrowed. */
int weir__tasks_init(struct weir__tasks *tasks, const struct weir__logger *logger);
/* Nothing may be alive any more. */
void weir__tasks_fini(struct weir__tasks *tasks);

/* Adds a task; its thread is started unless the crew is idle. 0; -ECANCELED after the stop;
 * -ENOSPC, -ENOMEM, -EAGAIN. */
int weir__tasks_add(struct weir__tasks *tasks, const struct weir__task_plan *plan);

/* The owner: makes the threads and holds them. 0, or -errno with everything undone. */
int weir__tasks_begin(struct weir__tasks *tasks);
/* The owner, after begin: lets them run, or takes them back as if it had not begun. */
void weir__tasks_release(struct weir__tasks *tasks);
void weir__tasks_undo(struct weir__tasks *tasks);

/* The owner: trips the token and takes no more; how many are alive at `until` at the latest. */
unsigned weir__tasks_stop(struct weir__tasks *tasks, weir_time until);

/* Names those that are alive, up to `capacity`, and prepares to ask their threads where they are
 * (weir__backtrace_ask()): of each trace the caller has a reference to `traced`. Returns how many
 * there are. */
size_t weir__tasks_name(struct weir__tasks *tasks, struct weir_task_left *out,
			struct weir__backtrace *traces, size_t capacity);

/* Those that are alive, as JSON objects with commas between them. */
void weir__tasks_describe(struct weir__tasks *tasks, struct weir__text *text);

/* Whether the calling thread is one of theirs. */
bool weir__tasks_has_self(const struct weir__tasks *tasks);

/* When a ticker runs next: the first of start + n * period, n >= 1, that is later than `now`;
 * WEIR_NEVER if there is none. `period` > 0. */
weir_time weir__tick_after(weir_time start, weir_time period, weir_time now);

#endif
