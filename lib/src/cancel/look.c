/* look.c: looking at a token, and remembering when and where.
 *
 * A check is a load of the state. Beside it, the place and the coarse tick are compared
 * with what is recorded; only if one differs, or the state is not simply "live", is there more
 * to do. So a loop that checks stores at most once in a tick.
 *
 * A token that many threads look at, each from a place of its own, must not have its cache line
 * torn from core to core by that. So within one tick only the thread that was first may
 * write places (`by`), and it, too, stops as soon as it sees that another thread looks in the
 * same tick (`crowded`): a few stores in a tick, however many threads there are. A token that
 * one thread looks at, as a request's, always has its latest place.
 *
 * The gaps between looks (gap.h) are measured where a look is the first in its tick, which is
 * not the path of a check that has nothing to record, and around each wait.
 */
#include "cancel/token.h"

#include <errno.h>

#include "base/tick.h"

/* Its address is the thread's identity. */
static _Thread_local char self;

struct weir__gap weir__gap_shared;
static _Thread_local struct weir__gap *own_gap;

void weir__gap_of_thread(struct weir__gap *gap)
{
	own_gap = gap;
}

static struct weir__gap *gap_of(const weir_token *token)
{
	return token->gap == &weir__gap_shared ? own_gap : token->gap;
}

/* Tells the gaps of a token, and of those that a linked one stands for, of a look or of the end of
 * a wait. */
static void tell_gap(const weir_token *token, weir_time now,
		     void (*tell)(struct weir__gap *gap, weir_time now))
{
	struct weir__gap *gap = gap_of(token);
	const weir_token *source;
	size_t i = 0;

	if (gap)
		tell(gap, now);
	while ((source = weir__linked_source(token->root, i++)))
		tell_gap(source, now, tell);
}

static void record_in_sources(const weir_token *root, const char *where);

static void record(weir_token *token, const char *where)
{
	struct weir__look *look = &token->look;
	weir_time tick = weir__tick_now();
	bool fresh;

	if (tick == 0) { /* nobody has needed the time yet */
		weir__tick_update(weir_now());
		tick = weir__tick_now();
	}
	fresh = atomic_load_explicit(&look->tick, memory_order_relaxed) != tick;
	if (!fresh && atomic_load_explicit(&look->by, memory_order_relaxed) != &self) {
		if (atomic_load_explicit(&look->crowded, memory_order_relaxed) != tick)
			atomic_store_explicit(&look->crowded, tick, memory_order_relaxed);
		return;
	}
	if (!fresh && atomic_load_explicit(&look->crowded, memory_order_relaxed) == tick)
		return;
	atomic_store_explicit(&look->where, where, memory_order_relaxed);
	if (fresh) {
		struct weir__gap *gap = gap_of(token);

		atomic_store_explicit(&look->by, &self, memory_order_relaxed);
		atomic_store_explicit(&look->tick, tick, memory_order_relaxed);
		if (gap)
			weir__gap_look(gap, tick);
	}
	if (token->root->kind == WEIR__LINKED)
		record_in_sources(token->root, where);
}

/* Who looks at what is linked to a token looks at the token. */
static void record_in_sources(const weir_token *root, const char *where)
{
	weir_token *source;
	size_t i = 0;

	while ((source = weir__linked_source(root, i++)))
		record(source, where);
}

static void tell_probe(weir_token *token, const char *where, bool waits)
{
	if (atomic_load_explicit(&token->state, memory_order_relaxed) & WEIR__TOKEN_PROBED)
		token->probe->look(token, where, waits, token->probe->arg);
}

static bool is_recorded(const weir_token *token, const char *where)
{
	const struct weir__look *look = &token->look;

	return atomic_load_explicit(&look->where, memory_order_relaxed) == where &&
	       atomic_load_explicit(&look->tick, memory_order_relaxed) == weir__tick_now();
}

static bool is_waited_for(const weir_token *token)
{
	return atomic_load_explicit(&token->look.waiters, memory_order_relaxed) > 0;
}

void weir__token_look(weir_token *token, const char *where)
{
	if (!token)
		return;
	if (!is_recorded(token, where) && !is_waited_for(token))
		record(token, where);
	tell_probe(token, where, false);
}

/* Apart, so that the usual path of a check needs no stack. */
static __attribute__((noinline)) int look_closely(weir_token *token, const char *where)
{
	if (!is_recorded(token, where))
		record(token, where);
	tell_probe(token, where, false);
	return weir__token_tripped(token) ? -ECANCELED : 0;
}

int weir_token_check_at(const weir_token *token, const char *where)
{
	if (!token)
		return 0;
	if ((atomic_load_explicit(&token->state, memory_order_acquire) & ~WEIR__TOKEN_WAITED) ==
		    0 &&
	    is_recorded(token, where))
		return 0;
	/* What is recorded is no part of what the caller means by const. */
	return look_closely((weir_token *)token, where);
}

int(weir_token_check)(const weir_token *token)
{
	return weir_token_check_at(token, "weir_token_check()");
}

static void add_waiters(weir_token *token, uint32_t n)
{
	weir_token *source;
	size_t i = 0;

	(void)atomic_fetch_add_explicit(&token->look.waiters, n, memory_order_relaxed);
	while ((source = weir__linked_source(token->root, i++)))
		add_waiters(source, n);
}

void weir__token_wait_begin(weir_token *token, const char *where)
{
	weir_time now;
	const char *last;

	if (!token)
		return;
	now = weir_now();
	weir__tick_update(now);
	tell_gap(token, now, weir__gap_sleep);
	last = atomic_load_explicit(&token->look.where, memory_order_relaxed);
	/* Of calls within calls the outer one says more. */
	if (!where || is_waited_for(token))
		where = last ? last : "a blocking call";
	record(token, where);
	add_waiters(token, 1);
	tell_probe(token, where, true);
}

void weir__token_wait_end(weir_token *token)
{
	weir_time now;

	if (!token)
		return;
	add_waiters(token, UINT32_MAX); /* minus one */
	now = weir_now();
	weir__tick_update(now);
	tell_gap(token, now, weir__gap_wake);
}

void weir__token_set_probe(weir_token *token, const struct weir__probe *probe)
{
	token->probe = probe;
	(void)atomic_fetch_or_explicit(&token->state, WEIR__TOKEN_PROBED, memory_order_release);
}

void weir__token_look_keep(weir_token *parent, const weir_token *child)
{
	const char *where = atomic_load_explicit(&child->look.where, memory_order_relaxed);
	weir_time tick = atomic_load_explicit(&child->look.tick, memory_order_relaxed);

	if (!where || tick < atomic_load_explicit(&parent->look.tick, memory_order_relaxed))
		return;
	atomic_store_explicit(&parent->look.where, where, memory_order_relaxed);
	atomic_store_explicit(&parent->look.tick, tick, memory_order_relaxed);
	atomic_store_explicit(&parent->look.by, &self, memory_order_relaxed);
}

static void take_if_later(const weir_token *token, struct weir_last_check *last)
{
	const char *where = atomic_load_explicit(&token->look.where, memory_order_relaxed);
	weir_time tick = atomic_load_explicit(&token->look.tick, memory_order_relaxed);
	int waiting = is_waited_for(token);

	if (!where || waiting < last->waiting)
		return;
	if (!last->where || waiting > last->waiting || tick >= last->when) {
		last->where = where;
		last->when = tick;
		last->waiting = waiting;
	}
}

int weir_token_last_check(const weir_token *token, struct weir_last_check *out)
{
	struct weir_last_check last = {NULL, 0, 0};
	weir_token *at = (weir_token *)token; /* is not changed */

	if (!token || !out)
		return -EINVAL;
	(void)pthread_mutex_lock(&token->root->lock);
	for (; at; at = weir__token_next_locked(at, token, true))
		take_if_later(at, &last);
	(void)pthread_mutex_unlock(&token->root->lock);
	if (!last.where)
		return -EAGAIN;
	*out = last;
	return 0;
}
