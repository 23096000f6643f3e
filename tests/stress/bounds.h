/* stress/bounds.h: tokens and times that end a wait at random.
 *
 * Each thread draws the bounds of its next blocking call here and has the outcome judged:
 * sometimes none, sometimes a time that has passed or passes soon, sometimes a token that a
 * deadline or the tripper, a thread of its own, trips at any moment. "None" is a time so far
 * away that it comes only when a wakeup was lost.
 */
#ifndef WEIR_TESTS_STRESS_BOUNDS_H
#define WEIR_TESTS_STRESS_BOUNDS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <weir/time.h>
#include <weir/token.h>

#include "stress/stress.h"

enum { BOUNDS_MAX = 16 };

/* One for each thread that draws. */
struct bounds {
	/* of the thread */
	weir_token *token; /* for the call; NULL: none */
	weir_time until;   /* likewise */
	bool unbounded;    /* `until` is not to come */
	unsigned long done, timed_out, canceled;

	/* under the lock */
	pthread_mutex_t lock;
	weir_token *shared; /* what the tripper may trip */
};

struct tripper {
	unsigned count;
	struct bounds of[BOUNDS_MAX];
	atomic_bool over;
};

void tripper_init(struct tripper *tripper, unsigned count);
/* Trips what it finds until `over` is set. */
void tripper_run(struct tripper *tripper, struct stress_random *random);
/* Prints nothing; gives the last tokens back and adds up the outcomes in of[0]. */
void tripper_end(struct tripper *tripper);

void bounds_draw(struct bounds *bounds, struct stress_random *random);
/* Only a token, which is tripped sooner or later: for a call that nothing else ends. */
void bounds_draw_trip(struct bounds *bounds, struct stress_random *random);
/* Ends the program if the call could not have ended so. True if it was done. */
bool bounds_judge(struct bounds *bounds, int result);

#endif
