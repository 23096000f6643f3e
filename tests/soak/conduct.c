/* conduct.c: what is done to the server, at random.
 *
 * At first one process follows another; after two fifths of the time the one that is there is left
 * to serve to the end, with all that can be done to it while it serves, and is watched for growth.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "soak.h"
#include "support/must.h"

/* Between two deeds, at most. */
#define PAUSE_MS 500

void soak_let_pass(struct soak *soak, weir_time duration)
{
	weir_time until = weir_now() + duration < soak->until ? weir_now() + duration : soak->until;
	struct timespec when = {until / WEIR_SECOND, until % WEIR_SECOND};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		;
}

static void reload(struct soak *soak, bool by_signal)
{
	unsigned before = soak_journal_get(soak, &soak->journal.reloaded);

	soak->variant = !soak->variant;
	soak_configure(soak, false);
	soak_certify(soak);
	if (by_signal)
		soak_server_signal(soak, SIGHUP);
	else
		must(soak_admin(soak, "POST", "/reload", NULL) == 200, "POST /reload");
	soak_journal_await(soak, &soak->journal.reloaded, before + 1, "reloaded");
	soak->deeds.reloads++;
}

static void reload_nonsense(struct soak *soak)
{
	unsigned before = soak_journal_get(soak, &soak->journal.reload_failed);

	soak_configure(soak, true);
	must(soak_admin(soak, "POST", "/reload", NULL) == 409, "POST /reload of nonsense");
	soak_journal_await(soak, &soak->journal.reload_failed, before + 1, "reload-failed");
	soak_configure(soak, false);
	soak->deeds.bad_reloads++;
}

static void rehearse(struct soak *soak)
{
	static const char *const targets[] = {"/rehearse?fraction=0.3&timeout=500ms",
					      "/rehearse?timeout=200ms"};

	must(soak_admin(soak, "POST", targets[soak_below(&soak->random, 2)], NULL) == 200,
	     "POST /rehearse");
	soak->deeds.rehearsals++;
}

static void upgrade(struct soak *soak)
{
	soak_server_upgrade(soak, soak_below(&soak->random, 2) == 0);
	soak->deeds.upgrades++;
}

static void restart(struct soak *soak)
{
	bool hurry = soak_below(&soak->random, 3) == 0;

	soak_server_stop(soak, hurry);
	soak_server_start(soak);
	soak->deeds.restarts++;
	soak->deeds.hurried += hurry;
}

/* The machine has no time for it, for a moment. */
static void pause_process(struct soak *soak)
{
	soak_server_signal(soak, SIGSTOP);
	soak_let_pass(soak, (weir_time)(50 + soak_below(&soak->random, 300)) * WEIR_MILLISECOND);
	soak_server_signal(soak, SIGCONT);
	soak->deeds.pauses++;
}

static void do_something(struct soak *soak, bool may_replace)
{
	unsigned what = soak_below(&soak->random, may_replace ? 21 : 16);

	if (what < 4)
		reload(soak, true);
	else if (what < 7)
		reload(soak, false);
	else if (what < 8)
		reload_nonsense(soak);
	else if (what < 10)
		rehearse(soak);
	else if (what < 12)
		pause_process(soak);
	else if (what < 16)
		soak_fault(soak);
	else if (what < 19)
		upgrade(soak);
	else
		restart(soak);
}

static void say_progress(const struct soak *soak)
{
	const struct soak_deeds *deeds = &soak->deeds;
	uint64_t answers = 0;

	for (int i = 1; i < SOAK_CLASSES; i++)
		answers += atomic_load(&soak->tally.heads[i]);
	(void)fprintf(stderr,
		      "%ssoak: %3lld of %u s: %llu answers, %llu hostile visits, %u reloads, %u "
		      "rehearsals, %u upgrades, %u restarts, %u quiet%s",
		      isatty(STDERR_FILENO) ? "\r" : "",
		      (long long)((weir_now() - soak->began) / WEIR_SECOND), soak->seconds,
		      (unsigned long long)answers,
		      (unsigned long long)atomic_load(&soak->tally.hostile), deeds->reloads,
		      deeds->rehearsals, deeds->upgrades, deeds->restarts, deeds->quiet,
		      isatty(STDERR_FILENO) ? "  " : "\n");
}

void soak_conduct(struct soak *soak)
{
	weir_time all = soak->until - soak->began;
	weir_time replace_until = soak->began + all * 2 / 5;
	/* The one that is watched has served a little by then, and all that it keeps is there. */
	weir_time watch_from = soak->began + all / 2;
	weir_time next_quiet = soak->began + all / 6;

	while (weir_now() < soak->until) {
		soak_let_pass(soak,
			      (weir_time)soak_below(&soak->random, PAUSE_MS) * WEIR_MILLISECOND);
		do_something(soak, weir_now() < replace_until);
		soak_server_reap(soak, false);
		if (weir_now() < next_quiet)
			continue;
		soak_quiet(soak,
			   weir_now() >= watch_from && weir_now() >= soak->replaced_at + all / 8);
		next_quiet = weir_now() + all / 6;
		say_progress(soak);
	}
}
