/* base/clock.c: now, and sums that do not fit. */
#include <criterion/criterion.h>

#include <time.h>

#include <weir/time.h>

TestSuite(clock, .timeout = 60);

Test(clock, never_goes_back)
{
	weir_time last = weir_now();

	for (int i = 0; i < 10000; i++) {
		weir_time now = weir_now();

		cr_assert_geq(now, last);
		last = now;
	}
}

Test(clock, is_the_monotonic_one)
{
	weir_time before = weir_now(), between;
	struct timespec now;

	cr_assert_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	between = (weir_time)now.tv_sec * WEIR_SECOND + now.tv_nsec;
	cr_assert(before <= between && between <= weir_now());
}

Test(clock, after_adds_and_stops_at_never)
{
	weir_time before = weir_now(), sum = weir_after(WEIR_SECOND);

	cr_assert(sum >= before + WEIR_SECOND && sum <= weir_now() + WEIR_SECOND);
	cr_assert_eq(weir_after(WEIR_NEVER), WEIR_NEVER);
	cr_assert_eq(weir_after(WEIR_NEVER - 1), WEIR_NEVER);
	cr_assert_leq(weir_after(-1), weir_now());
	cr_assert_lt(weir_after(INT64_MIN), 0);
}
