/* adapters/spawn_support.h: what the tests of weir_spawn() share. */
#ifndef WEIR_TESTS_SPAWN_SUPPORT_H
#define WEIR_TESTS_SPAWN_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <weir/spawn.h>

/** The most words of a child. */
#define SPAWN_WORDS 8

/** A run of spawn_child, and what it said. */
struct spawn_run {
	const char *argv[SPAWN_WORDS + 2];
	struct weir_spawn_options options;
	struct weir_spawn_result result;
	weir_token *token;
	weir_time until;
	/** When its output so far ends with this, the token is tripped, on the thread that
	 *  takes the output. */
	const char *trip_after;
	char output[8192]; /**< with a NUL at the end; more is a failure */
	char errors[8192];
	unsigned descriptors; /**< open before the run */
};

/** For a child of this kind, with a token of its own; then change what is to be different. */
void spawn_prepare(struct spawn_run *run, const char *kind, const char *argument);
/** Runs it; the result of weir_spawn(). Fails the test if a child or a descriptor is left. */
int spawn_go(struct spawn_run *run);

/** Makes orphans among our descendants ours. Then waits for one that ends by this signal. */
void spawn_adopt(void);
void spawn_await_end(pid_t pid, int number);

#endif
