/* quiet.c: a quiet moment: every client stands still without a connection, every server but the one
 * that serves has ended; then what clients have seen and what servers have counted must be the
 * same.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "soak.h"
#include "support/metrics.h"
#include "support/must.h"

static void pause_clients(struct soak *soak)
{
	must(pthread_mutex_lock(&soak->lock) == 0, "lock");
	soak->paused = true;
	/* Those that wait for a server, or are between visits, look. */
	must(pthread_cond_broadcast(&soak->changed) == 0, "broadcast");
	while (soak->parked < soak->clients + soak->hostiles)
		must(pthread_cond_wait(&soak->changed, &soak->lock) == 0, "wait");
	must(pthread_mutex_unlock(&soak->lock) == 0, "unlock");
}

static void resume_clients(struct soak *soak)
{
	must(pthread_mutex_lock(&soak->lock) == 0, "lock");
	soak->paused = false;
	must(pthread_cond_broadcast(&soak->changed) == 0, "broadcast");
	must(pthread_mutex_unlock(&soak->lock) == 0, "unlock");
}

/* Counters can be read but not waited on: it is asked again until the last connection is gone. */
static char *await_idle(struct soak *soak)
{
	weir_time until = weir_after(MUST_PATIENCE);
	char *text;

	for (;;) {
		must(soak_admin(soak, "GET", "/metrics", &text) == 200, "GET /metrics");
		if (metrics_at_rest(text))
			return text;
		must(weir_now() < until, "clients are gone, and this is still there:\n%s", text);
		free(text);
		(void)poll(NULL, 0, 2);
	}
}

static void add_metrics(struct soak_account *account, const char *text)
{
	char series[64];

	account->accepted += metrics_sum(text, "weir_requests_accepted_total");
	account->answered += metrics_sum(text, "weir_requests_answered_total");
	account->refused += metrics_sum(text, "weir_requests_refused_total");
	account->cancelled += metrics_sum(text, "weir_requests_cancelled_total");
	account->cut += metrics_sum(text, "weir_requests_cut_total");
	for (int i = 1; i < SOAK_CLASSES; i++) {
		(void)snprintf(series, sizeof(series), "weir_responses_total{class=\"%dxx\"}", i);
		account->responses[i] += metrics_value(text, series);
	}
}

static void differ(struct soak *soak, const char *what, uint64_t clients, uint64_t servers)
{
	char text[sizeof(soak->mismatch)];

	(void)snprintf(text, sizeof(text), "%s: clients %llu, servers %llu", what,
		       (unsigned long long)clients, (unsigned long long)servers);
	(void)fprintf(stderr, "soak: accounts differ: %s\n", text);
	if (soak->mismatches++ == 0)
		memcpy(soak->mismatch, text, sizeof(text));
}

void soak_compare(struct soak *soak, const struct soak_account *account)
{
	const struct soak_tally *tally = &soak->tally;
	uint64_t ends = account->answered + account->refused + account->cancelled + account->cut +
			account->abandoned;
	uint64_t lost = 0, may_be = soak_faults_struck(soak).sending;
	char what[16];

	for (int i = 1; i < SOAK_CLASSES; i++) {
		uint64_t seen = atomic_load(&tally->heads[i]), said = account->responses[i];

		lost += said > seen ? said - seen : 0;
		(void)snprintf(what, sizeof(what), "%dxx", i);
		if (seen > said || lost > may_be)
			differ(soak, what, seen, said);
	}
	soak->lost = lost;
	if (account->accepted != ends)
		differ(soak, "accepted, and what became of them", account->accepted, ends);
}

void soak_quiet(struct soak *soak, bool watch)
{
	struct soak_account account;
	char *text;

	pause_clients(soak);
	/* Else their reports are yet to come. */
	while (soak->pid_count > 1)
		soak_server_reap(soak, false);
	text = await_idle(soak);
	soak_journal_await(soak, &soak->journal.reports, soak->started - 1, "a drain report");
	must(pthread_mutex_lock(&soak->lock) == 0, "lock");
	account = soak->journal.ended;
	must(pthread_mutex_unlock(&soak->lock) == 0, "unlock");
	add_metrics(&account, text);
	free(text);
	soak_compare(soak, &account);
	if (soak->deeds.quiet == 0)
		soak_vitals_read(soak, &soak->earliest);
	if (watch) {
		soak_vitals_read(soak, soak->watched ? &soak->last : &soak->first);
		if (!soak->watched)
			soak->last = soak->first;
		soak->watched = true;
	}
	soak->deeds.quiet++;
	resume_clients(soak);
}
