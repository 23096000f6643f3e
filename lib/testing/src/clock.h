/* clock.h: the fake clock; see weir/testing.h for what it does, clock.c for how. */
#ifndef WEIR_TESTING_CLOCK_H
#define WEIR_TESTING_CLOCK_H

#include <weir/time.h>

/* The real clock, whatever the thread sees. */
weir_time weir__testing_real_now(void);

/* The thread's clock goes on to `when`, if it is not there yet; deadlines on the way trip. */
void weir__testing_clock_reach(weir_time when);

/* The earliest deadline of a token under the fake clock, WEIR_NEVER if there is none. */
weir_time weir__testing_clock_next(void);

#endif
