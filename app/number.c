/* number.c: see number.h. */
#include "number.h"

#include <errno.h>
#include <string.h>

int number_prefix(const char *text, const char **end, uint64_t *out)
{
	if (*text < '0' || *text > '9')
		return -EINVAL;
	uint64_t value = 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return -ERANGE;
	}
	*end = text;
	*out = value;
	return 0;
}

int number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	const char *end;
	uint64_t value;
	if (number_prefix(text, &end, &value) != 0 || *end != '\0')
		return -EINVAL;
	if (value < min || value > max)
		return -EINVAL;
	*out = value;
	return 0;
}

int number_range_parse(const char *text, unsigned max, unsigned *least, unsigned *most)
{
	const char *at;
	uint64_t first, second;
	if (number_prefix(text, &at, &first) != 0)
		return -EINVAL;
	second = first;
	if (*at != '\0') {
		if (strncmp(at, "..", 2) != 0 || number_parse(at + 2, 1, max, &second) != 0)
			return -EINVAL;
	}
	if (first < 1 || first > max || second < first)
		return -EINVAL;
	*least = (unsigned)first;
	*most = (unsigned)second;
	return 0;
}
