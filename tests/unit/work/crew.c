/* unit/work/crew.c: see crew.h. */
#include "crew.h"

#include <string.h>
#include <unistd.h>

#include "support/must.h"
#include "unit/threads.h"

static void quiet(void *arg)
{
	struct crew *crew = arg;

	atomic_fetch_add(&crew->quiets, 1);
}

void crew_start_elastic(struct crew *crew, unsigned minimum, unsigned maximum, weir_time idle,
			unsigned limit)
{
	struct weir__pool_options options = {
		.minimum = minimum, .maximum = maximum, .idle = idle, .quiet = quiet, .arg = crew};
	int error;

	must(maximum <= CREW_MAX, "a crew of %u", maximum);
	memset(crew, 0, sizeof(*crew));
	crew->size = maximum;
	options.queue = &crew->queue;
	error = weir__queue_init(&crew->queue, limit);
	must(error == 0, "weir__queue_init: %d", error);
	error = weir__pool_start(&crew->pool, &options);
	must(error == 0, "weir__pool_start: %d", error);
}

void crew_start(struct crew *crew, unsigned size, unsigned limit)
{
	crew_start_elastic(crew, size, size, WEIR_SECOND, limit);
}

static void run(struct weir__job *job)
{
	struct duty *duty = weir__container(job, struct duty, job);
	struct crew *crew = duty->crew;
	unsigned worker = duty_worker(duty);
	int error;

	must(worker <= crew->size, "there is no worker %u", worker);
	atomic_store(&crew->ids[worker], gettid());
	atomic_fetch_add(&crew->runs[worker], 1);
	atomic_fetch_add(&duty->runs, 1);
	if (!duty->gate)
		return;
	error = gate_pass(duty->gate);
	must(error == 0, "gate_pass: %d", error);
}

static const struct weir__job_ops ops = {.run = run};

void duty_init(struct duty *duty, struct crew *crew, bool brief, struct gate *gate)
{
	*duty = (struct duty){.job = {.ops = &ops, .brief = brief}, .crew = crew, .gate = gate};
}

void duty_push(struct duty *duty)
{
	int error = weir__queue_push(&duty->crew->queue, &duty->job);

	must(error == 0, "weir__queue_push: %d", error);
}

void crew_await_asleep(struct crew *crew)
{
	for (unsigned i = 0; i < crew->size; i++)
		thread_await_asleep(atomic_load(&crew->ids[i]));
}

/* One job for each worker, all at gates of their own, which are opened by the number of
 * the worker that stands there. */
void crew_park(struct crew *crew)
{
	static struct gate gates[CREW_MAX]; /* a worker may still be leaving one */
	struct duty duties[CREW_MAX];

	for (unsigned i = 0; i < crew->size; i++) {
		gate_init(&gates[i]);
		duty_init(&duties[i], crew, false, &gates[i]);
		duty_push(&duties[i]);
	}
	weir__pool_kick(&crew->pool);
	for (unsigned i = 0; i < crew->size; i++)
		gate_await(&gates[i], 1);
	for (unsigned worker = 0; worker < crew->size; worker++) {
		unsigned quiets = atomic_load(&crew->quiets);
		weir_time until = weir_after(MUST_PATIENCE);

		for (unsigned i = 0; i < crew->size; i++)
			if (duty_worker(&duties[i]) == worker)
				gate_open(&gates[i], 1);
		while (atomic_load(&crew->quiets) == quiets)
			must(weir_now() < until, "worker %u does not lie down", worker);
		thread_await_asleep(atomic_load(&crew->ids[worker]));
	}
	memset(crew->runs, 0, sizeof(crew->runs));
	atomic_store(&crew->quiets, 0);
}

void crew_end(struct crew *crew)
{
	unsigned left;

	weir__pool_stop(&crew->pool);
	left = weir__pool_join(&crew->pool, weir_after(MUST_PATIENCE));
	must(left == 0, "%u workers did not come back", left);
	weir__pool_fini(&crew->pool);
	weir__queue_fini(&crew->queue);
}
