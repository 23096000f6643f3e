/* unit/drain/theatre.c: see theatre.h. */
#include "theatre.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "support/must.h"

static void note(struct theatre *theatre, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct theatre *theatre, const char *format, ...)
{
	size_t used = strlen(theatre->play);
	size_t left = sizeof(theatre->play) - used;
	va_list arguments;
	int size;

	if (used > 0) {
		(void)snprintf(theatre->play + used, left, " ");
		used++;
		left--;
	}
	va_start(arguments, format);
	size = vsnprintf(theatre->play + used, left, format, arguments);
	va_end(arguments);
	must(size > 0 && (size_t)size < left, "the play is too long: %s", theatre->play);
}

static void told(struct actor *actor, const char *command, int after)
{
	note(actor->theatre, "%s.%s", actor->name, command);
	actor->theatre->now += actor->takes;
	if (after >= 0)
		actor->in_flight = (uint64_t)after;
}

static void stop_intake(void *arg)
{
	struct actor *actor = arg;

	told(actor, "stop", actor->after_stop);
}

static void shut_intake(void *arg)
{
	struct actor *actor = arg;

	told(actor, "shut", actor->after_shut);
}

static uint64_t count(void *arg)
{
	return ((struct actor *)arg)->in_flight;
}

static void cancel(void *arg)
{
	struct actor *actor = arg;

	told(actor, "cancel", actor->after_cancel);
}

static void force(void *arg)
{
	struct actor *actor = arg;

	told(actor, "force", actor->after_force);
}

static enum weir_stage_result run_stage(void *arg, weir_time until, weir_time give_up)
{
	struct prop *prop = arg;
	weir_time end = prop->theatre->now + prop->takes;

	note(prop->theatre, "%s@%" PRId64, prop->name, until);
	prop->until = until;
	prop->give_up = give_up;
	prop->theatre->now = end > give_up && prop->result == WEIR_STAGE_ABANDONED ? give_up : end;
	return prop->result;
}

static weir_time now(void *arg)
{
	return ((struct theatre *)arg)->now;
}

static void entered(void *arg, enum weir_phase phase)
{
	note(arg, ">%s", weir_phase_key((int)phase));
}

void theatre_open(struct theatre *theatre, weir_time grace, weir_time timeout)
{
	static const char *const names[] = {"a", "b"};
	struct weir__drain_options options = {
		.grace = grace, .timeout = timeout, .now = now, .entered = entered, .arg = theatre};
	int error;

	memset(theatre, 0, sizeof(*theatre));
	theatre->now = 1;
	error = weir__drain_init(&theatre->drain, &options);
	must(error == 0, "weir__drain_init: %d", error);
	for (size_t i = 0; i < 2; i++) {
		struct actor *actor = &theatre->actors[i];
		struct weir__drain_part part = {.name = names[i],
						.arg = actor,
						.stop_intake = stop_intake,
						.count = count,
						.cancel = cancel,
						.force = force};

		*actor = (struct actor){theatre, names[i], 0, -1, -1, -1, -1, 0};
		error = weir__drain_add_part(&theatre->drain, &part);
		must(error == 0, "weir__drain_add_part: %d", error);
	}
}

void theatre_add_stages(struct theatre *theatre)
{
	static const char *const names[] = {"s1", "s2", "s3"};

	for (size_t i = 0; i < 3; i++) {
		struct prop *prop = &theatre->props[i];
		struct weir__drain_stage stage = {.name = names[i],
						  .arg = prop,
						  .share = theatre->shares[i],
						  .least = theatre->least,
						  .always = i == 0,
						  .run = run_stage};
		int error;

		*prop = (struct prop){
			.theatre = theatre, .name = names[i], .result = WEIR_STAGE_OK};
		error = weir__drain_add_stage(&theatre->drain, &stage);
		must(error == 0, "weir__drain_add_stage: %d", error);
	}
}

void theatre_expect(struct theatre *theatre, const char *play)
{
	must(strcmp(theatre->play, play) == 0, "\nexpected: %s\nhappened: %s", play, theatre->play);
	theatre->play[0] = '\0';
}

weir_time theatre_ask(struct theatre *theatre)
{
	theatre->now = ASKED;
	must(weir__drain_request(&theatre->drain, "a test"), "a stop was asked for before");
	return weir__drain_step(&theatre->drain);
}

weir_time theatre_step_at(struct theatre *theatre, weir_time now)
{
	theatre->now = now;
	return weir__drain_step(&theatre->drain);
}

void theatre_close(struct theatre *theatre)
{
	weir__drain_fini(&theatre->drain);
}

void theatre_shut_intake(struct theatre *theatre)
{
	theatre->drain.parts[1].shut_intake = shut_intake;
}
