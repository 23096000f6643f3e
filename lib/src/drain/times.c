/* times.c: how long a stop may take: set before it, and until when each phase lasts.
 *
 *	requested_at --lame_duck--> closing_at --grace--> cancelling
 *	                            closing_at --timeout--> forcing
 *
 * All of it is fixed once a stop is asked for, but closing_at, which the runner sets when CLOSING
 * begins. Lock: drain->lock guards both; the runner, who alone writes then, reads without it.
 */
#include "drain/coordinator_private.h"

#include <errno.h>

/* Whoever runs the stop looks at the times after it has seen the request, under the lock. */
int weir__drain_set_times(struct weir__drain *drain, weir_time lame_duck, weir_time grace,
			  weir_time timeout)
{
	int error = 0;

	(void)pthread_mutex_lock(&drain->lock);
	if (drain->stop_requested) {
		error = -ECANCELED;
	} else {
		drain->lame_duck = lame_duck;
		drain->options.grace = grace;
		drain->options.timeout = timeout;
	}
	(void)pthread_mutex_unlock(&drain->lock);
	return error;
}

void weir__drain_lame_duck(struct weir__drain *drain, weir_time least)
{
	(void)pthread_mutex_lock(&drain->lock);
	if (!drain->stop_requested && drain->lame_duck < least)
		drain->lame_duck = least;
	(void)pthread_mutex_unlock(&drain->lock);
}

struct weir__drain_times weir__drain_times(struct weir__drain *drain)
{
	struct weir__drain_times times;

	(void)pthread_mutex_lock(&drain->lock);
	times = (struct weir__drain_times){drain->lame_duck, drain->options.grace,
					   drain->options.timeout};
	(void)pthread_mutex_unlock(&drain->lock);
	return times;
}

weir_time weir__drain_plus(weir_time start, weir_time duration)
{
	weir_time sum;

	return __builtin_add_overflow(start, duration, &sum) ? WEIR_NEVER : sum;
}

weir_time weir__drain_lame_duck_until(const struct weir__drain *drain)
{
	return weir__drain_plus(drain->requested_at, drain->lame_duck);
}

weir_time weir__drain_timeout_at(const struct weir__drain *drain)
{
	return weir__drain_plus(drain->closing_at, drain->options.timeout);
}

weir_time weir__drain_grace_until(const struct weir__drain *drain)
{
	weir_time grace = weir__drain_plus(drain->closing_at, drain->options.grace);
	weir_time all = weir__drain_timeout_at(drain);

	return grace < all ? grace : all;
}

weir_time weir__drain_grace_end(struct weir__drain *drain)
{
	weir_time end;

	(void)pthread_mutex_lock(&drain->lock);
	end = drain->cancel_requested ? drain->closing_at : weir__drain_grace_until(drain);
	(void)pthread_mutex_unlock(&drain->lock);
	return end;
}

weir_time weir__drain_left(struct weir__drain *drain)
{
	weir_time now = drain->options.now(drain->options.arg), end;

	(void)pthread_mutex_lock(&drain->lock);
	if (!drain->stop_requested)
		end = 0;
	else if (weir__drain_phase(drain) <= WEIR_PHASE_LAME_DUCK && !drain->cancel_requested)
		end = weir__drain_plus(weir__drain_lame_duck_until(drain), drain->options.timeout);
	else
		end = weir__drain_timeout_at(drain);
	(void)pthread_mutex_unlock(&drain->lock);
	return end > now ? end - now : 0;
}
