/* cancel/timer.h: a timer that stays armed when it fires. */
#include <criterion/criterion.h>

#include <errno.h>

#include "base/list.h"
#include "cancel/timer.h"
#include "support/gate.h"
#include "unit/faults.h"

TestSuite(timer_stays, .timeout = 60);

struct beat {
	struct weir__timer timer;
	struct gate gate;
};

static bool hold(struct weir__timer *timer)
{
	(void)timer;
	return true;
}

static void fire(struct weir__timer *timer)
{
	gate_announce(&weir__container(timer, struct beat, timer)->gate);
}

static const struct weir__timer_ops ops = {hold, fire};

/* Others fill the heap, so that one more would need memory, of which there is none. */
Test(timer_stays, so_it_can_be_armed_again_without_memory)
{
	static struct beat beat;
	static struct weir__timer others[4096];
	weir_time late = weir_after(3600 * WEIR_SECOND);
	size_t count = 0;
	int error;

	gate_init(&beat.gate);
	weir__timer_init(&beat.timer, &ops);
	beat.timer.stays = true;
	cr_assert_eq(weir__timer_arm(&beat.timer, 0), 0);
	gate_await(&beat.gate, 1);
	fault_set(FAULT_REALLOC, 0);
	do {
		cr_assert_lt(count, 4096);
		weir__timer_init(&others[count], &ops);
		error = weir__timer_arm(&others[count++], late);
	} while (!error);
	cr_assert_eq(error, -ENOMEM);
	for (int i = 0; i < 3; i++) {
		fault_set(FAULT_REALLOC, 0);
		cr_assert_eq(weir__timer_arm(&beat.timer, 0), 0);
		gate_await(&beat.gate, 1);
		cr_assert_not(fault_struck(FAULT_REALLOC));
	}
}

Test(timer_stays, until_it_is_disarmed)
{
	static struct beat beat, other;

	gate_init(&beat.gate);
	gate_init(&other.gate);
	weir__timer_init(&beat.timer, &ops);
	weir__timer_init(&other.timer, &ops);
	beat.timer.stays = true;
	cr_assert_eq(weir__timer_arm(&beat.timer, 0), 0);
	gate_await(&beat.gate, 1);
	cr_assert_eq(weir__timer_arm(&beat.timer, 0), 0);
	gate_await(&beat.gate, 1);
	weir__timer_disarm(&beat.timer);
	cr_assert_eq(beat.timer.slot, 0);
	cr_assert_eq(weir__timer_arm(&other.timer, 0), 0);
	gate_await(&other.gate, 1);
	cr_assert_eq(gate_arrivals(&beat.gate), 2);
}
