/* token.c: life, trip and deadline of a token.
 *
 * States: live -> tripped, once. A trip is one step under the tree's lock: each
 * descendant that is still live gets the cause, then the state; its waiters are woken,
 * its descriptor made readable, its callbacks collected. The callbacks run afterwards,
 * without the lock (callback.c).
 *
 * Locks: the tree's lock (the root's), then the timers' lock. A token is checked without
 * any. Lifetime: a child holds a reference to its parent, so the root, whose lock
 * everybody takes, outlives its descendants. A child that is being freed is reachable by
 * a trip until it has unlinked itself under the lock, and not after.
 */
#include "cancel/token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/futex.h"

static const struct {
	const char *key, *text;
} reasons[] = {
#define WEIR_REASON_ROW(name, key, text) {key, text},
	WEIR_REASONS(WEIR_REASON_ROW)
#undef WEIR_REASON_ROW
};

const char *weir_reason_key(int reason)
{
	return reasons[reason >= 0 && reason < WEIR_REASON_COUNT ? reason : WEIR_REASON_USER].key;
}

const char *weir_reason_text(int reason)
{
	return reasons[reason >= 0 && reason < WEIR_REASON_COUNT ? reason : WEIR_REASON_USER].text;
}

static void lock_tree(weir_token *token)
{
	(void)pthread_mutex_lock(&token->root->lock);
}

static void unlock_tree(weir_token *token)
{
	(void)pthread_mutex_unlock(&token->root->lock);
}

static bool is_tripped(const weir_token *token)
{
	uint32_t state = atomic_load_explicit(&token->state, memory_order_acquire);

	return (state & ~WEIR__TOKEN_WAITED) != 0;
}

/* Under the timers' lock: a token whose last reference has gone is being freed. */
static bool deadline_hold(struct weir__timer *timer)
{
	weir_token *token = weir__container(timer, weir_token, timer);
	uint32_t n = atomic_load_explicit(&token->references, memory_order_relaxed);

	while (n > 0)
		if (atomic_compare_exchange_weak_explicit(&token->references, &n, n + 1,
							  memory_order_acquire,
							  memory_order_relaxed))
			return true;
	return false;
}

static void deadline_fire(struct weir__timer *timer)
{
	weir_token *token = weir__container(timer, weir_token, timer);
	bool due;

	lock_tree(token);
	due = token->deadline <= weir_now(); /* it may have been moved meanwhile */
	unlock_tree(token);
	if (due)
		(void)weir_token_cancel_at(token, WEIR_REASON_DEADLINE, NULL, "", 0);
	weir_token_unref(token);
}

static const struct weir__timer_ops deadline_ops = {deadline_hold, deadline_fire};

static void init(weir_token *token, weir_token *parent, void (*release)(weir_token *token))
{
	atomic_init(&token->state, 0);
	atomic_init(&token->references, 1);
	token->parent = parent;
	token->root = parent ? parent->root : token;
	token->release = release;
	weir__list_init(&token->children);
	weir__list_init(&token->sibling);
	weir__callbacks_init(&token->callbacks);
	token->deadline = WEIR_NEVER;
	token->fd = -1;
	token->timed = false;
	weir__timer_init(&token->timer, &deadline_ops);
	if (!parent)
		token->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

void weir__token_init(weir_token *token, void (*release)(weir_token *token))
{
	init(token, NULL, release);
}

static void free_token(weir_token *token)
{
	free(token);
}

int weir_token_create(weir_token *parent, weir_time deadline, weir_token **out)
{
	weir_token *token;
	int error;

	if (!out)
		return -EINVAL;
	token = malloc(sizeof(*token));
	if (!token)
		return -ENOMEM;
	init(token, weir_token_ref(parent), free_token);
	if (parent) {
		lock_tree(token);
		weir__list_append(&parent->children, &token->sibling);
		if (is_tripped(parent)) {
			token->cause = parent->cause;
			atomic_store_explicit(&token->state, (uint32_t)parent->cause.reason,
					      memory_order_release);
		}
		unlock_tree(token);
	}
	error = deadline == WEIR_NEVER ? 0 : weir_token_set_deadline(token, deadline);
	if (error) {
		weir_token_unref(token);
		return error;
	}
	*out = token;
	return 0;
}

weir_token *weir_token_ref(weir_token *token)
{
	if (token)
		(void)atomic_fetch_add_explicit(&token->references, 1, memory_order_relaxed);
	return token;
}

void weir_token_unref(weir_token *token)
{
	/* The loop is the way up: a freed child gives back its parent's reference. */
	while (token) {
		weir_token *parent = token->parent;

		/* release: what this thread did with the token comes before its end; acquire:
		 * what the others did is seen by the one that frees it. */
		if (atomic_fetch_sub_explicit(&token->references, 1, memory_order_acq_rel) > 1)
			return;
		if (token->timed)
			weir__timer_disarm(&token->timer);
		if (parent) {
			lock_tree(token);
			weir__list_remove(&token->sibling);
			unlock_tree(token);
		}
		if (token->fd >= 0)
			(void)close(token->fd);
		token->release(token);
		token = parent;
	}
}

int weir_token_check(const weir_token *token)
{
	return token && is_tripped(token) ? -ECANCELED : 0;
}

/* Trips one token. True if it was live. */
static bool trip_one_locked(weir_token *token, const struct weir_cause *cause,
			    weir_token_callback *pending)
{
	uint32_t before;

	if (is_tripped(token))
		return false;
	token->cause = *cause;
	before = atomic_exchange_explicit(&token->state, (uint32_t)cause->reason,
					  memory_order_acq_rel);
	if (before & WEIR__TOKEN_WAITED)
		weir__futex_wake_all(&token->state);
	if (token->fd >= 0)
		(void)eventfd_write(token->fd, 1); /* cannot fail: it was 0 */
	weir__callbacks_collect_locked(token, pending);
	return true;
}

/* The token after `token` in pre-order within the tree of `top`; NULL at the end. A token
 * that was tripped before has only tripped descendants, which need no visit. */
static weir_token *next_locked(weir_token *token, const weir_token *top, bool descend)
{
	struct weir__list *child = descend ? weir__list_first(&token->children) : NULL;

	if (child)
		return weir__container(child, weir_token, sibling);
	while (token != top) {
		struct weir__list *next = token->sibling.next;

		if (next != &token->parent->children)
			return weir__container(next, weir_token, sibling);
		token = token->parent;
	}
	return NULL;
}

bool weir__token_trip(weir_token *token, const struct weir_cause *cause)
{
	weir_token_callback pending;
	weir_token *at;
	bool first;

	if (!token)
		return false;
	(void)weir_token_ref(token); /* a callback may give back the caller's */
	weir__callbacks_init(&pending);
	/* Also for what is tripped already: another thread may still be on its way through the
	 * tree, and all descendants must read as tripped when this call returns, too. */
	lock_tree(token);
	first = trip_one_locked(token, cause, &pending);
	at = next_locked(token, token, first);
	while (at)
		at = next_locked(at, token, trip_one_locked(at, cause, &pending));
	weir__callbacks_run_locked(token->root, &pending);
	unlock_tree(token);
	weir_token_unref(token);
	return first;
}

bool weir_token_cancel_at(weir_token *token, int reason, const char *detail, const char *file,
			  int line)
{
	struct weir_cause cause = {.reason = reason, .line = line, .file = file ? file : ""};

	if (!token)
		return false;
	if (reason <= WEIR_REASON_NONE || reason > 0xffff)
		cause.reason = WEIR_REASON_USER;
	cause.when = weir_now();
	if (detail) {
		size_t size = strnlen(detail, sizeof(cause.detail) - 1);

		memcpy(cause.detail, detail, size);
	}
	return weir__token_trip(token, &cause);
}

int weir_token_cause(const weir_token *token, struct weir_cause *out)
{
	if (!token || !is_tripped(token))
		return -EAGAIN;
	*out = token->cause;
	return 0;
}

int weir_token_reason(const weir_token *token)
{
	return token && is_tripped(token) ? token->cause.reason : WEIR_REASON_NONE;
}

weir_time weir_token_deadline(weir_token *token)
{
	weir_time earliest = WEIR_NEVER;
	const weir_token *at;

	if (!token)
		return WEIR_NEVER;
	lock_tree(token);
	for (at = token; at; at = at->parent)
		if (at->deadline < earliest)
			earliest = at->deadline;
	unlock_tree(token);
	return earliest;
}

int weir_token_set_deadline(weir_token *token, weir_time deadline)
{
	int error = 0;
	bool due;

	if (!token)
		return -EINVAL;
	lock_tree(token);
	due = deadline <= weir_now();
	if (deadline == WEIR_NEVER || due) {
		if (token->timed)
			weir__timer_disarm(&token->timer);
	} else if (!is_tripped(token)) {
		error = weir__timer_arm(&token->timer, deadline);
		token->timed = token->timed || !error;
	}
	if (!error)
		token->deadline = deadline;
	unlock_tree(token);
	if (due)
		(void)weir_token_cancel_at(token, WEIR_REASON_DEADLINE, NULL, "", 0);
	return error;
}

int weir_token_fd(weir_token *token)
{
	int fd;

	if (!token)
		return -EINVAL;
	lock_tree(token);
	if (token->fd < 0) {
		token->fd = eventfd(is_tripped(token) ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (token->fd < 0) {
			fd = -errno;
			unlock_tree(token);
			return fd;
		}
	}
	fd = token->fd;
	unlock_tree(token);
	return fd;
}
