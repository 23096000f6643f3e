/* byte_size.c: see byte_size.h. */
#include "byte_size.h"
#include "number.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct unit {
	const char *name;
	uint64_t bytes;
} units[] = {
	{"", 1},
	{"KiB", (uint64_t)1 << 10},
	{"MiB", (uint64_t)1 << 20},
	{"GiB", (uint64_t)1 << 30},
};

int byte_size_parse(const char *text, uint64_t *out)
{
	const char *name;
	uint64_t count;
	int error = number_prefix(text, &name, &count);
	if (error != 0)
		return error;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (strcmp(units[i].name, name) == 0)
			return __builtin_mul_overflow(count, units[i].bytes, out) ? -ERANGE : 0;
	}
	return -EINVAL;
}
