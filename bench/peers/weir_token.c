/* weir_token.c: Weir's tokens for the token bench; see crowd.h for the parts.
 *
 * The coarse clock that a check compares is moved each millisecond meanwhile, as in a busy server
 * (lib/src/base/tick.h). "bare" is a check as it would be if nothing were recorded: the same code
 * but for that, and called as a function likewise.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/weir.h>

#include "base/tick.h"
#include "cancel/token.h"
#include "crowd.h"

/* In each slice. */
#define CHECKS 1000000U
#define CREATIONS 50000U
#define CALLBACKS 50000U
#define HOUR (3600 * WEIR_SECOND)

static weir_token *make(weir_token *parent, weir_time deadline)
{
	weir_token *token;

	if (weir_token_create(parent, deadline, &token) != 0)
		abort();
	return token;
}

/* A chain: each but the leaf is kept by the one beneath. */
static weir_token *make_at_depth(unsigned depth)
{
	weir_token *token = make(NULL, WEIR_NEVER);

	while (depth-- > 0) {
		weir_token *child = make(token, WEIR_NEVER);

		weir_token_unref(token);
		token = child;
	}
	return token;
}

__attribute__((noinline)) static int check_bare(const weir_token *token)
{
	if (!token)
		return 0;
	return atomic_load_explicit(&token->state, memory_order_acquire) & WEIR__TOKEN_REASON
		       ? -ECANCELED
		       : 0;
}

static void *move_tick(void *token)
{
	while (weir_sleep(token, weir_after(WEIR_MILLISECOND)) == 0)
		weir__tick_update(weir_now());
	return NULL;
}

/* The fastest of the slices. */
static weir_time best_of(void (*slice)(weir_token *token), weir_token *token)
{
	weir_time best = WEIR_NEVER;

	for (unsigned i = 0; i < CROWD_SLICES; i++) {
		weir_time begun = weir_now(), took;

		slice(token);
		took = weir_now() - begun;
		if (took < best)
			best = took;
	}
	return best;
}

static void check_slice(weir_token *token)
{
	for (unsigned i = 0; i < CHECKS; i++)
		if (weir_token_check(token) != 0)
			abort();
}

/* What is recorded changes with each. */
static void turns_slice(weir_token *token)
{
	for (unsigned i = 0; i < CHECKS; i += 2) {
		if (weir_token_check(token) != 0)
			abort();
		if (weir_token_check(token) != 0)
			abort();
	}
}

static void bare_slice(weir_token *token)
{
	for (unsigned i = 0; i < CHECKS; i++)
		if (check_bare(token) != 0)
			abort();
}

static void check(unsigned depth)
{
	weir_token *token = make_at_depth(depth), *stop = make(NULL, WEIR_NEVER);
	pthread_t thread;

	if (pthread_create(&thread, NULL, move_tick, stop) != 0)
		abort();
	crowd_say("check", best_of(check_slice, token), CHECKS);
	crowd_say("turns", best_of(turns_slice, token), CHECKS);
	crowd_say("bare", best_of(bare_slice, token), CHECKS);
	(void)weir_token_cancel(stop, WEIR_REASON_USER, NULL);
	(void)pthread_join(thread, NULL);
	weir_token_unref(stop);
	weir_token_unref(token);
}

static void create_slice(weir_token *parent)
{
	for (unsigned i = 0; i < CREATIONS; i++)
		weir_token_unref(make(parent, WEIR_NEVER));
}

static void create(unsigned n)
{
	weir_token *parent = make(NULL, WEIR_NEVER);

	(void)n;
	crowd_say("create", best_of(create_slice, parent), CREATIONS);
	weir_token_unref(parent);
}

static weir_token **make_many(weir_token *parent, unsigned count)
{
	weir_token **tokens = calloc(count, sizeof(*tokens));

	if (!tokens)
		abort();
	for (unsigned i = 0; i < count; i++)
		tokens[i] = make(parent, WEIR_NEVER);
	return tokens;
}

static void free_many(weir_token **tokens, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		weir_token_unref(tokens[i]);
	free(tokens);
}

static void children(unsigned count)
{
	weir_token *parent = make(NULL, WEIR_NEVER);
	weir_token **tokens = make_many(parent, count);
	weir_time begun = weir_now();

	(void)weir_token_cancel(parent, WEIR_REASON_USER, NULL);
	crowd_say("trip", weir_now() - begun, 1);
	free_many(tokens, count);
	weir_token_unref(parent);
}

static void wait_on(void *token)
{
	(void)weir_token_wait(token, WEIR_NEVER);
}

static void cancel(void *token)
{
	(void)weir_token_cancel(token, WEIR_REASON_USER, NULL);
}

static void waiters(unsigned count)
{
	weir_token *token = make(NULL, WEIR_NEVER);

	crowd_say("wake", crowd_wake(count, wait_on, cancel, token), 1);
	weir_token_unref(token);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void callback_slice(weir_token *token)
{
	weir_token_callback added;

	for (unsigned i = 0; i < CALLBACKS; i++) {
		weir_token_callback_add(token, &added, nothing, NULL);
		(void)weir_token_callback_remove(&added);
	}
}

static void callback(unsigned n)
{
	weir_token *token = make(NULL, WEIR_NEVER);

	(void)n;
	crowd_say("callback", best_of(callback_slice, token), CALLBACKS);
	weir_token_unref(token);
}

static long resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long size, resident = 0;

	if (!file || fscanf(file, "%ld %ld", &size, &resident) != 2)
		abort();
	(void)fclose(file);
	return resident * sysconf(_SC_PAGESIZE);
}

/* Spread over an hour, an hour from now, in no order. */
static weir_time some_deadline(weir_time base, uint64_t *random)
{
	*random = *random * 6364136223846793005U + 1442695040888963407U;
	return base + HOUR + (weir_time)(*random >> 22) % HOUR;
}

static void deadlines(unsigned count)
{
	weir_time base = weir_now(), begun;
	uint64_t random = 1;
	long before = resident_bytes();
	weir_token **tokens;

	if (count == 0)
		return;
	tokens = make_many(NULL, count);
	begun = weir_now();
	for (unsigned i = 0; i < count; i++)
		(void)weir_token_set_deadline(tokens[i], some_deadline(base, &random));
	crowd_say("arm", weir_now() - begun, count);
	(void)printf("memory %ld\n", (resident_bytes() - before) / (long)count);
	begun = weir_now();
	for (unsigned i = 0; i < count; i++)
		(void)weir_token_set_deadline(tokens[i], some_deadline(base, &random));
	crowd_say("move", weir_now() - begun, count);
	begun = weir_now();
	for (unsigned i = 0; i < count; i++)
		(void)weir_token_set_deadline(tokens[i], WEIR_NEVER);
	crowd_say("disarm", weir_now() - begun, count);
	free_many(tokens, count);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(unsigned n);
	} parts[] = {{"check", check},     {"create", create},     {"children", children},
		     {"waiters", waiters}, {"callback", callback}, {"deadlines", deadlines}};
	char about[64];
	const char *part;
	unsigned n;
	int code;

	(void)snprintf(about, sizeof(about), "weir %s", weir_version());
	code = crowd_arguments(argc, argv, about, &part, &n);
	for (size_t i = 0; code == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(part, parts[i].name) == 0)
			parts[i].run(n);
	return code;
}
