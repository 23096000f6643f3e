/* attack.c: slowhttptest, in one of its modes.
 *
 * It ends when the server has closed all of its connections, which is what the server is there for;
 * so it is begun again at once, as somebody who means it would.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "../support/place.h"
#include "slow_clients.h"

const char *const attack_names[] = {
#define ATTACK(id, name, flags, counter, path) name,
	ATTACKS(ATTACK)
#undef ATTACK
		NULL};

static const struct {
	const char *flags, *counter, *path;
} attacks[] = {
#define ATTACK(id, name, flags, counter, path) {flags, counter, path},
	ATTACKS(ATTACK)
#undef ATTACK
};

int attack_find(void)
{
	char path[PATH_MAX];

	return bench_place_program(path, sizeof(path), "slowhttptest");
}

const char *attack_counter(enum attack attack)
{
	return attacks[attack].counter;
}

int attack_start(struct bench_child *child, enum attack attack, const struct slow_clients *bench,
		 uint16_t port)
{
	char command[1024];
	const char *const argv[] = {"/bin/sh", "-c", command, NULL};
	int size = snprintf(command, sizeof(command),
			    "while slowhttptest %s -c %u -r %u -i 1 -p 3 -l 600 "
			    "-u http://127.0.0.1:%u/%s >/dev/null 2>&1; do :; done",
			    attacks[attack].flags, bench->connections, bench->connections / 4 + 1,
			    (unsigned)port, attacks[attack].path);

	if (size < 0 || (size_t)size >= sizeof(command))
		return -E2BIG;
	return bench_child_start(
		child, &(struct bench_child_options){.name = "slowhttptest", .argv = argv});
}
