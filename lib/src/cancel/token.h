/* token.h: the inside of a token, for the modules that embed one.
 *
 * Fields are grouped by who may touch them. "The tree's lock" is the `lock` of the
 * root: one lock a tree, so that a trip reaches all descendants as one step and no
 * lock order between tokens is needed.
 */
#ifndef WEIR_CANCEL_TOKEN_H
#define WEIR_CANCEL_TOKEN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <weir/token.h>

#include "base/list.h"
#include "cancel/timer.h"

struct weir_token {
	/* atomic: 0 live, WEIR__TOKEN_WAITED live with threads in weir_token_wait(), else the
	 * reason. The store of a reason releases `cause`; every look at it acquires. */
	_Atomic uint32_t state;
	_Atomic uint32_t references;

	/* fixed after init */
	weir_token *root, *parent;
	void (*release)(weir_token *token); /* called when the last reference has gone */

	/* under the tree's lock */
	struct weir__list children, sibling;
	weir_token_callback callbacks; /* head of a circle, not a callback itself */
	weir_time deadline;
	int fd;                  /* -1 until asked for */
	bool timed;              /* the timer was armed at least once */
	struct weir_cause cause; /* written once, before the trip */

	struct weir__timer timer; /* see timer.h */
	pthread_mutex_t lock;     /* used in roots only */
};

#define WEIR__TOKEN_WAITED UINT32_C(0x80000000)

/* Makes a root inside memory of the caller's: one reference, no allocation, no lock.
 * `release` is called on whatever thread gives the last reference back, when nothing else
 * looks at the token any more: the memory is the caller's again. */
void weir__token_init(weir_token *token, void (*release)(weir_token *token));

/* Trips as weir_token_cancel_at() does, with the cause given whole. */
bool weir__token_trip(weir_token *token, const struct weir_cause *cause);

/* callback.c: moves the callbacks of a token that was just tripped to `pending`. */
void weir__callbacks_collect_locked(weir_token *token, weir_token_callback *pending);
/* callback.c: runs them one by one; gives the lock back for the length of each. Others may
 * take what is pending out, so `pending` must not go away before this says it is empty. */
void weir__callbacks_run_locked(weir_token *root, weir_token_callback *pending);
/* callback.c: makes `head` an empty circle. */
void weir__callbacks_init(weir_token_callback *head);

#endif
