/* coordinator.h: runs a stop.
 *
 * The coordinator knows nothing of HTTP. What it stops are "parts", which it drives in
 * the order of registration, and "stages" of teardown, which it runs in reverse order.
 * It is a state machine (coordinator.c has the table) that a clock and events drive:
 * weir__drain_step() does all that can be done now and says when to come back, so that
 * tests drive it with a clock of their own; weir__drain_run() is the loop around it.
 */
#ifndef WEIR_DRAIN_COORDINATOR_H
#define WEIR_DRAIN_COORDINATOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/report.h>
#include <weir/time.h>

#define WEIR__DRAIN_MAX_PARTS 8
#define WEIR__DRAIN_WHO 64 /* bytes of a name, its NUL included */
#define WEIR__DRAIN_MAX_STAGES 68
/* How long a stage that has overrun its share is waited for, if that was not shorter. */
#define WEIR__DRAIN_MAX_EXTRA WEIR_SECOND

/* All calls are made on the coordinator's thread, without its lock. */
struct weir__drain_part {
	const char *name;
	void *arg;
	void (*stop_intake)(void *arg); /* take nothing new, close what is idle */
	/* Wait for those who are on their way in; from then on nobody comes. Before the grace, but
	 * if there is none, after the cancel: that does not wait for them. May be NULL. */
	void (*shut_intake)(void *arg);
	uint64_t (*count)(void *arg); /* what is still in flight */
	void (*cancel)(void *arg);    /* trip the tokens of what is in flight */
	void (*force)(void *arg);     /* name and cut what is left */
};

/* A stage of teardown. It may take until `until`, its share of the time; then it should be
 * told to give up, and at `give_up` it is waited for no longer. After a stage that was abandoned
 * something of it is still alive, so nothing more is torn down beneath it: only stages that say
 * `always` run then. */
struct weir__drain_stage {
	const char *name; /* borrowed */
	void *arg;
	weir_time share; /* the longest it may take; 0: an equal part of what is left */
	weir_time least; /* it may take this long even if the stop is late, or its share if less */
	bool always;     /* touches nothing that an abandoned one could use */
	/* Not WEIR_STAGE_SKIPPED. */
	enum weir_stage_result (*run)(void *arg, weir_time until, weir_time give_up);
};

/* How a stage went. */
struct weir__drain_stage_end {
	enum weir_stage_result result;
	weir_time share, time;
	const char *because; /* of one that was skipped: the stage that was abandoned */
};

/* How long a stop may take. */
struct weir__drain_times {
	weir_time lame_duck;      /* from the request for the stop */
	weir_time grace, timeout; /* from the end of the lame-duck time */
};

struct weir__drain_options {
	weir_time lame_duck;         /* from the request for the stop; not negative */
	weir_time grace, timeout;    /* from the end of the lame-duck time; likewise */
	weir_time (*now)(void *arg); /* the clock; also called under the drain's lock */
	/* Whether a lame-duck time has nobody left to wait for; NULL: never. */
	bool (*deserted)(void *arg);
	/* Before anybody can see the phase, and after each transition; may be NULL. */
	void (*entering)(void *arg, enum weir_phase phase);
	void (*entered)(void *arg, enum weir_phase phase);
	void *arg;
};

struct weir__drain {
	/* fixed before the run; its times until a stop is asked for, under the lock */
	struct weir__drain_options options;
	struct weir__drain_part parts[WEIR__DRAIN_MAX_PARTS];
	size_t part_count;
	struct weir__drain_stage stages[WEIR__DRAIN_MAX_STAGES];
	size_t stage_count;

	pthread_mutex_t lock;
	pthread_cond_t changed; /* on CLOCK_MONOTONIC */
	/* under the lock */
	bool stop_requested, cancel_requested;
	weir_time lame_duck; /* what was set, or longer; fixed once a stop is requested */
	uint64_t events;     /* counts notifications, so that none falls between look and wait */
	char who[WEIR__DRAIN_WHO];
	weir_time requested_at;
	weir_time closing_at; /* what grace and timeout count from; once CLOSING */

	_Atomic int phase; /* written by the runner */
	/* the runner only */
	bool intake_shut;
	weir_time entered_at;
	weir_time phase_time[WEIR_PHASE_COUNT];
	struct weir__drain_stage_end stage_ends[WEIR__DRAIN_MAX_STAGES]; /* by registration */
	const char *abandoned; /* the first stage that was; NULL: none */
};

int weir__drain_init(struct weir__drain *drain, const struct weir__drain_options *options);
void weir__drain_fini(struct weir__drain *drain);

/* Before the run. 0 or -ENOSPC. */
int weir__drain_add_part(struct weir__drain *drain, const struct weir__drain_part *part);
int weir__drain_add_stage(struct weir__drain *drain, const struct weir__drain_stage *stage);
/* Before the run: forgets the stages, to register them anew. */
void weir__drain_clear_stages(struct weir__drain *drain);

/* Asks for a stop. True if this was the first to ask: its `who` is kept. Any thread. */
bool weir__drain_request(struct weir__drain *drain, const char *who);
/* Ends the grace; asks for a stop if nobody has. Any thread. */
void weir__drain_hurry(struct weir__drain *drain, const char *who);
/* "A count may have changed." Any thread. */
void weir__drain_notify(struct weir__drain *drain);

bool weir__drain_requested(struct weir__drain *drain);

/* Before a request: makes the lame-duck time as long as this at least. Any thread. */
void weir__drain_lame_duck(struct weir__drain *drain, weir_time least);

/* Other times for a stop. Any thread. 0, or -ECANCELED once a stop was asked for. */
int weir__drain_set_times(struct weir__drain *drain, weir_time lame_duck, weir_time grace,
			  weir_time timeout);

/* The times that a stop has, or would have. Any thread. */
struct weir__drain_times weir__drain_times(struct weir__drain *drain);

/* Until when requests are left undisturbed; in the past if the stop was hurried. Once CLOSING.
 * Any thread. */
weir_time weir__drain_grace_end(struct weir__drain *drain);

/* Who has asked for the stop; "" if nobody has. Any thread. */
void weir__drain_who(struct weir__drain *drain, char who[WEIR__DRAIN_WHO]);

/* Until the stop forces what is left: the time that there is in all phases still to come; 0 if that
 * has passed, or if no stop is requested. Any thread. */
weir_time weir__drain_left(struct weir__drain *drain);

static inline enum weir_phase weir__drain_phase(const struct weir__drain *drain)
{
	return (enum weir_phase)atomic_load_explicit(&drain->phase, memory_order_acquire);
}

/* Makes every transition that is due. Returns the time at which to call again even if
 * nothing is notified; 0 when the phase is DONE. */
weir_time weir__drain_step(struct weir__drain *drain);

/* Waits for a request, then steps until DONE. */
void weir__drain_run(struct weir__drain *drain);

#endif
