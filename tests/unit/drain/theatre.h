/* unit/drain/theatre.h: a coordinator with a clock that the test sets and parts that only
 * write down what they are told.
 *
 * What happens is one line of words, in order: ">grace" for a phase that was entered,
 * "a.stop", "a.cancel", "a.force" for what part a was told, "s1@40" for stage s1 that was
 * run until 40. Times are plain numbers; the stop is asked for at 1000.
 */
#ifndef WEIR_TESTS_UNIT_DRAIN_THEATRE_H
#define WEIR_TESTS_UNIT_DRAIN_THEATRE_H

#include "drain/coordinator.h"

enum { GRACE = 200, TIMEOUT = 250, ASKED = 1000 };

struct theatre;

struct actor {
	struct theatre *theatre;
	const char *name;
	uint64_t in_flight;
	/* what a command does to the count: it drops to this, if it is not -1 */
	int after_stop, after_shut, after_cancel, after_force;
	weir_time takes; /* how long each command takes */
};

struct prop {
	struct theatre *theatre;
	const char *name;
	weir_time takes;
	enum weir_stage_result result; /* what it says of itself */
	weir_time until, give_up;      /* what it was given */
};

struct theatre {
	struct weir__drain drain;
	weir_time now;
	struct actor actors[2]; /* a, b */
	struct prop props[3];   /* s1, which always runs, s2, s3 */
	/* before theatre_add_stages(): what they ask for */
	weir_time shares[3], least;
	char play[512];
};

/* With parts a and b, both with nothing in flight, and no stages. */
void theatre_open(struct theatre *theatre, weir_time grace, weir_time timeout);
/* Part b has intake to shut: "b.shut". */
void theatre_shut_intake(struct theatre *theatre);
/* Registers s1, s2, s3. */
void theatre_add_stages(struct theatre *theatre);
/* Fails unless this, and only this, has happened since it was last called. */
void theatre_expect(struct theatre *theatre, const char *play);
/* Asks for a stop at ASKED, and steps. Returns when to step again. */
weir_time theatre_ask(struct theatre *theatre);
/* Steps at `now`; likewise. */
weir_time theatre_step_at(struct theatre *theatre, weir_time now);
void theatre_close(struct theatre *theatre);

#endif
