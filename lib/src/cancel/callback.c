/* callback.c: running and removing token callbacks.
 *
 * States of a callback:
 *
 *	IDLE --add--> ARMED --trip--> PENDING --its turn--> RUNNING --fn returns--> DONE
 *	                 \--remove--> DONE   \--remove--> DONE
 *
 * IDLE is zeroed memory; DONE can be added again. All changes are made under the lock of
 * the callback's tree; IDLE and DONE are also read without it, so that removing what is not
 * registered needs neither lock nor token. A callback knows its root, not its token: fn may
 * give back the token's last reference, and whoever runs fn keeps the root.
 *
 * While fn runs no lock is held. The run is described by a `struct run` on the runner's
 * stack. Whoever must wait for it waits on the global condition `graph.changed`, under
 * `graph.lock` (taken inside the tree's lock, never the other way round). There the
 * threads form a graph: "thread A waits for a run of thread B". Before a thread waits it
 * follows that chain; if it leads back to itself, waiting would never end, and the call
 * returns -EDEADLK instead. One lock for the graph is enough: only a removal that meets
 * a running callback comes here.
 *
 * A run stays in place until its waiters have seen its end, so a waiter may look at it.
 */
#include "cancel/token.h"

#include <errno.h>

enum { IDLE, ARMED, PENDING, RUNNING, DONE };

/* A thread, as far as the graph is concerned; one for each, made when it is needed. */
struct actor {
	struct run *waits_for; /* under graph.lock */
};

struct run {
	struct actor *actor; /* fixed */
	bool detached;       /* under the tree's lock: leave the callback's memory alone */
	bool waited;         /* likewise: somebody is in wait_for_run() */
	bool over;           /* under graph.lock */
	unsigned waiters;    /* likewise */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
} graph = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};

static _Thread_local struct actor self;

static int get_state(const weir_token_callback *callback)
{
	return __atomic_load_n(&callback->weir__state, __ATOMIC_ACQUIRE);
}

/* release: after DONE the memory may be reused by whoever acquired it. */
static void set_state(weir_token_callback *callback, int state)
{
	__atomic_store_n(&callback->weir__state, state, __ATOMIC_RELEASE);
}

void weir__callbacks_init(weir_token_callback *head)
{
	head->weir__next = head->weir__prev = head;
}

static void link_before(weir_token_callback *head, weir_token_callback *callback)
{
	callback->weir__prev = head->weir__prev;
	callback->weir__next = head;
	head->weir__prev->weir__next = callback;
	head->weir__prev = callback;
}

static void unlink_callback(weir_token_callback *callback)
{
	callback->weir__prev->weir__next = callback->weir__next;
	callback->weir__next->weir__prev = callback->weir__prev;
}

void weir__callbacks_collect_locked(weir_token *token, weir_token_callback *pending)
{
	weir_token_callback *head = &token->callbacks;

	while (head->weir__next != head) {
		weir_token_callback *callback = head->weir__next;

		unlink_callback(callback);
		link_before(pending, callback);
		set_state(callback, PENDING);
	}
}

static void finish_run(struct run *run)
{
	(void)pthread_mutex_lock(&graph.lock);
	run->over = true;
	(void)pthread_cond_broadcast(&graph.changed);
	while (run->waiters > 0)
		(void)pthread_cond_wait(&graph.changed, &graph.lock);
	(void)pthread_mutex_unlock(&graph.lock);
}

/* Called with the tree's lock, which it gives back for the length of fn. */
static void run_locked(weir_token *root, weir_token_callback *callback)
{
	struct run run = {.actor = &self};
	void (*fn)(void *) = callback->weir__fn;
	void *arg = callback->weir__arg;

	callback->weir__run = &run;
	set_state(callback, RUNNING);
	(void)pthread_mutex_unlock(&root->lock);
	fn(arg);
	(void)pthread_mutex_lock(&root->lock);
	if (!run.detached) {
		callback->weir__run = NULL;
		set_state(callback, DONE);
	}
	if (run.waited) {
		/* Nobody new can come: the callback is DONE, or detached from this run. */
		(void)pthread_mutex_unlock(&root->lock);
		finish_run(&run);
		(void)pthread_mutex_lock(&root->lock);
	}
}

void weir__callbacks_run_locked(weir_token *root, weir_token_callback *pending)
{
	while (pending->weir__next != pending) {
		weir_token_callback *callback = pending->weir__next;

		unlink_callback(callback);
		run_locked(root, callback);
	}
}

void weir__token_callback_add(weir_token *token, weir_token_callback *callback,
			      void (*fn)(void *arg), void *arg)
{
	callback->weir__fn = fn;
	callback->weir__arg = arg;
	callback->weir__root = token ? token->root : NULL;
	callback->weir__run = NULL;
	if (!token) {
		set_state(callback, DONE);
		return;
	}
	(void)weir_token_ref(token); /* fn may give back the caller's */
	(void)pthread_mutex_lock(&token->root->lock);
	if (!weir__token_tripped(token)) {
		link_before(&token->callbacks, callback);
		set_state(callback, ARMED);
	} else {
		run_locked(token->root, callback);
	}
	(void)pthread_mutex_unlock(&token->root->lock);
	weir_token_unref(token);
}

void weir_token_callback_add(weir_token *token, weir_token_callback *callback,
			     void (*fn)(void *arg), void *arg)
{
	weir__token_look(token, "weir_token_callback_add()");
	weir__token_callback_add(token, callback, fn, arg);
}

/* Takes the callback out if it has not begun to run. */
static bool prevent_locked(weir_token_callback *callback)
{
	int state = get_state(callback);

	if (state != ARMED && state != PENDING)
		return false;
	unlink_callback(callback);
	set_state(callback, DONE);
	return true;
}

/* From here on the runner leaves the callback's memory alone. */
static void detach_locked(weir_token_callback *callback)
{
	struct run *run = callback->weir__run;

	if (get_state(callback) != RUNNING)
		return;
	run->detached = true;
	callback->weir__run = NULL;
	set_state(callback, DONE);
}

static bool leads_to_self_locked(const struct run *run)
{
	while (run && run->actor != &self)
		run = run->actor->waits_for;
	return run != NULL;
}

/* Called with the tree's lock, gives it back. 0 or -EDEADLK. */
static int wait_for_run(weir_token *root, weir_token_callback *callback)
{
	struct run *run = callback->weir__run;

	(void)pthread_mutex_lock(&graph.lock);
	if (leads_to_self_locked(run)) {
		int error = run->actor == &self ? 0 : -EDEADLK;

		(void)pthread_mutex_unlock(&graph.lock);
		detach_locked(callback);
		(void)pthread_mutex_unlock(&root->lock);
		return error;
	}
	run->waited = true;
	run->waiters++;
	self.waits_for = run;
	(void)pthread_mutex_unlock(&root->lock);
	while (!run->over)
		(void)pthread_cond_wait(&graph.changed, &graph.lock);
	self.waits_for = NULL;
	run->waiters--;
	(void)pthread_cond_broadcast(&graph.changed);
	(void)pthread_mutex_unlock(&graph.lock);
	return 0;
}

/* The root of a callback that may still be armed, pending or running; its lock is held on
 * return. NULL, without a lock, if the callback is IDLE or DONE. */
static weir_token *lock_callback(weir_token_callback *callback)
{
	int state = get_state(callback);
	weir_token *root;

	if (state == IDLE || state == DONE)
		return NULL;
	root = callback->weir__root;
	(void)pthread_mutex_lock(&root->lock);
	return root;
}

bool weir_token_callback_try_remove(weir_token_callback *callback)
{
	weir_token *root = lock_callback(callback);
	bool prevented;

	if (!root)
		return false;
	prevented = prevent_locked(callback);
	(void)pthread_mutex_unlock(&root->lock);
	return prevented;
}

int weir_token_callback_remove(weir_token_callback *callback)
{
	weir_token *root = lock_callback(callback);

	if (!root)
		return 0;
	if (!prevent_locked(callback) && get_state(callback) == RUNNING)
		return wait_for_run(root, callback);
	(void)pthread_mutex_unlock(&root->lock);
	return 0;
}

void weir_token_callback_detach(weir_token_callback *callback)
{
	weir_token *root = lock_callback(callback);

	if (!root)
		return;
	if (!prevent_locked(callback))
		detach_locked(callback);
	(void)pthread_mutex_unlock(&root->lock);
}
