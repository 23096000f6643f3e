/* deadline_field.c: see deadline_field.h. */
#include "http/deadline_field.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static int unit_of(const char *name, weir_time *out)
{
	if (*name == '\0' || strcmp(name, "ms") == 0)
		*out = WEIR_MILLISECOND;
	else if (strcmp(name, "s") == 0)
		*out = WEIR_SECOND;
	else
		return -EINVAL;
	return 0;
}

int weir__deadline_parse(const char *value, weir_time *out)
{
	size_t digits = strspn(value, "0123456789"), i;
	weir_time count = 0, unit;

	if (digits == 0 || unit_of(value + digits, &unit))
		return -EINVAL;
	for (i = 0; i < digits; i++)
		if (__builtin_mul_overflow(count, 10, &count) ||
		    __builtin_add_overflow(count, value[i] - '0', &count)) {
			*out = WEIR_NEVER;
			return 0;
		}
	if (__builtin_mul_overflow(count, unit, out))
		*out = WEIR_NEVER;
	return 0;
}

int weir__deadline_field(const struct weir__field *fields, size_t count, const char *name,
			 weir_time *out)
{
	const char *value = NULL;
	size_t i;

	*out = WEIR_NEVER;
	for (i = 0; i < count; i++) {
		if (strcasecmp(fields[i].name, name) != 0)
			continue;
		if (value) /* as good as a list of two (RFC 9110, 5.3) */
			return -EINVAL;
		value = fields[i].value;
	}
	return value ? weir__deadline_parse(value, out) : 0;
}
