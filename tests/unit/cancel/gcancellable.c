/* What GLib's GCancellable documents as a deadlock, done to a token.
 *
 * The documentation of g_cancellable_connect() (GLib 2.82 and later) lists five methods that
 * "will deadlock (by design) when called from the cancelled callbacks": g_cancellable_connect(),
 * g_cancellable_disconnect(), g_cancellable_reset(), g_cancellable_make_pollfd() and
 * g_cancellable_release_fd(); that of g_cancellable_disconnect() says that it blocks until a
 * running handler has finished. Here each is done inside a callback, by a trip and at once
 * (the token being tripped already when the callback is added); a call that waited for its
 * own thread would hang the test.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>

#include <weir/io.h>
#include <weir/token.h>

#include "support/gate.h"
#include "support/must.h"
#include "support/token.h"
#include "unit/threads.h"

TestSuite(gcancellable, .timeout = 60);

struct scene {
	weir_token *token;
	weir_token_callback callback, other;
	unsigned runs, other_runs;
	weir_token *made;
};

static void count_other(void *arg)
{
	((struct scene *)arg)->other_runs++;
}

static bool readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

static void play(void (*inside)(void *scene), void (*after)(struct scene *scene))
{
	for (int at_once = 0; at_once < 2; at_once++) {
		struct scene scene = {.token = token_make(NULL)};

		if (at_once)
			cr_assert(weir_token_cancel(scene.token, WEIR_REASON_REQUESTED, NULL));
		weir_token_callback_add(scene.token, &scene.callback, inside, &scene);
		if (!at_once)
			cr_assert(weir_token_cancel(scene.token, WEIR_REASON_REQUESTED, NULL));
		cr_assert_eq(scene.runs, 1);
		after(&scene);
		weir_token_unref(scene.made);
		weir_token_unref(scene.token);
	}
}

/* g_cancellable_connect() from the callback: here the new callback runs at once, as always on
 * a tripped token. */
static void connect_inside(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	weir_token_callback_add(scene->token, &scene->other, count_other, scene);
	must(scene->other_runs == 1, "not run at once: %u", scene->other_runs);
}

static void check_connected(struct scene *scene)
{
	cr_assert_eq(scene->other_runs, 1);
}

Test(gcancellable, connect_inside_a_callback)
{
	play(connect_inside, check_connected);
}

/* g_cancellable_disconnect() of the very callback that runs: "will therefore result in a
 * deadlock". Here each of the three ways to remove one returns. */
static void disconnect(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	must(weir_token_callback_remove(&scene->callback) == 0, "remove");
	must(!weir_token_callback_try_remove(&scene->callback), "prevented while it runs");
	weir_token_callback_detach(&scene->callback);
}

static void check_disconnected(struct scene *scene)
{
	cr_assert_eq(weir_token_callback_remove(&scene->callback), 0);
}

Test(gcancellable, disconnect_inside_its_own_callback)
{
	play(disconnect, check_disconnected);
}

/* g_cancellable_disconnect() of another callback of the same object, which has not run. */
static void disconnect_other(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	must(weir_token_callback_remove(&scene->other) == 0, "the other");
}

Test(gcancellable, disconnect_another_inside_a_callback)
{
	for (int other_first = 0; other_first < 2; other_first++) {
		struct scene scene = {.token = token_make(NULL)};

		if (other_first)
			weir_token_callback_add(scene.token, &scene.other, count_other, &scene);
		weir_token_callback_add(scene.token, &scene.callback, disconnect_other, &scene);
		if (!other_first)
			weir_token_callback_add(scene.token, &scene.other, count_other, &scene);
		cr_assert(weir_token_cancel(scene.token, WEIR_REASON_REQUESTED, NULL));
		cr_assert_eq(scene.runs, 1);
		/* Their order is not defined: it has run before, or not at all. */
		cr_assert_leq(scene.other_runs, 1);
		weir_token_unref(scene.token);
	}
}

/* g_cancellable_reset(): a token is never reset. What people reset for, to use the object for
 * the next operation, is done with a new token, made, waited on and cancelled right there; and
 * the same callback is added to it. */
static void begin_anew(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	must(weir_token_check(scene->token) == -ECANCELED, "tripped for good");
	scene->made = token_make(NULL);
	weir_token_callback_add(scene->made, &scene->other, count_other, scene);
	must(weir_token_wait(scene->made, 0) == -ETIMEDOUT, "the new one is tripped");
	must(scene->other_runs == 0, "run too early");
}

static void check_anew(struct scene *scene)
{
	cr_assert_eq(weir_token_check(scene->made), 0);
	cr_assert(weir_token_cancel(scene->made, WEIR_REASON_REQUESTED, NULL));
	cr_assert_eq(scene->other_runs, 1);
	cr_assert_eq(weir_token_check(scene->token), -ECANCELED);
}

Test(gcancellable, reset_like_use_inside_a_callback)
{
	play(begin_anew, check_anew);
}

/* g_cancellable_make_pollfd(): the descriptor is made in the callback, for the tripped token and
 * for one that is not. */
static void make_fd(void *arg)
{
	struct scene *scene = arg;

	scene->runs++;
	scene->made = token_make(NULL);
	must(readable(weir_token_fd(scene->token)), "not readable");
	must(!readable(weir_token_fd(scene->made)), "readable");
}

static void check_fd(struct scene *scene)
{
	cr_assert(readable(weir_token_fd(scene->token)));
	cr_assert(weir_token_cancel(scene->made, WEIR_REASON_REQUESTED, NULL));
	cr_assert(readable(weir_token_fd(scene->made)));
}

Test(gcancellable, make_the_descriptor_inside_a_callback)
{
	play(make_fd, check_fd);
}

/* g_cancellable_release_fd(): the descriptor goes with its token, whose last reference is given
 * back in the callback: of a token beneath, and of the tripped one itself. */
static void release_fd(void *arg)
{
	struct scene *scene = arg;
	weir_token *child = token_make(scene->token);

	scene->runs++;
	must(readable(weir_token_fd(child)), "not readable");
	weir_token_unref(child);
	must(weir_token_fd(scene->token) >= 0, "no descriptor");
	weir_token_unref(scene->token);
	scene->token = NULL;
}

static void check_released(struct scene *scene)
{
	cr_assert_null(scene->token);
}

Test(gcancellable, release_the_descriptor_inside_a_callback)
{
	play(release_fd, check_released);
}

/* Two threads, each in a callback, each removing the callback that the other runs: with
 * g_cancellable_disconnect(), which blocks until the handler has finished, neither would
 * return. */
struct pair {
	struct side {
		struct pair *pair;
		struct side *other;
		weir_token *token;
		weir_token_callback callback;
		struct gate gate;
		int result;
		_Atomic bool over;
	} sides[2];
};

static void remove_the_others(void *arg)
{
	struct side *side = arg;

	must(gate_pass(&side->gate) == 0, "not let through");
	side->result = weir_token_callback_remove(&side->other->callback);
	if (side->result == 0)
		must(atomic_load(&side->other->over), "0 while it runs");
	atomic_store(&side->over, true);
}

static void trip(void *arg)
{
	struct side *side = arg;

	(void)weir_token_cancel(side->token, WEIR_REASON_REQUESTED, NULL);
}

Test(gcancellable, two_threads_disconnect_each_others_inside_callbacks)
{
	struct pair pair = {0};
	struct thread threads[2];

	for (unsigned i = 0; i < 2; i++) {
		struct side *side = &pair.sides[i];

		side->other = &pair.sides[1 - i];
		side->token = token_make(NULL);
		gate_init(&side->gate);
		weir_token_callback_add(side->token, &side->callback, remove_the_others, side);
	}
	for (unsigned i = 0; i < 2; i++)
		thread_start(&threads[i], trip, &pair.sides[i]);
	for (unsigned i = 0; i < 2; i++)
		gate_await(&pair.sides[i].gate, 1);
	for (unsigned i = 0; i < 2; i++)
		gate_open(&pair.sides[i].gate, 1);
	for (unsigned i = 0; i < 2; i++)
		thread_join(&threads[i]);
	/* One was told that it must not wait; the other one's wait ended. */
	cr_assert_eq(pair.sides[0].result + pair.sides[1].result, -EDEADLK);
	for (unsigned i = 0; i < 2; i++) {
		weir_token_unref(pair.sides[i].token);
		gate_destroy(&pair.sides[i].gate);
	}
}

/* A lock of the program's that the callback wants, held by who removes it:
 * g_cancellable_disconnect() knows only the way that waits. */
struct locked {
	pthread_mutex_t lock;
	weir_token *token;
	weir_token_callback callback;
	struct gate gate;
};

static void want_lock(void *arg)
{
	struct locked *locked = arg;

	gate_announce(&locked->gate);
	must(pthread_mutex_lock(&locked->lock) == 0, "lock");
	must(pthread_mutex_unlock(&locked->lock) == 0, "unlock");
}

static void trip_locked(void *arg)
{
	(void)weir_token_cancel(((struct locked *)arg)->token, WEIR_REASON_REQUESTED, NULL);
}

Test(gcancellable, removing_with_a_lock_held_that_the_callback_wants)
{
	struct locked locked = {.lock = PTHREAD_MUTEX_INITIALIZER, .token = token_make(NULL)};
	struct thread thread;

	gate_init(&locked.gate);
	weir_token_callback_add(locked.token, &locked.callback, want_lock, &locked);
	cr_assert_eq(pthread_mutex_lock(&locked.lock), 0);
	thread_start(&thread, trip_locked, &locked);
	gate_await(&locked.gate, 1);
	cr_assert_not(weir_token_callback_try_remove(&locked.callback));
	weir_token_callback_detach(&locked.callback);
	cr_assert_eq(pthread_mutex_unlock(&locked.lock), 0);
	thread_join(&thread);
	weir_token_unref(locked.token);
	gate_destroy(&locked.gate);
}
