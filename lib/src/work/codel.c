/* codel.c: see codel.h. */
#include "work/codel.h"

void weir__codel_init(struct weir__codel *codel, weir_time target, weir_time interval)
{
	*codel = (struct weir__codel){.target = target, .interval = interval};
}

weir_time weir__codel_dequeue(struct weir__codel *codel, weir_time now, weir_time wait)
{
	if (codel->target == 0)
		return WEIR_NEVER;
	if (codel->ends == 0 || now >= codel->ends) {
		codel->overloaded = codel->ends != 0 && codel->least > codel->target;
		codel->ends = now + codel->interval;
		codel->least = wait;
		return WEIR_NEVER;
	}
	if (wait < codel->least)
		codel->least = wait;
	return codel->overloaded ? 2 * codel->target : WEIR_NEVER;
}
