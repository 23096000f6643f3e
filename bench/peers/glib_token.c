/* glib_token.c: GLib's GCancellable for the token bench; see crowd.h for the parts.
 *
 * It has no tree: the cancellables "beneath" are cancelled by a handler connected to the one
 * above. Threads wait for it as its documentation says, with g_poll() on its descriptor. It has
 * no deadlines.
 */
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/clock.h"
#include "crowd.h"

/* In each slice. */
#define CHECKS 1000000U
#define CREATIONS 5000U
#define CALLBACKS 5000U

/* The fastest of the slices. */
static int64_t best_of(void (*slice)(GCancellable *token), GCancellable *token)
{
	int64_t best = INT64_MAX;

	for (unsigned i = 0; i < CROWD_SLICES; i++) {
		int64_t begun = bench_now(), took;

		slice(token);
		took = bench_now() - begun;
		if (took < best)
			best = took;
	}
	return best;
}

static void check_slice(GCancellable *token)
{
	for (unsigned i = 0; i < CHECKS; i++)
		if (g_cancellable_is_cancelled(token))
			abort();
}

static void check(unsigned depth)
{
	GCancellable *token = g_cancellable_new();

	if (depth == 0)
		crowd_say("check", best_of(check_slice, token), CHECKS);
	g_object_unref(token);
}

static void create_slice(GCancellable *none)
{
	(void)none;
	for (unsigned i = 0; i < CREATIONS; i++)
		g_object_unref(g_cancellable_new());
}

static void create(unsigned n)
{
	(void)n;
	crowd_say("create", best_of(create_slice, NULL), CREATIONS);
}

static void cancel_child(GCancellable *parent, gpointer child)
{
	(void)parent;
	g_cancellable_cancel(child);
}

static void children(unsigned count)
{
	GCancellable *parent = g_cancellable_new();
	GCancellable **tokens = g_new(GCancellable *, count);
	int64_t begun;

	for (unsigned i = 0; i < count; i++) {
		tokens[i] = g_cancellable_new();
		(void)g_cancellable_connect(parent, G_CALLBACK(cancel_child), tokens[i], NULL);
	}
	begun = bench_now();
	g_cancellable_cancel(parent);
	crowd_say("trip", bench_now() - begun, 1);
	for (unsigned i = 0; i < count; i++)
		g_object_unref(tokens[i]);
	g_free(tokens);
	g_object_unref(parent);
}

static void wait_on(void *token)
{
	GPollFD fd;

	if (!g_cancellable_make_pollfd(token, &fd))
		return;
	while (g_poll(&fd, 1, -1) != 1)
		;
	g_cancellable_release_fd(token);
}

static void cancel(void *token)
{
	g_cancellable_cancel(token);
}

static void waiters(unsigned count)
{
	GCancellable *token = g_cancellable_new();

	crowd_say("wake", crowd_wake(count, wait_on, cancel, token), 1);
	g_object_unref(token);
}

static void nothing(GCancellable *token, gpointer arg)
{
	(void)token;
	(void)arg;
}

static void callback_slice(GCancellable *token)
{
	for (unsigned i = 0; i < CALLBACKS; i++)
		g_cancellable_disconnect(
			token, g_cancellable_connect(token, G_CALLBACK(nothing), NULL, NULL));
}

static void callback(unsigned n)
{
	GCancellable *token = g_cancellable_new();

	(void)n;
	crowd_say("callback", best_of(callback_slice, token), CALLBACKS);
	g_object_unref(token);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(unsigned n);
	} parts[] = {{"check", check},
		     {"create", create},
		     {"children", children},
		     {"waiters", waiters},
		     {"callback", callback}};
	char about[64];
	const char *part;
	unsigned n;
	int code;

	(void)snprintf(about, sizeof(about), "GLib %u.%u.%u, GCancellable", glib_major_version,
		       glib_minor_version, glib_micro_version);
	code = crowd_arguments(argc, argv, about, &part, &n);
	for (size_t i = 0; code == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(part, parts[i].name) == 0)
			parts[i].run(n);
	return code;
}
