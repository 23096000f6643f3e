/* teardown.h: the program's teardown stages and the one thread that runs them.
 *
 * The coordinator says when and for how long (drain/coordinator.h); it waits here for a stage,
 * cancels it when its share is over, and goes on without it when it does not come back. The
 * thread is made with the server's other threads, so that a stop needs no memory for it.
 */
#ifndef WEIR_SERVER_TEARDOWN_H
#define WEIR_SERVER_TEARDOWN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <weir/report.h>
#include <weir/task.h>

#include "base/backtrace.h"
#include "cancel/event.h"
#include "drain/coordinator.h"

#define WEIR__MAX_TEARDOWNS 64

struct weir__teardown;

struct weir__teardown_stage {
	/* fixed before the start */
	struct weir__teardown *teardown;
	char name[64];
	weir_teardown_fn fn;
	void *arg;
	weir_time share;
	weir_token *token;

	int error; /* what `fn` returned; the thread's until `done`, then the coordinator's */
	_Atomic bool done;
};

struct weir__teardown {
	/* fixed before the start */
	struct weir__teardown_stage stages[WEIR__MAX_TEARDOWNS];
	size_t count;

	struct weir__traced *traced; /* fixed once started; works on the stage whose turn it is */

	/* the owner's thread only */
	pthread_t thread;
	bool has_thread;
	bool stuck; /* in a stage that was abandoned */

	_Atomic(struct weir__teardown_stage *) turn; /* whose turn it is; NULL: wait */
	_Atomic bool over;                           /* no further stage */
	struct weir__event changed;                  /* one of the two has, or a stage is done */
};

void weir__teardown_init(struct weir__teardown *teardown);
/* The thread must have been ended. */
void weir__teardown_fini(struct weir__teardown *teardown);

/* Before the start. 0, -ENOSPC, -ENOMEM. */
int weir__teardown_add(struct weir__teardown *teardown, const char *name, weir_teardown_fn fn,
		       void *arg, weir_time share);

/* Starts the thread, if there is a stage. 0, -ENOMEM or -EAGAIN. */
int weir__teardown_start(struct weir__teardown *teardown);
/* Ends and joins it; if a stage was abandoned, only tells it to end. */
void weir__teardown_end(struct weir__teardown *teardown);

/* For the coordinator: `arg` is the struct weir__teardown_stage. */
enum weir_stage_result weir__teardown_run(void *arg, weir_time until, weir_time give_up);

/* Whether the calling thread is the one that runs the stages. */
bool weir__teardown_has_self(const struct weir__teardown *teardown);

#endif
