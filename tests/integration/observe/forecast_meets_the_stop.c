/* A forecast, then the stop that it was of: it takes what was said, within TOLERANCE, and what was
 * to be cancelled or cut is. A busy machine lets handlers sleep for longer than they have asked
 * for. That they note, and the stop may take so much longer. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/must.h"
#include "support/reply.h"

#define TOLERANCE WEIR_SECOND
#define BRIEF (500 * WEIR_MILLISECOND)
#define LONG (2 * WEIR_SECOND)
#define SLICE WEIR_SECOND

static struct gate begun, looked, end;
static _Atomic weir_time overslept; /* since the stop began */

static int sleep_for(weir_time time, weir_response *response, weir_token *token)
{
	weir_time until = weir_after(time);
	int error;

	gate_announce(&begun);
	error = weir_sleep(token, until);
	if (error)
		return -ECANCELED;
	atomic_fetch_add(&overslept, weir_now() - until);
	return weir_response_printf(response, "slept\n");
}

static int sleep_long(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	return sleep_for(LONG, response, token);
}

static int sleep_briefly(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	return sleep_for(BRIEF, response, token);
}

/* What a computation does to its token: nothing. */
static void compute(weir_time duration)
{
	const struct timespec pause = {.tv_sec = duration / WEIR_SECOND,
				       .tv_nsec = duration % WEIR_SECOND};

	weir_time until = weir_after(duration);

	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	atomic_fetch_add(&overslept, weir_now() - until);
}

/* Looks once in a SLICE, and never ends by itself. */
static int look_seldom(weir_request *request, weir_response *response, weir_token *token)
{
	weir_time until = weir_after(MUST_PATIENCE);

	(void)request;
	(void)response;
	gate_announce(&begun);
	while (weir_now() < until) {
		compute(SLICE);
		if (weir_token_check(token) != 0)
			return -ECANCELED;
		gate_announce(&looked);
	}
	return -ETIMEDOUT;
}

static int never_look(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)response;
	(void)token;
	gate_announce(&begun);
	return gate_pass(&end);
}

/* Ends when a stop begins. */
static int stream(weir_request *request, weir_response *response, weir_token *token)
{
	weir_token *drain = weir_request_drain_token(request);
	weir_time until = weir_after(MUST_PATIENCE);

	int error = weir_response_stream(response, -1);

	(void)token;
	gate_announce(&begun);
	while (!error && weir_now() < until) {
		error = weir_response_write(response, "still here\n", 11);
		if (!error && weir_sleep(drain, weir_after(BRIEF)) == -ECANCELED)
			return 0;
		gate_announce(&looked);
	}
	return error ? error : -ETIMEDOUT;
}

struct scene {
	struct fixture fixture;
	struct client clients[8];
	unsigned count;
};

static void begin(struct scene *scene, weir_handler handler,
		  const struct weir_server_options *options)
{
	*scene = (struct scene){.count = 0};
	gate_init(&begun);
	gate_init(&looked);
	gate_init(&end);
	atomic_store(&overslept, 0);
	fixture_serve(&scene->fixture, options, "GET /planted", handler, NULL);
}

static void send_one(struct scene *scene)
{
	struct client *client = &scene->clients[scene->count++];

	client_open(client, scene->fixture.url);
	client_send_text(client, "GET /planted HTTP/1.1\r\nHost: test\r\n\r\n");
	metrics_await(scene->fixture.server, "weir_requests_accepted_total", scene->count);
}

static void run_once(struct scene *scene)
{
	struct reply reply;

	send_one(scene);
	gate_await(&begun, 1);
	client_receive(&scene->clients[0], &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	metrics_await_sum(scene->fixture.server, "weir_requests_in_flight", 0);
}

static struct weir_forecast forecast_of(struct scene *scene)
{
	struct weir_forecast forecast;

	cr_assert_eq(weir_server_forecast(scene->fixture.server, &forecast), 0);
	return forecast;
}

static void expect_near(weir_time is, weir_time expected, weir_time below, const char *what)
{
	cr_assert_geq(is, expected - below, "%s: %lld ns, expected %lld", what, (long long)is,
		      (long long)expected);
	cr_assert_leq(is, expected + TOLERANCE + atomic_load(&overslept),
		      "%s: %lld ns, expected %lld", what, (long long)is, (long long)expected);
}

/* Stops; returns when nothing was in flight any more, from the request for the stop. */
static weir_time stop(struct scene *scene, enum weir_outcome outcome)
{
	const struct weir_report *report;
	weir_time time = 0;

	atomic_store(&overslept, 0);
	weir_server_stop(scene->fixture.server, "test");
	report = fixture_await(&scene->fixture, outcome);
	for (int phase = WEIR_PHASE_LAME_DUCK; phase < WEIR_PHASE_TEARDOWN; phase++)
		time += report->phase_time[phase];
	return time;
}

static void tear_down(struct scene *scene)
{
	for (unsigned i = 0; i < scene->count; i++)
		client_close(&scene->clients[i]);
	fixture_destroy(&scene->fixture);
}

Test(forecast_meets_the_stop, of_requests_that_finish)
{
	struct weir_forecast forecast;
	struct scene scene;

	begin(&scene, sleep_long, NULL);
	run_once(&scene);
	for (int i = 0; i < 3; i++)
		send_one(&scene);
	gate_await(&begun, 3);
	forecast = forecast_of(&scene);
	cr_assert_eq(forecast.in_flight, 3);
	cr_assert_eq(forecast.cancelled + forecast.cut, 0);
	cr_assert_str_eq(forecast.route, "GET /planted");
	expect_near(forecast.time, LONG, WEIR_MILLISECOND * 500, "forecast");
	expect_near(stop(&scene, WEIR_CLEAN), forecast.time, TOLERANCE, "stop");
	cr_assert_eq(scene.fixture.report->counts.answered, 3);
	tear_down(&scene);
}

Test(forecast_meets_the_stop, of_requests_that_wait_for_a_worker)
{
	const struct weir_server_options one = {.workers = 1};
	struct weir_forecast forecast;
	struct scene scene;

	begin(&scene, sleep_briefly, &one);
	run_once(&scene);
	for (int i = 0; i < 6; i++)
		send_one(&scene);
	gate_await(&begun, 1);
	forecast = forecast_of(&scene);
	cr_assert_eq(forecast.in_flight, 6);
	cr_assert_eq(forecast.cancelled + forecast.cut, 0);
	expect_near(forecast.time, 6 * BRIEF, BRIEF, "forecast");
	expect_near(stop(&scene, WEIR_CLEAN), forecast.time, TOLERANCE, "stop");
	cr_assert_eq(scene.fixture.report->counts.answered, 6);
	tear_down(&scene);
}

Test(forecast_meets_the_stop, of_a_handler_that_looks_seldom)
{
	const struct weir_server_options options = {.grace = 500 * WEIR_MILLISECOND,
						    .drain_timeout = 20 * WEIR_SECOND};
	struct weir_forecast forecast;
	struct scene scene;

	begin(&scene, look_seldom, &options);
	send_one(&scene);
	gate_await(&looked, 1);
	forecast = forecast_of(&scene);
	cr_assert_eq(forecast.in_flight, 1);
	cr_assert_eq(forecast.cancelled, 1);
	cr_assert_eq(forecast.cut, 0);
	/* The tick may be 100 ms off. */
	expect_near(forecast.gap, SLICE, 100 * WEIR_MILLISECOND, "gap");
	expect_near(forecast.time, options.grace + forecast.gap, WEIR_MILLISECOND, "forecast");
	/* It may be about to look when it is tripped. */
	expect_near(stop(&scene, WEIR_CLEAN), forecast.time, SLICE + 100 * WEIR_MILLISECOND,
		    "stop");
	cr_assert_eq(scene.fixture.report->counts.cancelled, 1);
	tear_down(&scene);
}

Test(forecast_meets_the_stop, of_a_handler_that_never_looks)
{
	const struct weir_server_options options = {.lame_duck = 500 * WEIR_MILLISECOND,
						    .grace = 500 * WEIR_MILLISECOND,
						    .drain_timeout = WEIR_SECOND};
	struct weir_forecast forecast;
	struct scene scene;

	begin(&scene, never_look, &options);
	send_one(&scene);
	gate_await(&begun, 1);
	forecast = forecast_of(&scene);
	cr_assert_eq(forecast.in_flight, 1);
	cr_assert_eq(forecast.cancelled, 0);
	cr_assert_eq(forecast.cut, 1);
	expect_near(forecast.time, options.lame_duck + options.drain_timeout, WEIR_MILLISECOND,
		    "forecast");
	expect_near(stop(&scene, WEIR_ABANDONED), forecast.time, 20 * WEIR_MILLISECOND, "stop");
	cr_assert_eq(scene.fixture.report->counts.abandoned, 1);
	tear_down(&scene);
	gate_open(&end, 1);
}

Test(forecast_meets_the_stop, of_a_stream_that_watches_the_drain_token)
{
	struct weir_forecast forecast;
	struct scene scene;

	begin(&scene, stream, NULL);
	send_one(&scene);
	gate_await(&looked, 1);
	forecast = forecast_of(&scene);
	cr_assert_eq(forecast.in_flight, 1);
	cr_assert_eq(forecast.cancelled + forecast.cut, 0);
	expect_near(forecast.time, 0, 0, "forecast");
	expect_near(stop(&scene, WEIR_CLEAN), forecast.time, TOLERANCE, "stop");
	cr_assert_eq(scene.fixture.report->counts.answered, 1);
	tear_down(&scene);
}

Test(forecast_meets_the_stop, of_an_idle_server)
{
	struct weir_forecast forecast;
	struct scene scene;

	begin(&scene, stream, NULL);
	forecast = forecast_of(&scene);
	cr_assert_eq(forecast.in_flight + forecast.cancelled + forecast.cut, 0);
	cr_assert_eq(forecast.time, 0);
	cr_assert_str_eq(forecast.route, "-");
	expect_near(stop(&scene, WEIR_CLEAN), 0, 0, "stop");
	tear_down(&scene);
}

static void expect_cut_in(struct scene *scene, weir_time most)
{
	struct weir_forecast forecast = forecast_of(scene);

	cr_assert_eq(forecast.cut, 1);
	cr_assert_leq(forecast.time, most);
	cr_assert_gt(forecast.time, most - MUST_PATIENCE);
}

Test(forecast_meets_the_stop, of_what_is_left_of_a_stop)
{
	const weir_time hour = 3600 * WEIR_SECOND;
	const struct weir_server_options options = {
		.lame_duck = hour, .grace = hour, .drain_timeout = 2 * hour};
	struct scene scene;

	begin(&scene, never_look, &options);
	send_one(&scene);
	gate_await(&begun, 1);
	expect_cut_in(&scene, 3 * hour);
	weir_server_stop(scene.fixture.server, "test");
	metrics_await(scene.fixture.server, "weir_drain_phase", WEIR_PHASE_LAME_DUCK);
	expect_cut_in(&scene, 3 * hour);
	weir_server_cancel(scene.fixture.server, "test");
	metrics_await(scene.fixture.server, "weir_drain_phase", WEIR_PHASE_CANCELLING);
	expect_cut_in(&scene, 2 * hour);
	gate_open(&end, 1);
	(void)fixture_await(&scene.fixture, WEIR_CLEAN);
	tear_down(&scene);
}
