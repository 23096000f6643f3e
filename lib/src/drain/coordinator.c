/* coordinator.c: the phases of a stop.
 *
 *	RUNNING --request--> LAME_DUCK --its time is over, hurried, or deserted--> CLOSING
 *	RUNNING --request, without a lame-duck time, or hurried--> CLOSING
 *	CLOSING --intake stopped--> GRACE
 *	GRACE --nothing in flight--> TEARDOWN
 *	GRACE --its time is over, or hurried--> CANCELLING
 *	CANCELLING --nothing in flight--> TEARDOWN
 *	CANCELLING --the drain timeout--> FORCING --what is left was cut--> TEARDOWN
 *	TEARDOWN --stages run--> DONE
 *
 * Until when a phase lasts is in times.c, teardown in stages.c.
 *
 * A stop that is late goes the same way, phase by phase; each just ends at once.
 *
 * Lock: drain->lock guards the requests and the event count. No part or stage is called
 * under it. Wakeup: whoever changes something counts an event and signals; the runner
 * remembers the count from before its step and waits only while it has not moved.
 */
#include "drain/coordinator_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BIT(phase) (1u << WEIR_PHASE_##phase)

/* The allowed transitions: from -> set of to. */
static const unsigned allowed[WEIR_PHASE_COUNT] = {
	[WEIR_PHASE_RUNNING] = BIT(LAME_DUCK) | BIT(CLOSING),
	[WEIR_PHASE_LAME_DUCK] = BIT(CLOSING),
	[WEIR_PHASE_CLOSING] = BIT(GRACE),
	[WEIR_PHASE_GRACE] = BIT(CANCELLING) | BIT(TEARDOWN),
	[WEIR_PHASE_CANCELLING] = BIT(FORCING) | BIT(TEARDOWN),
	[WEIR_PHASE_FORCING] = BIT(TEARDOWN),
	[WEIR_PHASE_TEARDOWN] = BIT(DONE),
};

int weir__drain_init(struct weir__drain *drain, const struct weir__drain_options *options)
{
	pthread_condattr_t attributes;
	int error;

	memset(drain, 0, sizeof(*drain));
	drain->options = *options;
	drain->lame_duck = options->lame_duck;
	error = -pthread_mutex_init(&drain->lock, NULL);
	if (error)
		return error;
	error = -pthread_condattr_init(&attributes);
	if (error)
		goto destroy_lock;
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	error = -pthread_cond_init(&drain->changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	if (error)
		goto destroy_lock;
	return 0;

destroy_lock:
	(void)pthread_mutex_destroy(&drain->lock);
	return error;
}

void weir__drain_fini(struct weir__drain *drain)
{
	(void)pthread_cond_destroy(&drain->changed);
	(void)pthread_mutex_destroy(&drain->lock);
}

int weir__drain_add_part(struct weir__drain *drain, const struct weir__drain_part *part)
{
	if (drain->part_count == WEIR__DRAIN_MAX_PARTS)
		return -ENOSPC;
	drain->parts[drain->part_count++] = *part;
	return 0;
}

static void event_locked(struct weir__drain *drain)
{
	drain->events++;
	(void)pthread_cond_signal(&drain->changed);
}

static bool request_locked(struct weir__drain *drain, const char *who)
{
	if (drain->stop_requested)
		return false;
	drain->stop_requested = true;
	drain->requested_at = drain->options.now(drain->options.arg);
	(void)snprintf(drain->who, sizeof(drain->who), "%s", who ? who : "the program");
	event_locked(drain);
	return true;
}

bool weir__drain_request(struct weir__drain *drain, const char *who)
{
	bool first;

	(void)pthread_mutex_lock(&drain->lock);
	first = request_locked(drain, who);
	(void)pthread_mutex_unlock(&drain->lock);
	return first;
}

void weir__drain_hurry(struct weir__drain *drain, const char *who)
{
	(void)pthread_mutex_lock(&drain->lock);
	(void)request_locked(drain, who);
	drain->cancel_requested = true;
	event_locked(drain);
	(void)pthread_mutex_unlock(&drain->lock);
}

void weir__drain_notify(struct weir__drain *drain)
{
	(void)pthread_mutex_lock(&drain->lock);
	event_locked(drain);
	(void)pthread_mutex_unlock(&drain->lock);
}

bool weir__drain_requested(struct weir__drain *drain)
{
	bool requested;

	(void)pthread_mutex_lock(&drain->lock);
	requested = drain->stop_requested;
	(void)pthread_mutex_unlock(&drain->lock);
	return requested;
}

static void enter(struct weir__drain *drain, enum weir_phase to)
{
	enum weir_phase from = weir__drain_phase(drain);
	weir_time now = drain->options.now(drain->options.arg);

	if (!(allowed[from] & (1u << to)))
		abort(); /* the table above is the contract */
	if (from != WEIR_PHASE_RUNNING)
		drain->phase_time[from] = now - drain->entered_at;
	drain->entered_at = now;
	if (drain->options.entering)
		drain->options.entering(drain->options.arg, to);
	atomic_store_explicit(&drain->phase, to, memory_order_release);
	if (drain->options.entered)
		drain->options.entered(drain->options.arg, to);
}

static uint64_t in_flight(const struct weir__drain *drain)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < drain->part_count; i++)
		sum += drain->parts[i].count(drain->parts[i].arg);
	return sum;
}

static void stop_intake(struct weir__drain *drain)
{
	size_t i;

	for (i = 0; i < drain->part_count; i++)
		drain->parts[i].stop_intake(drain->parts[i].arg);
}

static void shut_intake(struct weir__drain *drain)
{
	size_t i;

	if (drain->intake_shut)
		return;
	drain->intake_shut = true;
	for (i = 0; i < drain->part_count; i++)
		if (drain->parts[i].shut_intake)
			drain->parts[i].shut_intake(drain->parts[i].arg);
}

/* Without a lame-duck time all counts from the request, however late its turn comes. */
static void begin_closing(struct weir__drain *drain, bool hurried)
{
	weir_time from = drain->requested_at;

	if (weir__drain_phase(drain) == WEIR_PHASE_LAME_DUCK)
		from = drain->options.now(drain->options.arg);
	(void)pthread_mutex_lock(&drain->lock);
	drain->closing_at = from;
	(void)pthread_mutex_unlock(&drain->lock);
	enter(drain, WEIR_PHASE_CLOSING);
	stop_intake(drain);
	if (!hurried && drain->options.grace > 0)
		shut_intake(drain);
	enter(drain, WEIR_PHASE_GRACE);
}

static void cancel(struct weir__drain *drain)
{
	size_t i;

	for (i = 0; i < drain->part_count; i++)
		drain->parts[i].cancel(drain->parts[i].arg);
}

static void force(struct weir__drain *drain)
{
	size_t i;

	for (i = 0; i < drain->part_count; i++)
		drain->parts[i].force(drain->parts[i].arg);
}

static bool requested(struct weir__drain *drain, bool *hurried)
{
	bool stop;

	(void)pthread_mutex_lock(&drain->lock);
	stop = drain->stop_requested;
	*hurried = drain->cancel_requested;
	(void)pthread_mutex_unlock(&drain->lock);
	return stop;
}

static bool deserted(const struct weir__drain *drain)
{
	return drain->options.deserted && drain->options.deserted(drain->options.arg);
}

void weir__drain_who(struct weir__drain *drain, char who[WEIR__DRAIN_WHO])
{
	(void)pthread_mutex_lock(&drain->lock);
	memcpy(who, drain->who, WEIR__DRAIN_WHO);
	(void)pthread_mutex_unlock(&drain->lock);
}

weir_time weir__drain_step(struct weir__drain *drain)
{
	for (;;) {
		bool hurried;
		bool stop = requested(drain, &hurried);
		weir_time now = drain->options.now(drain->options.arg);

		switch (weir__drain_phase(drain)) {
		case WEIR_PHASE_RUNNING:
			if (!stop)
				return WEIR_NEVER;
			if (drain->lame_duck > 0 && !hurried)
				enter(drain, WEIR_PHASE_LAME_DUCK);
			else
				begin_closing(drain, hurried);
			break;
		case WEIR_PHASE_LAME_DUCK:
			if (!hurried && now < weir__drain_lame_duck_until(drain) &&
			    !deserted(drain))
				return weir__drain_lame_duck_until(drain);
			begin_closing(drain, hurried);
			break;
		case WEIR_PHASE_GRACE:
			if (in_flight(drain) == 0 && !drain->intake_shut) {
				shut_intake(drain); /* somebody may come in yet */
			} else if (in_flight(drain) == 0) {
				enter(drain, WEIR_PHASE_TEARDOWN);
			} else if (hurried || now >= weir__drain_grace_until(drain)) {
				enter(drain, WEIR_PHASE_CANCELLING);
				cancel(drain);
				shut_intake(drain);
			} else {
				return weir__drain_grace_until(drain);
			}
			break;
		case WEIR_PHASE_CANCELLING:
			if (in_flight(drain) == 0) {
				enter(drain, WEIR_PHASE_TEARDOWN);
			} else if (now >= weir__drain_timeout_at(drain)) {
				enter(drain, WEIR_PHASE_FORCING);
				force(drain);
				enter(drain, WEIR_PHASE_TEARDOWN);
			} else {
				return weir__drain_timeout_at(drain);
			}
			break;
		case WEIR_PHASE_TEARDOWN:
			weir__drain_tear_down(drain);
			enter(drain, WEIR_PHASE_DONE);
			break;
		case WEIR_PHASE_CLOSING:
		case WEIR_PHASE_FORCING:
		case WEIR_PHASE_DONE:
		case WEIR_PHASE_COUNT:
			return 0;
		}
	}
}

static void wait_for_event(struct weir__drain *drain, uint64_t seen, weir_time until)
{
	struct timespec limit = {.tv_sec = (time_t)(until / WEIR_SECOND),
				 .tv_nsec = (long)(until % WEIR_SECOND)};

	(void)pthread_mutex_lock(&drain->lock);
	while (drain->events == seen) {
		if (until == WEIR_NEVER)
			(void)pthread_cond_wait(&drain->changed, &drain->lock);
		else if (pthread_cond_timedwait(&drain->changed, &drain->lock, &limit) == ETIMEDOUT)
			break;
	}
	(void)pthread_mutex_unlock(&drain->lock);
}

void weir__drain_run(struct weir__drain *drain)
{
	for (;;) {
		uint64_t seen;
		weir_time until;

		(void)pthread_mutex_lock(&drain->lock);
		seen = drain->events;
		(void)pthread_mutex_unlock(&drain->lock);
		until = weir__drain_step(drain);
		if (until == 0)
			return;
		wait_for_event(drain, seen, until);
	}
}
