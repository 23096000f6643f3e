/* load.c: arrivals, deadlines and the counts.
 *
 *	due -> waiting -> sent -> done
 *	           ^-------' once, if the server had closed the idle connection it was sent on
 *
 * Requests stand in a ring in the order in which they were due, which is also the order in which
 * they are given up: `head` is the oldest that is not done.
 */
#include "load.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>

#include "clock.h"
#include "pool.h"

struct request {
	int64_t due;
	struct bench_pool_connection *connection; /* NULL: waiting, or done */
	bool done, counted, tried;
	TAILQ_ENTRY(request) waiting;
};

struct load {
	const struct bench_load_options *options;
	struct bench_load_result *result;
	struct bench_pool *pool;
	struct request *ring;
	size_t room; /* a power of two */
	uint64_t head, tail;
	TAILQ_HEAD(waiting, request) waiting;
	int64_t now;
	int64_t next; /* arrival; open loop */
	int64_t count_from, count_to;
	uint64_t counted; /* not done yet; the load goes on until they are */
	uint64_t random;
	unsigned owed; /* closed loop: clients without a request */
};

/* xorshift64* (S. Vigna, 2016), as a number in (0, 1]. */
static double draw(struct load *load)
{
	load->random ^= load->random >> 12;
	load->random ^= load->random << 25;
	load->random ^= load->random >> 27;
	return (double)((load->random * 0x2545f4914f6cdd1dULL >> 11) + 1) * 0x1p-53;
}

/* Times between the arrivals of a Poisson process are exponentially distributed. */
static int64_t pause(struct load *load)
{
	return (int64_t)(-log(draw(load)) / load->options->rate * (double)BENCH_S);
}

static void finish(struct load *load, struct request *request, uint64_t *count)
{
	request->connection = NULL;
	request->done = true;
	if (request->counted) {
		++*count;
		load->counted--;
	}
	if (load->options->rate <= 0)
		load->owed++;
	while (load->head < load->tail && load->ring[load->head & (load->room - 1)].done)
		load->head++;
}

static void on_answer(void *arg, void *of, int status)
{
	struct load *load = arg;
	struct request *request = of;
	struct bench_load_result *result = load->result;
	int64_t took = bench_now() - request->due;

	/* It came while others of the same batch were looked at. */
	if (took > load->options->deadline) {
		finish(load, request, &result->late);
	} else if (status == 200) {
		if (request->counted)
			bench_histogram_add(&result->answers, took);
		finish(load, request, &result->good);
	} else if (status == 429 || (status >= 502 && status <= 504)) {
		if (request->counted)
			bench_histogram_add(&result->refusals, took);
		finish(load, request, &result->refused);
	} else {
		finish(load, request, &result->odd);
	}
}

static void on_loss(void *arg, void *of, bool reused)
{
	struct load *load = arg;
	struct request *request = of;

	request->connection = NULL;
	/* RFC 9112, 9.3.1: a client may send it again, the method being idempotent. */
	if (reused && !request->tried) {
		request->tried = true;
		TAILQ_INSERT_HEAD(&load->waiting, request, waiting);
		return;
	}
	finish(load, request, &load->result->lost);
}

static int arrive(struct load *load, int64_t due)
{
	struct request *request = &load->ring[load->tail & (load->room - 1)];

	if (load->tail - load->head == load->room)
		return -ENOBUFS;
	*request = (struct request){.due = due,
				    .counted = due >= load->count_from && due < load->count_to};
	load->tail++;
	load->result->arrivals++;
	if (request->counted) {
		load->counted++;
		load->result->scheduled++;
		bench_histogram_add(&load->result->lag, load->now - due);
	}
	TAILQ_INSERT_TAIL(&load->waiting, request, waiting);
	return 0;
}

static int take_arrivals(struct load *load)
{
	int result = 0;

	if (load->options->rate <= 0) {
		while (result == 0 && load->owed > 0) {
			result = arrive(load, load->now);
			load->owed--;
		}
		return result;
	}
	while (result == 0 && load->next <= load->now) {
		result = arrive(load, load->next);
		load->next += pause(load);
	}
	return result;
}

static void give_up(struct load *load)
{
	while (load->head < load->tail) {
		struct request *request = &load->ring[load->head & (load->room - 1)];
		uint64_t *count = &load->result->unsent;

		if (request->due + load->options->deadline > load->now)
			return;
		if (!request->connection)
			TAILQ_REMOVE(&load->waiting, request, waiting);
		else if (bench_pool_give_up(load->pool, request->connection))
			count = &load->result->late;
		finish(load, request, count);
	}
}

static int send_waiting(struct load *load)
{
	struct request *request;

	while ((request = TAILQ_FIRST(&load->waiting)) != NULL) {
		struct bench_pool_connection *connection;
		int result = bench_pool_send(load->pool, request, request->tried, &connection);

		if (result == -EAGAIN)
			return 0;
		/* Bounds of the generator's own, which would make the server look bad. */
		if (result == -EMFILE || result == -ENFILE || result == -EADDRNOTAVAIL ||
		    result == -ENOBUFS || result == -ENOMEM)
			return result;
		TAILQ_REMOVE(&load->waiting, request, waiting);
		if (result != 0)
			finish(load, request, &load->result->unsent);
		else
			request->connection = connection;
	}
	return 0;
}

/* When there is something to do though no connection stirs. */
static int64_t wake_at(const struct load *load)
{
	int64_t wake = load->count_to > load->now ? load->count_to : load->now + BENCH_S;

	if (load->head < load->tail) {
		int64_t given_up =
			load->ring[load->head & (load->room - 1)].due + load->options->deadline;

		wake = given_up < wake ? given_up : wake;
	}
	if (load->options->rate > 0 && load->next < wake)
		wake = load->next;
	return wake;
}

static int run(struct load *load)
{
	for (;;) {
		int result;

		load->now = bench_now();
		give_up(load);
		if (load->now >= load->count_to && load->counted == 0)
			return 0;
		result = take_arrivals(load);
		if (result == 0)
			result = send_waiting(load);
		if (result != 0)
			return result;
		/* What failed at once has left a client of the closed loop without a request. */
		if (load->owed > 0)
			continue;
		result = bench_pool_wait(load->pool, wake_at(load));
		if (result != 0)
			return result;
	}
}

static bool adds_up(const struct bench_load_result *result)
{
	return result->scheduled == result->good + result->refused + result->odd + result->late +
					    result->unsent + result->lost;
}

static size_t room_for(const struct bench_load_options *options)
{
	double outstanding = options->rate * (double)options->deadline / (double)BENCH_S;
	size_t wanted = 1024 + options->concurrency + (size_t)(2 * outstanding), room = 1;

	while (room < wanted)
		room *= 2;
	return room;
}

int bench_load_run(const struct bench_load_options *options, struct bench_load_result *result)
{
	struct load load = {.options = options,
			    .result = result,
			    .room = room_for(options),
			    .random = options->seed,
			    .owed = options->rate > 0 ? 0 : options->concurrency};
	const struct bench_pool_handlers handlers = {on_answer, on_loss, &load};
	int error;

	memset(result, 0, sizeof(*result));
	TAILQ_INIT(&load.waiting);
	/* Else arrivals come 50 us late, and in bunches: prctl(2). */
	if (prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0) != 0)
		return -errno;
	load.ring = calloc(load.room, sizeof(*load.ring));
	if (!load.ring)
		return -ENOMEM;
	error = bench_pool_create(&load.pool, options->port, options->connections, &handlers);
	if (error != 0)
		goto free_ring;
	load.next = bench_now();
	load.count_from = load.next + options->warm_up;
	load.count_to = load.count_from + options->measured;
	error = run(&load);
	result->connects = bench_pool_connects(load.pool);
	if (error == 0 && !adds_up(result))
		error = -EPROTO;
	bench_pool_destroy(load.pool);
free_ring:
	free(load.ring);
	return error;
}
