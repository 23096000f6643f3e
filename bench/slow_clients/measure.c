/* measure.c: normal clients, first alone and then beside an attack, with one server. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../support/clock.h"
#include "../support/load.h"
#include "../support/say.h"
#include "slow_clients.h"

#define CONNECTIONS 64
#define PATIENCE (2 * BENCH_S)
#define SEED 20090617
/* So long an attack has before it is looked at how normal clients fare. */
#define ATTACK_BEGINS (2 * BENCH_S)

static int load(const struct slow_clients *bench, const struct victim *victim, int64_t warm_up,
		struct load_seen *out)
{
	struct bench_load_result *result = calloc(1, sizeof(*result));
	const struct bench_load_options options = {.port = victim->port,
						   .rate = bench->rate,
						   .connections = CONNECTIONS,
						   .warm_up = warm_up,
						   .measured = bench->seconds * BENCH_S,
						   .deadline = PATIENCE,
						   .seed = SEED};
	int error = result ? bench_load_run(&options, result) : -ENOMEM;

	if (error == 0)
		*out = (struct load_seen){
			.scheduled = result->scheduled,
			.good = result->good,
			.p50 = bench_histogram_percentile(&result->answers, 50) / (double)BENCH_MS,
			.p99 = bench_histogram_percentile(&result->answers, 99) / (double)BENCH_MS,
			.lag = bench_histogram_percentile(&result->lag, 99) / (double)BENCH_MS};
	free(result);
	return error;
}

/* The server's counts, which tell whether there was an attack at all. */
static int look(const struct victim *victim, enum attack attack, uint64_t *met, uint64_t *accepted)
{
	int error = victim_metric(victim, attack_counter(attack), met);

	return error != 0 ? error
			  : victim_metric(victim, "weir_connections_accepted_total", accepted);
}

static int attack_it(const struct slow_clients *bench, const struct victim *victim,
		     enum attack attack, struct outcome *outcome)
{
	uint64_t met, accepted, met_before, accepted_before;
	struct bench_child hostile = {0};
	int64_t rss;
	int error = look(victim, attack, &met_before, &accepted_before);

	if (error == 0)
		error = attack_start(&hostile, attack, bench, victim->port);
	if (error == 0)
		error = load(bench, victim, ATTACK_BEGINS, &outcome->attacked);
	if (error == 0)
		error = victim_metric(victim, "weir_connections_open", &outcome->open);
	if (error == 0)
		error = victim_memory(victim, &rss, &outcome->peak_rss);
	if (error == 0)
		error = look(victim, attack, &met, &accepted);
	bench_child_end(&hostile);
	if (error != 0)
		return error;
	outcome->met = met - met_before;
	outcome->connections = accepted - accepted_before;
	return 0;
}

int measure(struct slow_clients *bench, enum attack attack)
{
	struct outcome *outcome = &bench->outcomes[attack];
	struct victim victim;
	int64_t peak;
	int stopped, error = victim_start(&victim, bench);

	if (error != 0)
		return error;
	error = load(bench, &victim, BENCH_S / 2, &outcome->quiet);
	if (error == 0)
		error = victim_memory(&victim, &outcome->quiet_rss, &peak);
	if (error == 0)
		error = attack_it(bench, &victim, attack, outcome);
	if (error != 0)
		bench_say("%s: %s", attack_names[attack], strerror(-error));
	stopped = victim_stop(&victim);
	outcome->there = error == 0;
	return error != 0 ? error : stopped;
}
