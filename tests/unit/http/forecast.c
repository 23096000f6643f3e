/* http/forecast.h: what becomes of one request in a stop. */
#include <criterion/criterion.h>

#include "http/forecast.h"

TestSuite(forecast, .timeout = 60);

#define S WEIR_SECOND

static const struct weir__stop_times times = {.drain = 2 * S, .cancel = 22 * S, .cut = 27 * S};

static void expect(const struct weir__outlook outlook, int how, weir_time time, const char *what)
{
	struct weir__ending ending = weir__forecast_one(&outlook, &times);

	cr_assert_eq((int)ending.how, how, "%s: %d", what, (int)ending.how);
	cr_assert_eq(ending.time, time, "%s: %lld", what, (long long)ending.time);
}

Test(forecast, of_a_handler_that_runs)
{
	expect((struct weir__outlook){.rest = 5 * S}, WEIR__ENDS, 5 * S, "ends by itself");
	expect((struct weir__outlook){.rest = 22 * S}, WEIR__ENDS, 22 * S, "just in time");
	expect((struct weir__outlook){.rest = 60 * S, .looks = true, .gap = 3 * S},
	       WEIR__ENDS_CANCELLED, 25 * S, "is cancelled");
	expect((struct weir__outlook){.rest = 23 * S, .looks = true, .gap = 3 * S},
	       WEIR__ENDS_CANCELLED, 23 * S, "is over before it looks");
	expect((struct weir__outlook){.rest = WEIR_NEVER, .looks = true, .gap = S},
	       WEIR__ENDS_CANCELLED, 23 * S, "unknown");
	expect((struct weir__outlook){.rest = WEIR_NEVER, .looks = true, .gap = 5 * S},
	       WEIR__ENDS_CUT, 27 * S, "looks too late");
	expect((struct weir__outlook){.rest = WEIR_NEVER, .gap = S}, WEIR__ENDS_CUT, 27 * S,
	       "never looks");
	expect((struct weir__outlook){.rest = 25 * S, .gap = S}, WEIR__ENDS_CANCELLED, 25 * S,
	       "never looks, but comes back");
}

Test(forecast, of_one_that_waits_for_a_worker)
{
	expect((struct weir__outlook){.wait = 3 * S, .rest = 5 * S}, WEIR__ENDS, 8 * S, "served");
	expect((struct weir__outlook){.wait = 20 * S, .rest = 5 * S, .looks = true, .gap = S},
	       WEIR__ENDS_CANCELLED, 23 * S, "a handler has it by then");
	expect((struct weir__outlook){.wait = 30 * S, .rest = 5 * S}, WEIR__ENDS_CANCELLED, 22 * S,
	       "none has: answered at once");
	expect((struct weir__outlook){.wait = WEIR_NEVER, .rest = WEIR_NEVER}, WEIR__ENDS_CANCELLED,
	       22 * S, "likewise");
}

Test(forecast, of_what_ends_with_the_drain_token)
{
	expect(
		(struct weir__outlook){
			.rest = WEIR_NEVER, .looks = true, .gap = S, .watches_drain = true},
		WEIR__ENDS, 3 * S, "a stream that says goodbye");
	expect((struct weir__outlook){.rest = WEIR_NEVER, .gap = S, .watches_drain = true},
	       WEIR__ENDS_CUT, 27 * S, "one that never looks");
	expect((struct weir__outlook){.rest = WEIR_NEVER, .looks = true, .gap = S, .drained = true},
	       WEIR__ENDS_CANCELLED, 3 * S, "a route that is cancelled then");
	expect((struct weir__outlook){.rest = S, .looks = true, .gap = S, .drained = true},
	       WEIR__ENDS, S, "... but is over before");
	expect((struct weir__outlook){.wait = 5 * S, .rest = S, .drained = true},
	       WEIR__ENDS_CANCELLED, 2 * S, "... or still waits");
}

Test(forecast, without_a_grace_everything_ends_at_its_next_look)
{
	const struct weir__stop_times none = {.cut = 5 * S};
	const struct weir__outlook busy = {.rest = 4 * S, .looks = true, .gap = S};
	const struct weir__outlook queued = {.wait = S, .rest = S};

	cr_assert_eq(weir__forecast_one(&busy, &none).time, S);
	cr_assert_eq(weir__forecast_one(&queued, &none).time, 0);
	cr_assert_eq(weir__forecast_one(&queued, &none).how, WEIR__ENDS_CANCELLED);
}

Test(forecast, the_rest_of_a_run)
{
	struct weir__route_summary known = {
		.runs = 9, .timed = 9, .p50 = S, .p99 = 10 * S, .longest = 20 * S};

	cr_assert_eq(weir__forecast_rest(&known, 0), 10 * S);
	cr_assert_eq(weir__forecast_rest(&known, 4 * S), 6 * S);
	cr_assert_eq(weir__forecast_rest(&known, 12 * S), 8 * S);
	cr_assert_eq(weir__forecast_rest(&known, 20 * S), WEIR_NEVER);
	known.longest = WEIR_NEVER;
	cr_assert_eq(weir__forecast_rest(&known, 12 * S), WEIR_NEVER);
	known.timed = 0;
	cr_assert_eq(weir__forecast_rest(&known, 0), WEIR_NEVER);
}
