/* duration.c: see duration.h. */
#include "duration.h"
#include "number.h"

#include <errno.h>
#include <string.h>

static const struct unit {
	const char *name;
	weir_time nanoseconds;
} units[] = {
	{"ms", WEIR_MILLISECOND},
	{"s", WEIR_SECOND},
	{"m", 60 * WEIR_SECOND},
	{"h", 3600 * WEIR_SECOND},
};

static const struct unit *unit_find(const char *name)
{
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	}
	return NULL;
}

int duration_parse(const char *text, weir_time *out)
{
	const char *name;
	uint64_t count;
	int error = number_prefix(text, &name, &count);
	if (error != 0)
		return error;
	if (count == 0 && *name == '\0') {
		*out = 0;
		return 0;
	}
	const struct unit *unit = unit_find(name);
	if (unit == NULL)
		return -EINVAL;
	weir_time total;
	if (__builtin_mul_overflow(count, unit->nanoseconds, &total) || total == WEIR_NEVER)
		return -ERANGE;
	*out = total;
	return 0;
}
