/* under.c: see under.h; and threads that a handler starts, which are under test too.
 *
 * Threads that end by themselves are no fault; residue.c counts those that do not.
 */
#include "under.h"

#include <errno.h>
#include <stdlib.h>

#include "wrapped.h"

_Thread_local bool weir__testing_under;
_Thread_local unsigned weir__testing_aside;
_Thread_local bool weir__testing_fake;

struct start {
	void *(*fn)(void *arg);
	void *arg;
	bool under, fake;
};

static void *run(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	weir__testing_under = start.under;
	weir__testing_fake = start.fake;
	return start.fn(start.arg);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
			  void *arg)
{
	struct start *start;
	int error;

	if (!weir__testing_under && !weir__testing_fake)
		return __real_pthread_create(thread, attributes, fn, arg);
	weir__testing_aside++;
	start = malloc(sizeof(*start));
	weir__testing_aside--;
	if (!start)
		return EAGAIN;
	*start = (struct start){fn, arg, weir__testing_under, weir__testing_fake};
	error = __real_pthread_create(thread, attributes, run, start);
	if (error)
		free(start);
	return error;
}
