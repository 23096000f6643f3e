/* deadline.c: the deadline of a token.
 *
 * Its own deadline, and a shield's limit, are under the tree's lock; the timer is armed for
 * the earlier of them. Firing takes no notice of what the timer was armed for: it looks again,
 * because the deadline may have been moved meanwhile.
 *
 * A shield's timer stays in the heap from the beginning (timer.h), so that arming it while its
 * parent is being tripped needs no memory.
 */
#include <errno.h>

#include "base/tick.h"
#include "cancel/token.h"

/* The sum of two times that are not negative, or WEIR_NEVER. */
static weir_time later(weir_time time, weir_time by)
{
	weir_time sum;

	return __builtin_add_overflow(time, by, &sum) ? WEIR_NEVER : sum;
}

static weir_time earlier(weir_time a, weir_time b)
{
	return a < b ? a : b;
}

static weir_time own_deadline_locked(const weir_token *token)
{
	return earlier(token->deadline, weir__shield_limit_locked(token));
}

/* Under the timers' lock: a token whose last reference has gone is being freed. */
static bool hold(struct weir__timer *timer)
{
	return weir__token_try_ref(weir__container(timer, weir_token, timer));
}

static void fire(struct weir__timer *timer)
{
	weir_token *token = weir__container(timer, weir_token, timer);
	struct weir_cause cause = {.reason = WEIR_REASON_DEADLINE, .file = ""};
	weir_time deadline;

	(void)pthread_mutex_lock(&token->root->lock);
	deadline = own_deadline_locked(token);
	if (weir__shield_limit_locked(token) < token->deadline)
		weir__shield_cause_locked(token, &cause);
	(void)pthread_mutex_unlock(&token->root->lock);
	cause.when = weir_now();
	if (deadline <= cause.when)
		(void)weir__token_trip(token, &cause);
	weir_token_unref(token);
}

const struct weir__timer_ops weir__deadline_ops = {hold, fire};

int weir__deadline_arm_locked(weir_token *token)
{
	int error = weir__timer_arm(&token->timer, own_deadline_locked(token));

	token->timed = token->timed || !error;
	return error;
}

static int set_locked(weir_token *token, weir_time deadline, weir_time now)
{
	weir_time before = token->deadline;
	int error;

	token->deadline = deadline;
	if (deadline <= now || weir__token_tripped(token) ||
	    (deadline == WEIR_NEVER && token->kind != WEIR__SHIELD)) {
		if (token->timed)
			weir__timer_disarm(&token->timer);
		return 0;
	}
	error = weir__deadline_arm_locked(token);
	if (error)
		token->deadline = before;
	return error;
}

int weir_token_set_deadline(weir_token *token, weir_time deadline)
{
	weir_time now = weir_now();
	int error;

	if (!token)
		return -EINVAL;
	weir__tick_update(now);
	(void)pthread_mutex_lock(&token->root->lock);
	error = set_locked(token, deadline, now);
	(void)pthread_mutex_unlock(&token->root->lock);
	if (deadline <= now)
		(void)weir_token_cancel_at(token, WEIR_REASON_DEADLINE, NULL, "", 0);
	return error;
}

weir_time weir_token_deadline(weir_token *token)
{
	weir_time earliest = WEIR_NEVER, delay = 0;
	weir_token *root, *source;
	const weir_token *at;
	size_t i = 0;

	if (!token)
		return WEIR_NEVER;
	root = token->root;
	(void)pthread_mutex_lock(&root->lock);
	for (at = token; at; at = at->parent) {
		earliest = earlier(earliest, later(own_deadline_locked(at), delay));
		if (weir__shield_limit_locked(at) != WEIR_NEVER)
			break; /* what is above has been tripped: the limit is what comes of it */
		delay = later(delay, weir__shield_budget(at));
	}
	(void)pthread_mutex_unlock(&root->lock);
	while (!at && (source = weir__linked_source(root, i++)))
		earliest = earlier(earliest, later(weir_token_deadline(source), delay));
	return earliest;
}
