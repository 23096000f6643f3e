/* parse.c: digits and keys. */
#include "parse.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

int bench_parse_number(const char **text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	const char *at = *text;

	*out = 0;
	if (!isdigit((unsigned char)*at))
		return -EINVAL;
	for (; isdigit((unsigned char)*at); at++) {
		unsigned digit = (unsigned)(*at - '0');

		if (value > (UINT64_MAX - digit) / 10 || value * 10 + digit > max)
			return -ERANGE;
		value = value * 10 + digit;
	}
	*text = at;
	*out = value;
	return 0;
}

int bench_parse_after(const char *line, const char *key, uint64_t max, uint64_t *out)
{
	const char *at = strstr(line, key);

	*out = 0;
	if (!at)
		return -EINVAL;
	at += strlen(key);
	return bench_parse_number(&at, max, out);
}
