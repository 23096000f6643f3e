/* result.c: the result of a soak on one page, and as JSON in soak.json. */
#include <inttypes.h>
#include <string.h>

#include "soak.h"
#include "support/must.h"

/* What may be more at the end than at the first look: pools that fill up as chance has it (database
 * connections, connections to the proxy's upstream), and what SQLite keeps of connections that are
 * closed while others have the same file locked: closing a descriptor would drop the locks of the
 * whole process (fcntl(2)), so it opens with it again. A leak of one for each reload, visit or
 * rehearsal comes to much more. */
#define DESCRIPTORS_MORE 24
#define THREADS_MORE 1 /* the timer's, which the first deadline starts */
#define MEMORY_MORE ((uint64_t)8 << 20)
#define MEMORY_PART 10 /* a tenth */

struct check {
	const char *name;
	bool holds;
	char detail[256];
};

enum {
	CHECK_ACCOUNTS,
	CHECK_ANSWERS,
	CHECK_FAULTS,
	CHECK_ENDS,
	CHECK_MEMORY,
	CHECK_DESCRIPTORS,
	CHECK_HANDED_ON,
	CHECK_THREADS,
	CHECK_SANITIZER,
	CHECKS
};

#define SAY(check, ...) (void)snprintf((check).detail, sizeof((check).detail), __VA_ARGS__)

static void check_growth(const struct soak *soak, struct check *checks)
{
	const struct soak_vitals *first = &soak->first, *last = &soak->last;
	uint64_t most = first->memory + first->memory / MEMORY_PART + MEMORY_MORE;

	checks[CHECK_MEMORY] =
		(struct check){"memory does not grow",
			       soak->watched && (soak->sanitized || last->memory <= most), ""};
	SAY(checks[CHECK_MEMORY], "%" PRIu64 " KiB, then %" PRIu64 " KiB%s", first->memory / 1024,
	    last->memory / 1024, soak->sanitized ? " (with a sanitizer's own: not judged)" : "");
	checks[CHECK_DESCRIPTORS] = (struct check){
		"descriptors do not grow",
		soak->watched && last->descriptors <= first->descriptors + DESCRIPTORS_MORE, ""};
	SAY(checks[CHECK_DESCRIPTORS], "%u, then %u", first->descriptors, last->descriptors);
	checks[CHECK_HANDED_ON] = (struct check){
		"nor from process to process",
		last->descriptors <= soak->earliest.descriptors + DESCRIPTORS_MORE, ""};
	SAY(checks[CHECK_HANDED_ON], "%u in an early one, %u in the last",
	    soak->earliest.descriptors, last->descriptors);
	checks[CHECK_THREADS] =
		(struct check){"threads do not grow",
			       soak->watched && last->threads <= first->threads + THREADS_MORE, ""};
	SAY(checks[CHECK_THREADS], "%u, then %u", first->threads, last->threads);
}

static uint64_t answers(const struct soak *soak)
{
	uint64_t sum = 0;

	for (int i = 1; i < SOAK_CLASSES; i++)
		sum += atomic_load(&soak->tally.heads[i]);
	return sum;
}

static void check_all(const struct soak *soak, struct check *checks)
{
	const struct soak_journal *journal = &soak->journal;
	uint64_t wrong = atomic_load(&soak->tally.wrong);
	uint64_t spoilt = atomic_load(&soak->tally.spoilt);
	struct soak_struck struck = soak_faults_struck(soak);

	checks[CHECK_ACCOUNTS] = (struct check){"accounts are exact",
						soak->mismatches == 0 && answers(soak) > 0, ""};
	if (soak->mismatches > 0)
		SAY(checks[CHECK_ACCOUNTS], "%s", soak->mismatch);
	else
		SAY(checks[CHECK_ACCOUNTS],
		    "%" PRIu64 " answers, compared %u times; %" PRIu64 " not heard, of %" PRIu64
		    " that may not have been",
		    answers(soak), soak->deeds.quiet + 1, soak->lost, struck.sending);
	checks[CHECK_ANSWERS] = (struct check){"every answer is right", wrong == 0, ""};
	SAY(checks[CHECK_ANSWERS], "%" PRIu64 " wrong", wrong);
	checks[CHECK_FAULTS] = (struct check){"a fault spoils one at most",
					      spoilt <= struck.all && struck.all > 0, ""};
	SAY(checks[CHECK_FAULTS],
	    "%" PRIu64 " answered with an error, %" PRIu64 " calls failed (%u armed)", spoilt,
	    struck.all, soak->deeds.faults);
	/* A stop in a hurry may come upon a stream that has not heard the first signal yet. */
	checks[CHECK_ENDS] = (struct check){"every process ends cleanly",
					    soak->bad_exits == 0 && journal->not_clean == 0 &&
						    journal->reports == soak->started &&
						    journal->forced == soak->forced_exits &&
						    journal->forced <= soak->deeds.hurried,
					    ""};
	SAY(checks[CHECK_ENDS],
	    "%u processes, %u reports, %u forced in a hurry, %u not clean, %u wrong exit codes",
	    soak->started, journal->reports, journal->forced, journal->not_clean, soak->bad_exits);
	check_growth(soak, checks);
	checks[CHECK_SANITIZER] =
		(struct check){"no sanitizer has spoken", journal->sanitizer == 0, ""};
	SAY(checks[CHECK_SANITIZER], "%s, %u reports",
	    soak->sanitized ? "sanitized" : "plain build", journal->sanitizer);
}

static void print_page(const struct soak *soak, const struct check *checks, FILE *page)
{
	const struct soak_account *ended = &soak->journal.ended;
	const struct soak_tally *tally = &soak->tally;
	const struct soak_deeds *deeds = &soak->deeds;

	(void)fprintf(page, "soak of %u s, seed %" PRIu64 ", %u clients, %u hostile ones\n\n",
		      soak->seconds, soak->seed, soak->clients, soak->hostiles);
	(void)fprintf(page, "  %-10s %12s %12s\n", "answers", "clients", "servers");
	for (int i = 1; i < SOAK_CLASSES; i++)
		(void)fprintf(page, "  %dxx        %12" PRIu64 " %12" PRIu64 "\n", i,
			      atomic_load(&tally->heads[i]), ended->responses[i]);
	(void)fprintf(page,
		      "\n  requests accepted %" PRIu64 " = answered %" PRIu64 " + refused %" PRIu64
		      " + cancelled %" PRIu64 " + cut %" PRIu64 " + abandoned %" PRIu64 "\n",
		      ended->accepted, ended->answered, ended->refused, ended->cancelled,
		      ended->cut, ended->abandoned);
	(void)fprintf(page,
		      "  clients: %" PRIu64 " without an answer (%" PRIu64
		      " the first on a connection), %" PRIu64 " answers broken off, %" PRIu64
		      " found nobody,\n  %" PRIu64 " events, %" PRIu64 " messages, %" PRIu64
		      " hostile visits, %" PRIu64 " answered by libmicrohttpd itself\n",
		      atomic_load(&tally->unheard), atomic_load(&tally->unheard_first),
		      atomic_load(&tally->truncated), atomic_load(&tally->refused),
		      atomic_load(&tally->events), atomic_load(&tally->messages),
		      atomic_load(&tally->hostile), atomic_load(&tally->unparsed));
	(void)fprintf(
		page,
		"  done: %u reloads, %u bad ones, %u rehearsals, %u upgrades, %u restarts (%u in "
		"a hurry), %u pauses, %u faults\n\n",
		deeds->reloads, deeds->bad_reloads, deeds->rehearsals, deeds->upgrades,
		deeds->restarts, deeds->hurried, deeds->pauses, deeds->faults);
	for (int i = 0; i < CHECKS; i++)
		(void)fprintf(page, "  %-7s %-28s %s\n", checks[i].holds ? "ok" : "FAILED",
			      checks[i].name, checks[i].detail);
}

/* The texts are the soak's own: there is nothing in them to be escaped. */
static void write_json(const struct soak *soak, const struct check *checks)
{
	const struct soak_deeds *deeds = &soak->deeds;
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/soak.json", soak->out);
	file = fopen(path, "we");
	must(file != NULL, "%s cannot be written", path);
	(void)fprintf(file, "{\"seconds\":%u,\"seed\":%" PRIu64 ",\"sanitized\":%s,\"answers\":[",
		      soak->seconds, soak->seed, soak->sanitized ? "true" : "false");
	for (int i = 1; i < SOAK_CLASSES; i++)
		(void)fprintf(file,
			      "%s{\"class\":\"%dxx\",\"clients\":%" PRIu64 ",\"servers\":%" PRIu64
			      "}",
			      i > 1 ? "," : "", i, atomic_load(&soak->tally.heads[i]),
			      soak->journal.ended.responses[i]);
	(void)fprintf(
		file,
		"],\"processes\":%u,\"reloads\":%u,\"rehearsals\":%u,\"upgrades\":%u,"
		"\"restarts\":%u,\"pauses\":%u,\"faults\":%u,\"struck\":%" PRIu64 ",\"quiet\":%u,"
		"\"checks\":[",
		soak->started, deeds->reloads, deeds->rehearsals, deeds->upgrades, deeds->restarts,
		deeds->pauses, deeds->faults, soak_faults_struck(soak).all, deeds->quiet);
	for (int i = 0; i < CHECKS; i++)
		(void)fprintf(file, "%s{\"check\":\"%s\",\"holds\":%s,\"detail\":\"%s\"}",
			      i > 0 ? "," : "", checks[i].name, checks[i].holds ? "true" : "false",
			      checks[i].detail);
	must(fprintf(file, "]}\n") > 0 && fclose(file) == 0, "%s cannot be written", path);
}

bool soak_result(const struct soak *soak, FILE *page)
{
	struct check checks[CHECKS] = {0};
	bool all = true;

	check_all(soak, checks);
	for (int i = 0; i < CHECKS; i++)
		all = all && checks[i].holds;
	print_page(soak, checks, page);
	if (soak->out)
		write_json(soak, checks);
	return all;
}
