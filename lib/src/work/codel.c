/* codel.c: see codel.h. */
#include "work/codel.h"

void weir__codel_init(struct weir__codel *codel, weir_time target, weir_time interval)
{
	*codel = (struct weir__codel){.target = target, .interval = interval};
}

/* Of those that were served. */
#define LITTLE 8

/* By the interval that is over. */
static bool is_overloaded(const struct weir__codel *codel)
{
	if (codel->ends == 0)
		return false;
	if (codel->least > codel->target)
		return true;
	return codel->overloaded && (uint64_t)codel->refused * LITTLE > codel->served;
}

void weir__codel_refill(struct weir__codel *codel, weir_time now, weir_time since)
{
	if (now - since >= codel->interval)
		weir__codel_init(codel, codel->target, codel->interval);
}

weir_time weir__codel_dequeue(struct weir__codel *codel, weir_time now, weir_time wait)
{
	if (codel->target == 0)
		return WEIR_NEVER;
	if (codel->ends == 0 || now >= codel->ends) {
		codel->overloaded = is_overloaded(codel);
		codel->ends = now + codel->interval;
		codel->least = wait;
		codel->served = codel->refused = 0;
		return WEIR_NEVER;
	}
	if (wait < codel->least)
		codel->least = wait;
	return codel->overloaded ? 2 * codel->target : WEIR_NEVER;
}
