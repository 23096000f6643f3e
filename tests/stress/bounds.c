/* stress/bounds.c: see bounds.h. */
#include "stress/bounds.h"

#include <errno.h>
#include <sched.h>

void tripper_init(struct tripper *tripper, unsigned count)
{
	stress_check(count <= BOUNDS_MAX, "%u threads", count);
	tripper->count = count;
	for (unsigned i = 0; i < count; i++)
		stress_check(pthread_mutex_init(&tripper->of[i].lock, NULL) == 0, "mutex");
}

void tripper_run(struct tripper *tripper, struct stress_random *random)
{
	while (!atomic_load(&tripper->over)) {
		struct bounds *bounds = &tripper->of[stress_random_below(random, tripper->count)];
		weir_token *token;

		(void)pthread_mutex_lock(&bounds->lock);
		token = weir_token_ref(bounds->shared);
		(void)pthread_mutex_unlock(&bounds->lock);
		(void)weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL);
		weir_token_unref(token);
		(void)sched_yield();
	}
}

/* Makes it what the tripper may trip, in place of the last one. */
static void share(struct bounds *bounds, weir_token *token)
{
	weir_token *last;

	(void)pthread_mutex_lock(&bounds->lock);
	last = bounds->shared;
	bounds->shared = token;
	(void)pthread_mutex_unlock(&bounds->lock);
	weir_token_unref(last);
}

void tripper_end(struct tripper *tripper)
{
	struct bounds *sum = &tripper->of[0];

	for (unsigned i = 0; i < tripper->count; i++) {
		struct bounds *bounds = &tripper->of[i];

		share(bounds, NULL);
		(void)pthread_mutex_destroy(&bounds->lock);
		if (bounds == sum)
			continue;
		sum->done += bounds->done;
		sum->timed_out += bounds->timed_out;
		sum->canceled += bounds->canceled;
	}
}

static weir_time soon(struct stress_random *random)
{
	return weir_after(stress_random_below(random, 100) * WEIR_MICROSECOND);
}

void bounds_draw_trip(struct bounds *bounds, struct stress_random *random)
{
	bool timed = stress_random_below(random, 3) == 0;
	int error = weir_token_create(NULL, timed ? soon(random) : WEIR_NEVER, &bounds->token);

	stress_check(error == 0, "weir_token_create: %d", error);
	share(bounds, bounds->token);
	bounds->unbounded = true;
	bounds->until = weir_after(STRESS_PATIENCE);
}

void bounds_draw(struct bounds *bounds, struct stress_random *random)
{
	unsigned until = stress_random_below(random, 8);

	bounds_draw_trip(bounds, random);
	if (stress_random_below(random, 4) == 0)
		bounds->token = NULL;
	bounds->unbounded = until > 1;
	if (until == 0)
		bounds->until = 0;
	else if (until == 1)
		bounds->until = soon(random);
}

bool bounds_judge(struct bounds *bounds, int result)
{
	stress_check(result == 0 || result == -ETIMEDOUT || result == -ECANCELED, "%d", result);
	switch (result) {
	case 0:
		bounds->done++;
		break;
	case -ETIMEDOUT:
		stress_check(weir_now() >= bounds->until, "too early");
		stress_check(!bounds->unbounded, "a wakeup was lost");
		bounds->timed_out++;
		break;
	default:
		stress_check(weir_token_check(bounds->token) == -ECANCELED, "nothing was tripped");
		/* Found by its time, not by the trip. */
		stress_check(!bounds->unbounded || weir_now() < bounds->until, "a trip was lost");
		bounds->canceled++;
	}
	return result == 0;
}
