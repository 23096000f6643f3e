/* token.c: life and trip of a token.
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

/* Trips one token; its callbacks are moved to `pending`, which may be NULL if it is too new to
 * have any. True if it was live. */
static bool trip_one_locked(weir_token *token, const struct weir_cause *cause,
			    weir_token_callback *pending)
{
	uint32_t before, probed;

	if (weir__token_tripped(token))
		return false;
	token->cause = *cause;
	probed = atomic_load_explicit(&token->state, memory_order_relaxed) & WEIR__TOKEN_PROBED;
	before = atomic_exchange_explicit(&token->state, (uint32_t)cause->reason | probed,
					  memory_order_acq_rel);
	if (before & WEIR__TOKEN_WAITED)
		weir__futex_wake_all(&token->state);
	if (token->fd >= 0)
		(void)eventfd_write(token->fd, 1); /* cannot fail: it was 0 */
	if (pending)
		weir__callbacks_collect_locked(token, pending);
	return true;
}

void weir__token_init_child(weir_token *token, weir_token *parent,
			    void (*release)(weir_token *token))
{
	atomic_init(&token->state, 0);
	atomic_init(&token->references, 1);
	weir__look_init(&token->look);
	token->parent = weir_token_ref(parent);
	token->root = parent ? parent->root : token;
	token->release = release;
	token->probe = NULL;
	token->gap = parent ? parent->gap : NULL;
	token->kind = WEIR__PLAIN;
	weir__list_init(&token->children);
	weir__list_init(&token->sibling);
	weir__callbacks_init(&token->callbacks);
	token->deadline = WEIR_NEVER;
	token->fd = -1;
	token->timed = false;
	weir__timer_init(&token->timer, &weir__deadline_ops);
	if (parent && parent->probe)
		weir__token_set_probe(token, parent->probe);
	if (!parent)
		token->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

void weir__token_init(weir_token *token, void (*release)(weir_token *token))
{
	weir__token_init_child(token, NULL, release);
}

void weir__token_join_locked(weir_token *token)
{
	weir_token *parent = token->parent;

	weir__list_append(&parent->children, &token->sibling);
	if (!weir__token_tripped(parent))
		return;
	if (token->kind == WEIR__SHIELD)
		weir__shield_begin_locked(token, &parent->cause);
	else
		(void)trip_one_locked(token, &parent->cause, NULL);
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
	weir__token_init_child(token, parent, free_token);
	if (parent) {
		lock_tree(token);
		weir__token_join_locked(token);
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
		if (parent) {
			lock_tree(token);
			weir__token_look_keep(parent, token);
			weir__list_remove(&token->sibling);
			unlock_tree(token);
		}
		/* Not before: until then a trip of the parent may arm a shield. */
		if (token->timed)
			weir__timer_disarm(&token->timer);
		if (token->fd >= 0)
			(void)close(token->fd);
		token->release(token);
		token = parent;
	}
}

weir_token *weir__token_next_locked(weir_token *token, const weir_token *top, bool descend)
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

/* What the trip of its parent means for a token. True if those beneath it are to be visited: a
 * token that was tripped before has only tripped descendants, and a shield keeps its own. */
static bool reach_locked(weir_token *token, const struct weir_cause *cause,
			 weir_token_callback *pending)
{
	if (token->kind != WEIR__SHIELD)
		return trip_one_locked(token, cause, pending);
	weir__shield_begin_locked(token, cause);
	return false;
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
	at = weir__token_next_locked(token, token, first);
	while (at)
		at = weir__token_next_locked(at, token, reach_locked(at, cause, &pending));
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
	if (!token || !weir__token_tripped(token))
		return -EAGAIN;
	*out = token->cause;
	return 0;
}

int weir_token_reason(const weir_token *token)
{
	return token && weir__token_tripped(token) ? token->cause.reason : WEIR_REASON_NONE;
}

int weir_token_fd(weir_token *token)
{
	int fd;

	if (!token)
		return -EINVAL;
	weir__token_look(token, "weir_token_fd()");
	lock_tree(token);
	if (token->fd < 0) {
		token->fd = eventfd(weir__token_tripped(token) ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
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
