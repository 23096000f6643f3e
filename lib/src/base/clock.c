/* clock.c: the one place that reads CLOCK_MONOTONIC. */
#include <time.h>

#include <weir/time.h>

weir_time weir_now(void)
{
	struct timespec now;

	/* Cannot fail: the clock exists on every Linux and the pointer is valid. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (weir_time)now.tv_sec * WEIR_SECOND + now.tv_nsec;
}

weir_time weir_after(weir_time duration)
{
	weir_time sum;

	if (__builtin_add_overflow(weir_now(), duration, &sum))
		return duration > 0 ? WEIR_NEVER : 0;
	return sum;
}
