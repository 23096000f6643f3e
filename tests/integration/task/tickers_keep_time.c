/* A ticker runs at begin + n * period: never early, never twice at a time, without drift, and
 * without catching up on what it missed. Its times are compared with times taken before and
 * after it was started; nothing here waits for a time to pass but the ticker itself. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/must.h"

#define PERIOD (20 * WEIR_MILLISECOND)

struct ticker {
	struct gate gate;
	weir_time work;          /* how long each tick takes */
	_Atomic int inside;      /* ticks that run now */
	_Atomic bool overlap;    /* ... were two */
	weir_time last, nearest; /* when it ran last; the least time from a tick to the next */
	unsigned count;
	unsigned wanted; /* tells after so many */
	int result;
};

static int tick(void *arg, weir_token *token)
{
	struct ticker *ticker = arg;
	weir_time now = weir_now();

	if (atomic_fetch_add(&ticker->inside, 1) > 0)
		atomic_store(&ticker->overlap, true);
	if (ticker->count > 0 && now - ticker->last < ticker->nearest)
		ticker->nearest = now - ticker->last;
	ticker->last = now;
	if (ticker->work > 0)
		(void)weir_sleep(token, now + ticker->work);
	atomic_fetch_sub(&ticker->inside, 1);
	if (++ticker->count == ticker->wanted)
		gate_announce(&ticker->gate);
	return ticker->result;
}

Test(tickers_keep_time, never_early)
{
	struct ticker ticker = {.wanted = 10, .nearest = WEIR_NEVER};
	struct fixture fixture;
	weir_time before;

	gate_init(&ticker.gate);
	fixture_create(&fixture, NULL);
	fixture_start(&fixture);
	before = weir_now();
	cr_assert_eq(weir_task_every(fixture.server, "ticker", PERIOD, tick, &ticker), 0);
	gate_await(&ticker.gate, 1);
	fixture_finish(&fixture);
	/* the n-th is not before begin + n * period, if some are left out even later */
	cr_assert_geq(ticker.last, before + ticker.count * PERIOD);
	cr_assert_not(atomic_load(&ticker.overlap));
	gate_destroy(&ticker.gate);
}

/* Each tick takes more than half of a period, so one that slept for a period after each would
 * never run twice within 1.4 of them. How busy the machine is decides how long it takes to see
 * a pair that close, not whether there is one. */
static int tick_until_close(void *arg, weir_token *token)
{
	struct ticker *ticker = arg;
	int rc = tick(ticker, token);

	if (ticker->nearest < PERIOD * 14 / 10 && ticker->wanted == 0) {
		ticker->wanted = ticker->count;
		gate_announce(&ticker->gate);
	}
	return rc;
}

Test(tickers_keep_time, without_drift)
{
	struct ticker ticker = {.work = PERIOD * 6 / 10, .nearest = WEIR_NEVER};
	struct fixture fixture;

	gate_init(&ticker.gate);
	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_task_every(fixture.server, "ticker", PERIOD, tick_until_close, &ticker),
		     0);
	fixture_start(&fixture);
	gate_await(&ticker.gate, 1);
	fixture_finish(&fixture);
	cr_assert_not(atomic_load(&ticker.overlap));
	gate_destroy(&ticker.gate);
}

/* The first tick takes four periods and a half. */
static int tick_long_once(void *arg, weir_token *token)
{
	struct ticker *ticker = arg;

	ticker->work = ticker->count == 0 ? PERIOD * 9 / 2 : 0;
	return tick(ticker, token);
}

Test(tickers_keep_time, without_catching_up)
{
	struct ticker ticker = {.wanted = 4, .nearest = WEIR_NEVER};
	struct fixture fixture;
	weir_time before;

	gate_init(&ticker.gate);
	fixture_create(&fixture, NULL);
	fixture_start(&fixture);
	before = weir_now();
	cr_assert_eq(weir_task_every(fixture.server, "ticker", PERIOD, tick_long_once, &ticker), 0);
	gate_await(&ticker.gate, 1);
	fixture_finish(&fixture);
	/* 1, then at the earliest 6, 7, 8 */
	cr_assert_geq(ticker.last, before + (ticker.count + 4) * PERIOD);
	cr_assert_not(atomic_load(&ticker.overlap));
	gate_destroy(&ticker.gate);
}

Test(tickers_keep_time, also_after_an_error)
{
	struct ticker ticker = {.wanted = 3, .nearest = WEIR_NEVER, .result = -EIO};
	struct fixture fixture;

	gate_init(&ticker.gate);
	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_task_every(fixture.server, "ticker", PERIOD, tick, &ticker), 0);
	fixture_start(&fixture);
	gate_await(&ticker.gate, 1);
	log_capture_await(&fixture.log, "task-failed", 3);
	fixture_finish(&fixture);
	gate_destroy(&ticker.gate);
}

/* A stop does not wait for the next tick. */
Test(tickers_keep_time, and_end_at_once)
{
	struct ticker ticker = {0}, never = {0};
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_task_every(fixture.server, "hourly", 3600 * WEIR_SECOND, tick, &ticker),
		     0);
	cr_assert_eq(weir_task_every(fixture.server, "never", WEIR_NEVER, tick, &never), 0);
	fixture_start(&fixture);
	fixture_finish(&fixture);
	cr_assert_eq(ticker.count, 0);
	cr_assert_eq(never.count, 0);
}
