/* weir/task.h: background work of a server, and teardown in order.
 *
 * A task is a thread of its own beside the workers: a consumer, a ticker, a feed. It has a
 * token; when that trips it comes back soon. Tasks outlive the handlers, which may have
 * work for them: a stop joins the workers first, then trips the tasks' tokens (with
 * WEIR_REASON_SHUTDOWN), waits for the tasks, and then runs the teardown stages in reverse order
 * of registration: what was opened first is closed last. (A task that should end as soon as a
 * stop begins watches weir_server_drain_token().)
 *
 * Nothing is torn down beneath something that is still alive: when a handler or a task has
 * not come back in time, or a stage never came back, the stages that come after it are skipped,
 * and the drain report says which, and why. Tasks are told to end even when a handler was
 * abandoned: so a task ends its own work when it comes back, and leaves what it shares with
 * handlers for a stage to close. Inline routes of admin listeners answer to the very end, while
 * stages run: they must not use what a stage closes.
 *
 * A server that is destroyed without having been started runs none of this.
 */
#ifndef WEIR_TASK_H
#define WEIR_TASK_H

#include <weir/server.h>
#include <weir/time.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The body of a task. Returns 0, or a negative errno, which is logged as "task-failed"
 *  (-ECANCELED after a trip is not). Every signal but those of a fault of its own is blocked on
 *  its thread. Must not call weir_server_wait() (it gives -EDEADLK), weir_server_destroy() or
 *  pthread_exit(). */
typedef int (*weir_task_fn)(void *arg, weir_token *token);

/** Starts a thread that runs `fn(arg, token)` once. Before or after the server's start; with
 *  a server that has not been started it begins with it (and not if that start fails). `name` is
 *  copied (63 characters of it; 15 name the thread) and shows in the report and in the status.
 *  `arg` is borrowed until `fn` has returned; the token lives as long as `fn` runs. Any thread,
 *  handlers and tasks included. Returns 0; -ECANCELED once a stop was asked for; -EINVAL (no
 *  name, no fn), -ENOMEM, -EAGAIN (no thread to be had); -ENOSPC when there are 256 that have
 *  not ended. */
WEIR_API int weir_task_start(weir_server *server, const char *name, weir_task_fn fn, void *arg);

/** The same, for a ticker: runs `fn` each `period`, the first time one period after the task
 *  began, on one thread: no two runs overlap. The times are begin + n * period: it does
 *  not drift; ticks that pass while `fn` runs are left out. An error of `fn` is logged and
 *  the ticker goes on, until its token trips; `fn` gets that token. -EINVAL too if the period is
 *  not positive. */
WEIR_API int weir_task_every(weir_server *server, const char *name, weir_time period,
			     weir_task_fn fn, void *arg);

/** A stage of teardown. `token` has the end of its share as its deadline: it should give up when
 *  that trips. Returns 0, or a negative errno, which is logged; the next stage runs all the
 *  same. What a task must not call, it must not either. */
typedef int (*weir_teardown_fn)(void *arg, weir_token *token);

/** Registers a stage: at the end of a stop, `fn(arg, token)` is run, after those that were
 *  registered later, all on one thread that is neither the program's nor a worker. `share` is
 *  the longest time it may take, as far as that much is left of the drain timeout; 0: an equal
 *  part of what is left when its turn comes. However late the stop is, each stage has 100 ms, or
 *  its `share` if that is less. Before the start only. `name` is copied (63 characters of it),
 *  `arg` borrowed until the stop is over; if the stage is abandoned, for good.
 *  A stage that is still running when its share is over is cancelled by its token, and has as
 *  long again (at most 1 s) to come back ("overrun": the next one runs then). If it does not, it
 *  is abandoned, like a handler: the outcome is WEIR_ABANDONED and the later ones are skipped.
 *  Returns 0, -EINVAL (no name, no fn, a negative share), -ENOMEM, -ENOSPC (64 already), -EBUSY
 *  (already started). */
WEIR_API int weir_server_on_teardown(weir_server *server, const char *name, weir_teardown_fn fn,
				     void *arg, weir_time share);

#ifdef __cplusplus
}
#endif

#endif
