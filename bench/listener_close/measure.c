/* measure.c: a peer's listener is opened, hammered and closed, again and again. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../support/child.h"
#include "../support/clock.h"
#include "../support/golang.h"
#include "../support/guard.h"
#include "../support/place.h"
#include "../support/say.h"
#include "listener_close.h"

/* Answers before the listener is closed, spread over this range: the closing meets the clients in
 * every state. */
#define LEAST_ANSWERS 50
#define SPREAD_ANSWERS 200
#define ANSWER_LIMIT (20 * BENCH_S)

const char *const family_names[] = {"tcp", "unix", NULL};
const char *const closer_names[] = {"weir", "go", "plain", NULL};

static int find_program(enum closer closer, char *path, size_t size)
{
	switch (closer) {
	case CLOSER_WEIR:
		return bench_place_own(path, size, "peers/weir_listeners");
	case CLOSER_GO:
		return bench_golang_path("listeners", path, size);
	default:
		return bench_place_own(path, size, "peers/plain_listeners");
	}
}

static int start(struct bench_child *child, enum family family, enum closer closer)
{
	char program[PATH_MAX], directory[PATH_MAX], name[32];
	const char *argv[] = {program, family == FAMILY_UNIX ? directory : NULL, NULL};
	int result = find_program(closer, program, sizeof(program));

	if (result != 0)
		return result;
	if (snprintf(directory, sizeof(directory), "%s/%s", bench_guard_dir(),
		     closer_names[closer]) >= (int)sizeof(directory))
		return -ENAMETOOLONG;
	if (family == FAMILY_UNIX && mkdir(directory, 0700) != 0 && errno != EEXIST)
		return -errno;
	(void)snprintf(name, sizeof(name), "%s-listeners", closer_names[closer]);
	return bench_child_start(child, &(struct bench_child_options){.name = name, .argv = argv});
}

static int one_closing(struct hammer *hammer, struct bench_child *child, unsigned round,
		       struct fates *fates)
{
	int64_t limit = bench_now() + ANSWER_LIMIT;
	char *address, *rest;
	int result = bench_child_expect(child, "listening ", limit, &address);

	if (result == 0)
		result = hammer_begin(hammer, address);
	if (result == 0)
		result = hammer_await(hammer, LEAST_ANSWERS + round * 37U % SPREAD_ANSWERS);
	if (result == 0)
		result = bench_child_tell(child, "close\n");
	if (result == 0)
		result = bench_child_expect(child, "closed", limit, &rest);
	/* Also after an error: they are under way. */
	if (result == 0)
		result = hammer_end(hammer, fates);
	return result;
}

static void add(struct outcome *outcome, const struct fates *fates)
{
	outcome->closings++;
	outcome->losing += fates->reset + fates->dropped > 0;
	outcome->sum.answered += fates->answered;
	outcome->sum.reset += fates->reset;
	outcome->sum.dropped += fates->dropped;
	outcome->sum.refused += fates->refused;
	outcome->sum.waited += fates->waited;
}

int measure(struct listener_close *bench, enum family family, enum closer closer)
{
	struct outcome *outcome = &bench->outcomes[family][closer];
	struct bench_child child;
	struct hammer *hammer = NULL;
	int result = start(&child, family, closer);

	if (result != 0) {
		bench_say("%s cannot be started: %s", closer_names[closer], strerror(-result));
		return result;
	}
	result = hammer_start(&hammer, bench->clients, bench->burst);
	bench_say("%s, %s: %u closings", family_names[family], closer_names[closer],
		  bench->closings);
	for (unsigned i = 0; result == 0 && i < bench->closings; i++) {
		struct fates fates = {0};

		result = one_closing(hammer, &child, i, &fates);
		if (result == 0)
			add(outcome, &fates);
		else
			bench_say("closing %u: %s", i, strerror(-result));
	}
	outcome->measured = outcome->closings > 0;
	outcome->failed = result != 0;
	hammer_stop(hammer);
	bench_child_end(&child);
	return result;
}
