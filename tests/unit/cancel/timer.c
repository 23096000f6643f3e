/* cancel/timer.c: the heap and its thread.
 *
 * To see the order of the heap, the thread is held: a first entry, already due, stands at a
 * gate inside fire(). What is armed meanwhile, due as well, piles up in the heap, and is
 * fired in its order once the gate opens.
 */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "base/list.h"
#include "cancel/timer.h"
#include "support/gate.h"
#include "support/must.h"

TestSuite(timer, .timeout = 60);

struct entry {
	struct weir__timer timer;
	struct log *log;
	weir_time when;
	unsigned fired;
	bool refuse; /* hold() says no */
};

struct log {
	struct gate done;
	weir_time *times;
	unsigned count;
};

static bool hold(struct weir__timer *timer)
{
	return !weir__container(timer, struct entry, timer)->refuse;
}

static void fire(struct weir__timer *timer)
{
	struct entry *entry = weir__container(timer, struct entry, timer);

	entry->fired++;
	if (entry->log) {
		entry->log->times[entry->log->count++] = entry->when;
		gate_announce(&entry->log->done);
	}
}

static const struct weir__timer_ops ops = {hold, fire};

/* Never on a stack: the thread may still be leaving the gate when the test goes on. */
static struct plug {
	struct weir__timer timer;
	struct gate gate;
} first, last;

static bool hold_plug(struct weir__timer *timer)
{
	(void)timer;
	return true;
}

static void fire_plug(struct weir__timer *timer)
{
	int error = gate_pass(&weir__container(timer, struct plug, timer)->gate);

	must(error == 0, "gate_pass: %d", error);
}

static const struct weir__timer_ops plug_ops = {hold_plug, fire_plug};

static void plug_in(void)
{
	gate_init(&first.gate);
	weir__timer_init(&first.timer, &plug_ops);
	cr_assert_eq(weir__timer_arm(&first.timer, 0), 0);
	gate_await(&first.gate, 1);
}

/* Lets the thread go, and returns once it has dealt with all that is due. */
static void unplug(void)
{
	gate_init(&last.gate);
	gate_open(&last.gate, 1);
	weir__timer_init(&last.timer, &plug_ops);
	cr_assert_eq(weir__timer_arm(&last.timer, weir_now()), 0);
	gate_open(&first.gate, 1);
	gate_await(&last.gate, 1);
}

static void entry_init(struct entry *entry, struct log *log, weir_time when)
{
	*entry = (struct entry){.log = log, .when = when};
	weir__timer_init(&entry->timer, &ops);
}

enum { ENTRIES = 10000 };

struct crowd {
	struct entry *entries;
	struct log log;
	unsigned seed;
};

/* In the past, with many equal ones. */
static weir_time random_time(struct crowd *crowd)
{
	crowd->seed = crowd->seed * 1103515245 + 12345;
	return 1 + (crowd->seed >> 8) % (ENTRIES / 2);
}

static void crowd_arm(struct crowd *crowd)
{
	*crowd = (struct crowd){.entries = calloc(ENTRIES, sizeof(*crowd->entries)), .seed = 7};
	crowd->log.times = calloc(ENTRIES, sizeof(*crowd->log.times));
	cr_assert(crowd->entries && crowd->log.times);
	gate_init(&crowd->log.done);
	for (size_t i = 0; i < ENTRIES; i++) {
		struct entry *entry = &crowd->entries[i];

		entry_init(entry, &crowd->log, random_time(crowd));
		cr_assert_eq(weir__timer_arm(&entry->timer, entry->when), 0);
	}
}

static void crowd_check(struct crowd *crowd, unsigned expected)
{
	gate_await(&crowd->log.done, expected);
	cr_assert_eq(crowd->log.count, expected);
	for (size_t i = 1; i < expected; i++)
		cr_assert_leq(crowd->log.times[i - 1], crowd->log.times[i], "place %zu", i);
	free(crowd->log.times);
	free(crowd->entries);
}

Test(timer, ten_thousand_fire_in_order)
{
	struct crowd crowd;

	plug_in();
	crowd_arm(&crowd);
	unplug();
	crowd_check(&crowd, ENTRIES);
}

Test(timer, disarmed_in_the_middle_does_not_fire_and_order_stays)
{
	struct crowd crowd;
	unsigned disarmed = 0;

	plug_in();
	crowd_arm(&crowd);
	for (size_t i = 0; i < ENTRIES; i += 3) {
		weir__timer_disarm(&crowd.entries[i].timer);
		disarmed++;
	}
	unplug();
	for (size_t i = 0; i < ENTRIES; i++)
		cr_assert_eq(crowd.entries[i].fired, i % 3 != 0);
	crowd_check(&crowd, ENTRIES - disarmed);
}

Test(timer, armed_again_fires_once_at_the_new_time)
{
	struct crowd crowd;

	plug_in();
	crowd_arm(&crowd);
	for (size_t i = 0; i < ENTRIES; i += 2) {
		struct entry *entry = &crowd.entries[i];

		entry->when = random_time(&crowd);
		cr_assert_eq(weir__timer_arm(&entry->timer, entry->when), 0);
	}
	unplug();
	for (size_t i = 0; i < ENTRIES; i++)
		cr_assert_eq(crowd.entries[i].fired, 1);
	crowd_check(&crowd, ENTRIES);
}

Test(timer, an_owner_that_has_gone_is_not_fired)
{
	struct entry gone, here;

	plug_in();
	entry_init(&gone, NULL, 1);
	entry_init(&here, NULL, 2);
	gone.refuse = true;
	cr_assert_eq(weir__timer_arm(&gone.timer, 1), 0);
	cr_assert_eq(weir__timer_arm(&here.timer, 2), 0);
	unplug();
	cr_assert_eq(gone.fired, 0);
	cr_assert_eq(here.fired, 1);
}

Test(timer, disarming_what_is_not_armed_is_harmless)
{
	struct entry entry;

	entry_init(&entry, NULL, 0);
	weir__timer_disarm(&entry.timer);
	plug_in();
	cr_assert_eq(weir__timer_arm(&entry.timer, 1), 0);
	weir__timer_disarm(&entry.timer);
	weir__timer_disarm(&entry.timer);
	unplug();
	cr_assert_eq(entry.fired, 0);
}

Test(timer, an_earlier_entry_wakes_the_thread)
{
	static weir_time times[1];
	static struct log log = {.times = times};
	static struct entry late, early;

	gate_init(&log.done);
	entry_init(&late, NULL, 0);
	entry_init(&early, &log, weir_after(5 * WEIR_MILLISECOND));
	cr_assert_eq(weir__timer_arm(&late.timer, weir_after(3600 * WEIR_SECOND)), 0);
	cr_assert_eq(weir__timer_arm(&early.timer, early.when), 0);
	gate_await(&log.done, 1);
	cr_assert_geq(weir_now(), early.when);
	cr_assert_eq(late.fired, 0);
	weir__timer_disarm(&late.timer);
}

/* fire() may arm its own timer again, and disarm it. */
struct beat {
	struct weir__timer timer;
	struct gate gate;
	unsigned left;
};

static bool hold_beat(struct weir__timer *timer)
{
	return weir__container(timer, struct beat, timer)->left > 0;
}

static void fire_beat(struct weir__timer *timer)
{
	struct beat *beat = weir__container(timer, struct beat, timer);
	int error = weir__timer_arm(timer, weir_after(WEIR_MILLISECOND));

	must(error == 0, "weir__timer_arm: %d", error);
	if (--beat->left == 0)
		weir__timer_disarm(timer);
	gate_announce(&beat->gate);
}

static const struct weir__timer_ops beat_ops = {hold_beat, fire_beat};

Test(timer, can_be_armed_and_disarmed_from_its_own_fire)
{
	static struct beat beat = {.left = 3};

	gate_init(&beat.gate);
	weir__timer_init(&beat.timer, &beat_ops);
	cr_assert_eq(weir__timer_arm(&beat.timer, 0), 0);
	gate_await(&beat.gate, 3);
	cr_assert_eq(beat.left, 0);
}
