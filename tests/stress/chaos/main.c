/* stress/chaos/main.c: server_chaos: see chaos.h. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaos.h"
#include "support/metrics.h"

enum { STOPPER, OBSERVER, WAITER, ADMIN, FIRST_CLIENT, THREADS = FIRST_CLIENT + 6 };

#ifdef __SANITIZE_THREAD__
#define LASTING_THREADS 3 /* with its own */
/* A thread that was abandoned is never joined, and that is as it should be. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "report_thread_leaks=0";
}
#else
#define LASTING_THREADS 2
#endif

static struct {
	unsigned long outcomes[5];
	uint64_t visits, answers, unheard, truncated;
} totals;

/* Rounds with handlers that did not come back in time: still theirs, and no leak. */
static struct round *abandoned;

static unsigned count_entries(const char *path)
{
	DIR *directory = opendir(path);
	unsigned count = 0;

	stress_check(directory != NULL, "%s: %d", path, errno);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 2; /* "." and ".." */
}

static unsigned count_descriptors(void)
{
	return count_entries("/proc/self/fd");
}

/* A handler that was abandoned comes back some time: until then it may open and close what it
 * likes. Only this thread and the library's timer stay. */
static void await_lost_threads(void)
{
	weir_time until = weir_after(STRESS_PATIENCE);

	while (count_entries("/proc/self/task") > LASTING_THREADS) {
		stress_check(weir_now() < until, "a handler never came back");
		(void)poll(NULL, 0, 1);
	}
}

static void stop(struct round *round)
{
	(void)poll(NULL, 0, (int)(round->stop_after / 1000));
	atomic_store(&round->stopping, true);
	switch (round->stop_by) {
	case 0:
		weir_server_cancel(round->server, "the stopper, in a hurry");
		break;
	case 2:
		weir_server_stop(round->server, "the stopper");
		weir_server_stop(round->server, "the stopper again");
		weir_server_cancel(round->server, "the stopper, now in a hurry");
		break;
	default:
		weir_server_stop(round->server, "the stopper");
		break;
	}
}

static void check_sums(struct round *round)
{
	struct metrics_account account;

	metrics_account_read(round->server, &account);
	metrics_account_check(&account);
}

static void observe(struct round *round)
{
	while (!atomic_load(&round->over)) {
		char *text;
		size_t size;
		int error = weir_server_status(round->server, &text, &size);

		stress_check(error == 0, "status: %d", error);
		free(text);
		check_sums(round);
		(void)poll(NULL, 0, 1);
	}
}

static void wait_for_end(struct round *round)
{
	const struct weir_report *report;
	int outcome = weir_server_wait(round->server, &report);

	stress_check(outcome >= 0 && report->outcome == (enum weir_outcome)outcome, "%d", outcome);
	atomic_store(&round->over, true);
}

static void play(void *arg, unsigned number)
{
	struct round *round = arg;
	struct stress_random random;

	stress_random_init(&random, round->first_stream + number);
	switch (number) {
	case STOPPER:
		stop(round);
		break;
	case OBSERVER:
		observe(round);
		break;
	case WAITER:
		wait_for_end(round);
		break;
	case ADMIN:
		chaos_visit_admin(round, &random);
		break;
	default:
		chaos_visit(round, &random);
		break;
	}
}

static void check_report(const struct round *round, const struct weir_report *report)
{
	const struct weir_report_counts *n = &report->counts;
	size_t lost = 0;

	stress_check(n->in_flight + n->arrived ==
			     n->answered + n->refused + n->cancelled + n->cut + n->abandoned,
		     "in flight %llu, arrived %llu; answered %llu, refused %llu, cancelled %llu, "
		     "cut %llu, abandoned %llu",
		     (unsigned long long)n->in_flight, (unsigned long long)n->arrived,
		     (unsigned long long)n->answered, (unsigned long long)n->refused,
		     (unsigned long long)n->cancelled, (unsigned long long)n->cut,
		     (unsigned long long)n->abandoned);
	for (size_t i = 0; i < report->straggler_count; i++)
		lost += report->stragglers[i].abandoned != 0;
	switch (report->outcome) {
	case WEIR_CLEAN:
		stress_check(n->cut == 0 && n->abandoned == 0, "a clean stop that cut");
		/* Nobody's answer was cut off, unless the server had become impatient before. */
		stress_check(round->hasty || report->phase_time[WEIR_PHASE_FORCING] > 0 ||
				     atomic_load(&round->tally.truncated) == 0,
			     "a clean stop, but %llu broken answers",
			     (unsigned long long)atomic_load(&round->tally.truncated));
		break;
	case WEIR_FORCED:
		stress_check(n->cut > 0 && n->abandoned == 0 && lost == 0,
			     "cut %llu, abandoned %llu, %zu of them named",
			     (unsigned long long)n->cut, (unsigned long long)n->abandoned, lost);
		break;
	default:
		stress_check(report->outcome == WEIR_ABANDONED && lost <= n->abandoned,
			     "outcome %d, abandoned %llu, %zu of them named", (int)report->outcome,
			     (unsigned long long)n->abandoned, lost);
		break;
	}
}

static void check_clients(struct round *round, int outcome)
{
	const struct tally *tally = &round->tally;
	/* A handler that never came back may have said all it had to say before. */
	uint64_t told = metrics_now(round->server, "weir_requests_answered_total") +
			metrics_now(round->server, "weir_requests_refused_total") +
			metrics_sum_now(round->server, "weir_requests_cancelled_total") +
			metrics_sum_now(round->server, "weir_requests_in_flight");

	check_sums(round);
	stress_check(
		atomic_load(&tally->answers) <= told,
		"clients have got %llu answers, the server has sent %llu; cut %llu, outcome %d",
		(unsigned long long)atomic_load(&tally->answers), (unsigned long long)told,
		(unsigned long long)metrics_now(round->server, "weir_requests_cut_total"), outcome);
	stress_check(outcome == WEIR_ABANDONED ||
			     metrics_now(round->server, "weir_connections_open") == 0,
		     "connections are open");
	totals.visits += atomic_load(&tally->visits);
	totals.answers += atomic_load(&tally->answers);
	totals.unheard += atomic_load(&tally->unheard);
	totals.truncated += atomic_load(&tally->truncated);
}

static void play_round(unsigned number, struct stress_random *random)
{
	struct round *round = calloc(1, sizeof(*round));
	const struct weir_report *report;
	unsigned descriptors = count_descriptors();
	int outcome;

	stress_check(round != NULL, "out of memory");
	round->first_stream = 1 + number * THREADS;
	round->stop_after = stress_random_below(random, 25000);
	round->stop_by = stress_random_below(random, 4);
	chaos_server_start(round, random);
	stress_threads(THREADS, play, round);
	outcome = weir_server_wait(round->server, &report);
	stress_check(outcome == (int)report->outcome, "%d, and %d", outcome, (int)report->outcome);
	totals.outcomes[outcome]++;
	check_report(round, report);
	check_clients(round, outcome);
	chaos_server_destroy(round);
	if (outcome == WEIR_ABANDONED) {
		round->next = abandoned;
		abandoned = round;
		await_lost_threads();
		return;
	}
	stress_check(count_descriptors() == descriptors, "%u descriptors, before %u",
		     count_descriptors(), descriptors);
	free(round);
}

int main(int argc, char **argv)
{
	unsigned long rounds = stress_iterations(argc, argv, 60);
	struct stress_random random;

	stress_random_init(&random, 0);
	for (unsigned long i = 0; i < rounds; i++)
		play_round((unsigned)i, &random);
	printf("%lu rounds: %lu clean, %lu forced, %lu abandoned; %llu visits, %llu answers, %llu "
	       "unheard, %llu truncated\n",
	       rounds, totals.outcomes[WEIR_CLEAN], totals.outcomes[WEIR_FORCED],
	       totals.outcomes[WEIR_ABANDONED], (unsigned long long)totals.visits,
	       (unsigned long long)totals.answers, (unsigned long long)totals.unheard,
	       (unsigned long long)totals.truncated);
	return 0;
}
