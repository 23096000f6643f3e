/* begin.c: see begin.h. */
#include "begin.h"

#include <string.h>

#include "guard.h"
#include "place.h"
#include "say.h"

int bench_begin(char *dir, size_t size, const char *wanted, unsigned limit)
{
	int result = bench_place_results(dir, size, wanted);

	if (result != 0) {
		bench_say("cannot make the directory for results: %s", strerror(-result));
		return result;
	}
	result = bench_guard_begin(limit);
	if (result != 0)
		bench_say("cannot begin: %s", strerror(-result));
	return result;
}
