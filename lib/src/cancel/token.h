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
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/token.h>

#include "base/list.h"
#include "cancel/gap.h"
#include "cancel/timer.h"

/* When and where a token was last looked at (look.c). Relaxed: nobody concludes anything about
 * other memory from it. */
struct weir__look {
	_Atomic(const char *) where; /* NULL: never */
	_Atomic weir_time tick;      /* of base/tick.h */
	_Atomic(const void *) by;    /* the thread that may write the place in this tick */
	_Atomic weir_time crowded;   /* the latest tick in which another thread looked, too */
	_Atomic uint32_t waiters;    /* blocking calls that wait now */
};

static inline void weir__look_init(struct weir__look *look)
{
	atomic_init(&look->where, NULL);
	atomic_init(&look->tick, 0);
	atomic_init(&look->by, NULL);
	atomic_init(&look->crowded, 0);
	atomic_init(&look->waiters, 0);
}

/* What a trip of the parent, or of a source, means for a token. */
enum weir__token_kind {
	WEIR__PLAIN,  /* it is tripped, too */
	WEIR__SHIELD, /* shield.c: it has so much time left */
	WEIR__LINKED, /* linked.c: a root; it is tripped, too, by a callback on each source */
};

/* A probe is told of each look at a token before it is decided, and may trip it then. */
struct weir__probe {
	/* On the thread that looks, with no lock of the library's held. `where` as in
	 * weir/token.h. `waits`: the look begins a wait. May call whatever a token callback
	 * may, but a look at the same token would be told to it again. */
	void (*look)(weir_token *token, const char *where, bool waits, void *arg);
	void *arg;
};

struct weir_token {
	/* atomic: bits 0 to 15 the reason, 0 while live; WEIR__TOKEN_WAITED live with threads
	 * in weir_token_wait(); WEIR__TOKEN_PROBED has a probe. The store of a reason releases
	 * `cause`; every look at it acquires. */
	_Atomic uint32_t state;
	_Atomic uint32_t references;

	struct weir__look look; /* atomic, beside the state for the cache's sake */

	/* fixed after init */
	weir_token *root, *parent;
	void (*release)(weir_token *token); /* called when the last reference has gone */
	const struct weir__probe *probe;    /* inherited; NULL: none */
	struct weir__gap *gap;              /* inherited, but by shields; NULL: nobody asks */
	enum weir__token_kind kind;

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

#define WEIR__TOKEN_REASON UINT32_C(0x0000ffff)
#define WEIR__TOKEN_PROBED UINT32_C(0x40000000)
#define WEIR__TOKEN_WAITED UINT32_C(0x80000000)

/* Makes a root inside memory of the caller's: one reference, no allocation, no lock.
 * `release` is called on whatever thread gives the last reference back, when nothing else
 * looks at the token any more: the memory is the caller's again. */
void weir__token_init(weir_token *token, void (*release)(weir_token *token));

/* The same for a token beneath `parent`, which may be NULL, and which gets one more reference.
 * It is not tripped with a parent that is, and no trip finds it, before weir__token_join_locked()
 * has been called. */
void weir__token_init_child(weir_token *token, weir_token *parent,
			    void (*release)(weir_token *token));
void weir__token_join_locked(weir_token *token);

/* Takes a reference if there is still one; false: the token is being freed. */
static inline bool weir__token_try_ref(weir_token *token)
{
	uint32_t n = atomic_load_explicit(&token->references, memory_order_relaxed);

	while (n > 0)
		if (atomic_compare_exchange_weak_explicit(&token->references, &n, n + 1,
							  memory_order_acquire,
							  memory_order_relaxed))
			return true;
	return false;
}

/* Trips as weir_token_cancel_at() does, with the cause given whole. */
bool weir__token_trip(weir_token *token, const struct weir_cause *cause);

/* Whether it is tripped, for the library's own use: unlike weir_token_check() it is no look of
 * the handler's: it records nothing and tells no probe. Not for NULL. */
static inline bool weir__token_tripped(const weir_token *token)
{
	return (atomic_load_explicit(&token->state, memory_order_acquire) & WEIR__TOKEN_REASON) !=
	       0;
}

/* look.c: around each sleep of a call that a trip of `token` ends, also in calls that nest:
 * begin records the caller as the last look and tells a probe, which may trip the token: so
 * before the last look that decides about sleeping. `where` is static, "weir_read()"; NULL:
 * a name that has been recorded by weir_token_check_at() at the call's entry. NULL tokens are
 * ignored. */
void weir__token_wait_begin(weir_token *token, const char *where);
void weir__token_wait_end(weir_token *token);

/* look.c: records a look that is no check, and tells a probe. NULL is ignored. */
void weir__token_look(weir_token *token, const char *where);

/* look.c: from here on `probe` is told of each look at this token and at those that are made
 * beneath it or linked to it later. Before the token is shared and has descendants. The
 * probe is borrowed for as long as one of them lives. A token without one pays nothing. */
void weir__token_set_probe(weir_token *token, const struct weir__probe *probe);

/* look.c: from here on looks at this token, and at what is made beneath it or linked to it later,
 * are also told to `gap`, which is borrowed for as long as one of them lives. Before the token is
 * shared and has descendants. A check pays nothing for it. */
static inline void weir__token_set_gap(weir_token *token, struct weir__gap *gap)
{
	token->gap = gap;
}

/* look.c: the gap of a token that many threads wait for, like a server's drain token: each look
 * counts for the gap that its thread has at that time. */
extern struct weir__gap weir__gap_shared __attribute__((visibility("hidden")));
/* look.c: the gap of this thread, until the next call; NULL: none. Borrowed. */
void weir__gap_of_thread(struct weir__gap *gap);

/* look.c: what is known of a child that is being freed stays known in its parent. */
void weir__token_look_keep(weir_token *parent, const weir_token *child);

/* token.c: the token after `token` in pre-order within the tree of `top`, without what is
 * beneath `token` unless `descend`; NULL at the end. */
weir_token *weir__token_next_locked(weir_token *token, const weir_token *top, bool descend);

/* deadline.c: gives the timer the time at which the token is to trip: its own deadline, or a
 * shield's limit if that is earlier. 0, -ENOMEM or -EAGAIN. */
int weir__deadline_arm_locked(weir_token *token);
/* deadline.c: for init. */
extern const struct weir__timer_ops weir__deadline_ops;

/* shield.c: the parent has been tripped: from now on the budget runs. */
void weir__shield_begin_locked(weir_token *token, const struct weir_cause *cause);
weir_time weir__shield_budget(const weir_token *token);
/* When the budget is over; WEIR_NEVER until it runs, and for tokens that are no shields. */
weir_time weir__shield_limit_locked(const weir_token *token);
/* The cause of a trip at the limit. */
void weir__shield_cause_locked(const weir_token *token, struct weir_cause *out);

/* linked.c: source number `i` of a root; NULL behind the last, and for other kinds. Fixed. */
weir_token *weir__linked_source(const weir_token *root, size_t i);

/* callback.c: weir_token_callback_add() for the library's own use: no look of the handler's. */
void weir__token_callback_add(weir_token *token, weir_token_callback *callback,
			      void (*fn)(void *arg), void *arg);

/* callback.c: moves the callbacks of a token that was just tripped to `pending`. */
void weir__callbacks_collect_locked(weir_token *token, weir_token_callback *pending);
/* callback.c: runs them one by one; gives the lock back for the length of each. Others may
 * take what is pending out, so `pending` must not go away before this says it is empty. */
void weir__callbacks_run_locked(weir_token *root, weir_token_callback *pending);
/* callback.c: makes `head` an empty circle. */
void weir__callbacks_init(weir_token_callback *head);

#endif
