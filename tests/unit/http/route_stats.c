/* http/route_stats.h: quantiles within their bound, gaps, and how both are forgotten. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "http/router.h"
#include "unit/threads.h"

TestSuite(route_stats, .timeout = 60);

#define MINUTE (60 * WEIR_SECOND)

static struct weir__route_stats *make(void)
{
	struct weir__route_stats *stats = calloc(1, sizeof(*stats));

	cr_assert_not_null(stats);
	return stats;
}

static void add(struct weir__route_stats *stats, weir_time ended, weir_time duration, weir_time gap)
{
	const struct weir__run run = {
		.begun = ended - duration, .ended = ended, .gap = gap, .looked = gap > 0};

	weir__stats_add(stats, &run);
}

static struct weir__route_summary summary_of(const struct weir__route_stats *stats)
{
	struct weir__route_summary summary;

	weir__stats_summarize(stats, &summary);
	return summary;
}

static void check_bound(weir_time said, weir_time is, const char *what)
{
	cr_assert_geq(said, is, "%s: %lld for %lld", what, (long long)said, (long long)is);
	cr_assert_leq(said, is + is / 8 + 8192, "%s: %lld for %lld", what, (long long)said,
		      (long long)is);
}

Test(route_stats, nothing_is_known_at_first)
{
	struct weir__route_stats *stats = make();
	struct weir__route_summary summary = summary_of(stats);

	cr_assert_eq(summary.runs, 0);
	cr_assert_eq(summary.timed, 0);
	cr_assert_eq(summary.longest, 0);
	cr_assert_not(summary.looks);
	free(stats);
}

Test(route_stats, each_duration_is_within_an_eighth)
{
	for (weir_time duration = 1; duration < 4000 * WEIR_SECOND;
	     duration = duration * 9 / 8 + 1) {
		struct weir__route_stats *stats = make();

		add(stats, MINUTE, duration, 0);
		check_bound(summary_of(stats).p50, duration, "p50");
		check_bound(summary_of(stats).longest, duration, "longest");
		free(stats);
	}
}

Test(route_stats, longer_than_anybody_measures_is_for_ever)
{
	struct weir__route_stats *stats = make();

	add(stats, MINUTE, 7200 * WEIR_SECOND, 0);
	cr_assert_eq(summary_of(stats).longest, WEIR_NEVER);
	free(stats);
}

Test(route_stats, quantiles_of_many)
{
	struct weir__route_stats *stats = make();
	struct weir__route_summary summary;

	for (unsigned i = 1; i <= 1000; i++)
		add(stats, MINUTE, i * WEIR_MILLISECOND, 0);
	summary = summary_of(stats);
	cr_assert_eq(summary.runs, 1000);
	cr_assert_eq(summary.timed, 1000);
	check_bound(summary.p50, 500 * WEIR_MILLISECOND, "p50");
	check_bound(summary.p99, 990 * WEIR_MILLISECOND, "p99");
	check_bound(summary.longest, 1000 * WEIR_MILLISECOND, "longest");
	free(stats);
}

Test(route_stats, a_cancelled_run_tells_of_its_gap_alone)
{
	struct weir__route_stats *stats = make();
	const struct weir__run run = {
		.begun = MINUTE, .ended = 2 * MINUTE, .gap = 7, .looked = true, .cancelled = true};
	struct weir__route_summary summary;

	weir__stats_add(stats, &run);
	summary = summary_of(stats);
	cr_assert_eq(summary.runs, 1);
	cr_assert_eq(summary.timed, 0);
	cr_assert_eq(summary.gap, 7);
	cr_assert(summary.looks);
	free(stats);
}

Test(route_stats, an_outlier_is_forgotten_after_five_minutes_of_use)
{
	struct weir__route_stats *stats = make();
	weir_time now = 1000 * MINUTE;

	add(stats, now, 100 * WEIR_SECOND, 30 * WEIR_SECOND);
	for (unsigned i = 1; i < WEIR__STATS_WINDOWS; i++) {
		add(stats, now + i * MINUTE, WEIR_SECOND, 5);
		cr_assert_eq(summary_of(stats).gap, 30 * WEIR_SECOND, "minute %u", i);
		check_bound(summary_of(stats).longest, 100 * WEIR_SECOND, "longest");
	}
	add(stats, now + WEIR__STATS_WINDOWS * MINUTE, WEIR_SECOND, 5);
	cr_assert_eq(summary_of(stats).gap, 5);
	check_bound(summary_of(stats).longest, WEIR_SECOND, "longest");
	cr_assert_eq(summary_of(stats).runs, WEIR__STATS_WINDOWS + 1);
	free(stats);
}

Test(route_stats, what_is_seldom_used_does_not_forget)
{
	struct weir__route_stats *stats = make();

	add(stats, MINUTE, 100 * WEIR_SECOND, 30 * WEIR_SECOND);
	add(stats, 10000 * MINUTE, WEIR_SECOND, 5);
	cr_assert_eq(summary_of(stats).gap, 30 * WEIR_SECOND);
	cr_assert_eq(summary_of(stats).timed, 2);
	free(stats);
}

Test(route_stats, a_copy_knows_the_same)
{
	struct weir__route_stats *stats = make(), *copy = make();

	for (unsigned i = 0; i < 3; i++)
		add(stats, i * MINUTE, (i + 1) * WEIR_SECOND, i + 1);
	weir__stats_copy(copy, stats);
	cr_assert_eq(summary_of(copy).gap, 3);
	cr_assert_eq(summary_of(copy).runs, 3);
	cr_assert_eq(summary_of(copy).p50, summary_of(stats).p50);
	cr_assert(summary_of(copy).looks);
	add(copy, 2 * MINUTE, WEIR_SECOND, 9);
	cr_assert_eq(summary_of(copy).gap, 9);
	cr_assert_eq(summary_of(stats).gap, 3);
	free(copy);
	free(stats);
}

static struct weir__route *route_of(struct weir__router *router, const char *path)
{
	struct weir__match match;

	weir__router_match(router, "GET", path, strlen(path), WEIR_SCOPE_PUBLIC, &match);
	cr_assert_not_null(match.route);
	return match.route;
}

static int no_handler(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)response;
	(void)token;
	return 0;
}

Test(route_stats, another_table_goes_on_with_them)
{
	const struct weir_route_options options = {.body_limit = 1};
	struct weir__router old, new;

	cr_assert_eq(weir__router_init(&old) + weir__router_init(&new), 0);
	cr_assert_eq(weir__router_add(&old, "GET /a/{b}", no_handler, NULL, &options), 0);
	cr_assert_eq(weir__router_add(&new, "GET /c", no_handler, NULL, &options), 0);
	cr_assert_eq(weir__router_add(&new, "GET /a/{b}", no_handler, NULL, &options), 0);
	add(&route_of(&old, "/a/x")->stats, MINUTE, WEIR_SECOND, 3);
	weir__router_inherit(&new, &old);
	cr_assert_eq(summary_of(&route_of(&new, "/a/x")->stats).gap, 3);
	cr_assert_eq(summary_of(&route_of(&new, "/c")->stats).runs, 0);
	weir__router_fini(&old);
	weir__router_fini(&new);
}

enum { adders = 4, added = 20000 };

struct adder {
	struct thread thread;
	struct weir__route_stats *stats;
	unsigned number;
};

static void add_in_threads(struct weir__route_stats *stats, void (*fn)(void *arg))
{
	struct adder all[adders];

	for (unsigned i = 0; i < adders; i++) {
		all[i].stats = stats;
		all[i].number = i;
		thread_start(&all[i].thread, fn, &all[i]);
	}
	for (unsigned i = 0; i < adders; i++)
		thread_join(&all[i].thread);
}

static void add_many(void *arg)
{
	const struct adder *adder = arg;

	for (unsigned i = 0; i < added; i++)
		add(adder->stats, MINUTE, WEIR_MILLISECOND, adder->number * added + i + 1);
}

Test(route_stats, none_is_lost_within_a_minute)
{
	struct weir__route_stats *stats = make();

	add(stats, MINUTE, WEIR_MILLISECOND, 0);
	add_in_threads(stats, add_many);
	cr_assert_eq(summary_of(stats).runs, adders * added + 1);
	cr_assert_eq(summary_of(stats).timed, adders * added + 1);
	cr_assert_eq(summary_of(stats).gap, adders * added);
	free(stats);
}

static void add_over_minutes(void *arg)
{
	const struct adder *adder = arg;

	for (unsigned i = 0; i < added; i++)
		add(adder->stats, (i / 100) * MINUTE, WEIR_MILLISECOND, adder->number + 1);
}

Test(route_stats, windows_move_while_many_add)
{
	struct weir__route_stats *stats = make();

	add_in_threads(stats, add_over_minutes);
	cr_assert_eq(summary_of(stats).runs, adders * added);
	cr_assert_leq(summary_of(stats).timed, adders * added);
	cr_assert_gt(summary_of(stats).timed, 0);
	cr_assert_leq(summary_of(stats).gap, adders);
	check_bound(summary_of(stats).longest, WEIR_MILLISECOND, "longest");
	free(stats);
}
