/* fuzz_deadline.c: the field by which a client says how long it waits
 * (lib/src/http/deadline_field.c).
 *
 * Input: values of that field, one a line. Held against: a model that counts in 128 bits.
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "http/deadline_field.h"

/* -1: no duration. */
static __int128 model(const char *value)
{
	const __int128 enough = (__int128)1 << 80;
	__int128 count = 0;

	if (*value < '0' || *value > '9')
		return -1;
	for (; *value >= '0' && *value <= '9'; value++)
		if (count < enough)
			count = count * 10 + (*value - '0');
	if (strcmp(value, "s") == 0)
		return count * 1000000000;
	return *value == '\0' || strcmp(value, "ms") == 0 ? count * 1000000 : -1;
}

static weir_time check_value(const char *value)
{
	weir_time time = -1;
	__int128 expected = model(value);
	int error = weir__deadline_parse(value, &time);

	FUZZ_CHECK(error == (expected < 0 ? -EINVAL : 0));
	if (error)
		return -1;
	FUZZ_CHECK(time == (expected > INT64_MAX ? WEIR_NEVER : (weir_time)expected));
	return time;
}

/* The same, found among others. */
static void check_field(const char *value, weir_time expected)
{
	const struct weir__field fields[] = {
		{"X-Timeouts", "1s"}, {"x-TIMEOUT", value}, {"X-Timeout", value}};
	weir_time time = -1;

	FUZZ_CHECK(weir__deadline_field(fields, 2, "X-Timeout", &time) ==
		   (expected < 0 ? -EINVAL : 0));
	FUZZ_CHECK(expected < 0 || time == expected);
	FUZZ_CHECK(weir__deadline_field(fields, 3, "X-Timeout", &time) == -EINVAL);
	FUZZ_CHECK(weir__deadline_field(fields, 1, "X-Timeout", &time) == 0 && time == WEIR_NEVER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_lines lines;
	size_t i;

	fuzz_lines_split(&lines, data, size);
	for (i = 0; i < lines.count; i++)
		check_field(lines.line[i], check_value(lines.line[i]));
	fuzz_lines_free(&lines);
	return 0;
}
