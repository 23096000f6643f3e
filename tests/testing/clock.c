/* testing/clock.c: the fake clock by itself. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <weir/io.h>
#include <weir/testing.h>

static weir_time real_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (weir_time)now.tv_sec * WEIR_SECOND + now.tv_nsec;
}

Test(clock, stands_still_and_goes_on_when_told)
{
	weir_time before;

	cr_assert_eq(weir_testing_clock_begin(), 0);
	cr_assert_eq(weir_testing_clock_begin(), -EBUSY);
	before = weir_now();
	cr_assert_gt(before, real_now());
	cr_assert_eq(weir_now(), before);
	weir_testing_clock_advance(7);
	cr_assert_eq(weir_now(), before + 7);
	cr_assert_eq(weir_after(3), before + 10);
	cr_assert_eq(weir_after(WEIR_NEVER), WEIR_NEVER);
	weir_testing_clock_end();
	cr_assert_leq(weir_now(), real_now());
	cr_assert_eq(weir_testing_clock_begin(), 0);
	cr_assert_gt(weir_now(), before);
	weir_testing_clock_end();
}

Test(clock, deadlines_trip_in_their_order_and_at_their_time)
{
	weir_token *late, *early;
	struct weir_cause cause;

	cr_assert_eq(weir_testing_clock_begin(), 0);
	cr_assert_eq(weir_token_create(NULL, weir_after(20 * WEIR_SECOND), &late), 0);
	cr_assert_eq(weir_token_create(NULL, weir_after(10 * WEIR_SECOND), &early), 0);
	weir_testing_clock_advance(10 * WEIR_SECOND - 1);
	cr_assert_eq(weir_token_check(early), 0);
	weir_testing_clock_advance(1);
	cr_assert_eq(weir_token_check(early), -ECANCELED);
	cr_assert_eq(weir_token_check(late), 0);
	weir_testing_clock_advance(3600 * WEIR_SECOND);
	cr_assert_eq(weir_token_cause(late, &cause), 0);
	cr_assert_eq(cause.reason, WEIR_REASON_DEADLINE);
	cr_assert_eq(weir_now() - cause.when, (3600 - 10) * WEIR_SECOND);
	weir_token_unref(early);
	weir_token_unref(late);
	weir_testing_clock_end();
}

Test(clock, every_sleep_follows_it)
{
	struct timespec duration = {1, 0}, when;
	weir_time begun, real = real_now(), until;

	cr_assert_eq(weir_testing_clock_begin(), 0);
	begun = weir_now();
	cr_assert_eq(sleep(100), 0);
	cr_assert_eq(usleep(500000), 0);
	cr_assert_eq(nanosleep(&duration, NULL), 0);
	cr_assert_eq(clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, NULL), 0);
	cr_assert_eq(weir_now() - begun, 102 * WEIR_SECOND + WEIR_SECOND / 2);
	until = weir_after(100 * WEIR_SECOND);
	when = (struct timespec){until / WEIR_SECOND, until % WEIR_SECOND};
	cr_assert_eq(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL), 0);
	cr_assert_eq(weir_now(), until);
	cr_assert_eq(weir_sleep(NULL, weir_after(100 * WEIR_SECOND)), 0);
	cr_assert_eq(poll(NULL, 0, 100000), 0);
	cr_assert_eq(weir_now() - until, 200 * WEIR_SECOND);
	weir_testing_clock_end();
	cr_assert_lt(real_now() - real, 60 * WEIR_SECOND);
}

Test(clock, a_wait_stops_at_a_deadline_on_the_way)
{
	weir_token *token;
	weir_time begun;

	cr_assert_eq(weir_testing_clock_begin(), 0);
	begun = weir_now();
	cr_assert_eq(weir_token_create(NULL, weir_after(10 * WEIR_SECOND), &token), 0);
	cr_assert_eq(weir_sleep(token, weir_after(3600 * WEIR_SECOND)), -ECANCELED);
	cr_assert_eq(weir_now() - begun, 10 * WEIR_SECOND);
	weir_token_unref(token);
	cr_assert_eq(weir_token_create(NULL, weir_after(10 * WEIR_SECOND), &token), 0);
	cr_assert_eq(weir_token_wait(token, weir_after(5 * WEIR_SECOND)), -ETIMEDOUT);
	cr_assert_eq(weir_now() - begun, 15 * WEIR_SECOND);
	weir_token_unref(token);
	weir_testing_clock_end();
}

Test(clock, a_poll_stops_at_a_deadline_on_the_way)
{
	struct pollfd fd = {.events = POLLIN};
	weir_token *token;
	weir_time begun;

	cr_assert_eq(weir_testing_clock_begin(), 0);
	begun = weir_now();
	cr_assert_eq(weir_token_create(NULL, weir_after(10 * WEIR_SECOND), &token), 0);
	fd.fd = weir_token_fd(token);
	cr_assert_geq(fd.fd, 0);
	cr_assert_eq(poll(&fd, 1, -1), 1);
	cr_assert_eq(weir_now() - begun, 10 * WEIR_SECOND);
	weir_token_unref(token);
	weir_testing_clock_end();
}

struct condition {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	bool told;
};

static void *tell(void *arg)
{
	struct condition *condition = arg;

	(void)pthread_mutex_lock(&condition->mutex);
	condition->told = true;
	(void)pthread_cond_signal(&condition->cond);
	(void)pthread_mutex_unlock(&condition->mutex);
	return NULL;
}

static int wait_until(struct condition *condition, weir_time until)
{
	struct timespec when = {until / WEIR_SECOND, until % WEIR_SECOND};
	int error = 0;

	(void)pthread_mutex_lock(&condition->mutex);
	while (!condition->told && !error)
		error = pthread_cond_timedwait(&condition->cond, &condition->mutex, &when);
	(void)pthread_mutex_unlock(&condition->mutex);
	return error;
}

/* Both ends of a condition: its time, and another thread. */
Test(clock, a_condition_times_out_or_is_told)
{
	struct condition condition = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
	pthread_t thread;
	weir_time begun;
	int tries;

	cr_assert_eq(weir_testing_clock_begin(), 0);
	begun = weir_now();
	cr_assert_eq(wait_until(&condition, weir_after(60 * WEIR_SECOND)), ETIMEDOUT);
	cr_assert_eq(weir_now() - begun, 60 * WEIR_SECOND);
	cr_assert_eq(pthread_create(&thread, NULL, tell, &condition), 0);
	/* On a busy machine the other thread may come too late, again and again. */
	for (tries = 0; tries < 1000; tries++)
		if (wait_until(&condition, weir_after(60 * WEIR_SECOND)) == 0)
			break;
	(void)pthread_join(thread, NULL);
	cr_assert_lt(tries, 1000);
	weir_testing_clock_end();
}

static void *look_at_clock(void *out)
{
	*(weir_time *)out = weir_now();
	return NULL;
}

Test(clock, threads_that_were_there_before_keep_to_the_real_one)
{
	weir_time seen;
	pthread_t thread;

	cr_assert_eq(weir_testing_clock_begin(), 0);
	cr_assert_eq(pthread_create(&thread, NULL, look_at_clock, &seen), 0);
	(void)pthread_join(thread, NULL);
	cr_assert_eq(seen, weir_now(), "one that was started under it sees it");
	weir_testing_clock_end();
	cr_assert_eq(pthread_create(&thread, NULL, look_at_clock, &seen), 0);
	(void)pthread_join(thread, NULL);
	cr_assert_leq(seen, real_now());
}
