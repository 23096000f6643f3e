/* work/pool.c: whatever a worker has caused is told before it parks, also what the queue has
 * refused in its last search for work. */
#include <criterion/criterion.h>

#include "support/gate.h"
#include "support/must.h"
#include "work/pool.h"

TestSuite(quiet, .timeout = 60);

struct scene {
	struct weir__queue queue;
	struct weir__pool pool;
	struct weir__job job;
	struct weir__lane lane;
	struct gate told; /* of the refusal */
	bool pushed, refused;
};

static struct scene scene; /* its worker's, until it has told */

static void run(struct weir__job *job)
{
	(void)job;
	must(false, "a job that is too old was run");
}

static void refuse(struct weir__job *job)
{
	(void)job;
	scene.refused = true;
}

static const struct weir__job_ops ops = {.run = run, .refuse = refuse};

/* The first time is between the look at the queue and the search: there a job comes that will have
 * waited too long when it is found. */
static void quiet(void *arg)
{
	(void)arg;
	if (!scene.pushed) {
		scene.pushed = true;
		must(weir__queue_push(&scene.queue, &scene.job) == 0, "the queue is full");
	} else if (scene.refused) {
		scene.refused = false;
		gate_announce(&scene.told);
	}
}

Test(quiet, is_also_called_after_the_search)
{
	const struct weir__queue_rules rules = {.max_age = 1 /* nanosecond */};
	const struct weir__pool_options options = {
		.queue = &scene.queue, .minimum = 1, .maximum = 1, .quiet = quiet};

	gate_init(&scene.told);
	scene.job.ops = &ops;
	scene.job.lane = &scene.lane;
	weir__lane_init(&scene.lane, "any", 0, 0);
	cr_assert_eq(weir__queue_init(&scene.queue, 4), 0);
	weir__queue_set_rules(&scene.queue, &rules);
	cr_assert_eq(weir__pool_start(&scene.pool, &options), 0);
	gate_await(&scene.told, 1);
	weir__pool_stop(&scene.pool);
	cr_assert_eq(weir__pool_join(&scene.pool, WEIR_NEVER), 0);
	weir__pool_fini(&scene.pool);
	weir__queue_fini(&scene.queue);
	gate_destroy(&scene.told);
}
