/* fuzz_values.c: what people and clients write for numbers, durations, sizes, parameters and
 * tokens (app/number.h, duration.h, byte_size.h, admin_token.h, handlers/query_value.h).
 *
 * Input: values, one a line; the first is also a token. Held against: models that count in 128
 * bits, and printing what was read.
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin_token.h"
#include "byte_size.h"
#include "duration.h"
#include "handlers/query_value.h"
#include "handlers/utf8.h"
#include "number.h"

/* The digits at the start; *end behind them. -1: none, or more than 64 bits. */
static __int128 count_of(const char *text, const char **end)
{
	__int128 count = 0;

	*end = text;
	if (*text < '0' || *text > '9')
		return -1;
	for (; **end >= '0' && **end <= '9'; ++*end) {
		count = count * 10 + (**end - '0');
		if (count > UINT64_MAX)
			return -1;
	}
	return count;
}

static void check_duration(const char *text)
{
	const char *unit;
	__int128 count = count_of(text, &unit), factor = 0;
	weir_time time;

	if (strcmp(unit, "ms") == 0)
		factor = 1000000;
	else if (strcmp(unit, "s") == 0)
		factor = 1000000000;
	else if (strcmp(unit, "m") == 0)
		factor = (__int128)60 * 1000000000;
	else if (strcmp(unit, "h") == 0)
		factor = (__int128)3600 * 1000000000;
	else if (*unit == '\0' && count == 0)
		factor = 1;
	if (duration_parse(text, &time) == 0)
		FUZZ_CHECK(count >= 0 && factor > 0 && time == count * factor);
	else
		FUZZ_CHECK(count < 0 || factor == 0 || count * factor >= INT64_MAX);
}

static void check_byte_size(const char *text)
{
	const char *unit;
	__int128 count = count_of(text, &unit);
	int shift = -1;
	uint64_t bytes;

	if (*unit == '\0')
		shift = 0;
	else if (strlen(unit) == 3 && strcmp(unit + 1, "iB") == 0 && strchr("KMG", unit[0]))
		shift = unit[0] == 'K' ? 10 : unit[0] == 'M' ? 20 : 30;
	if (byte_size_parse(text, &bytes) == 0)
		FUZZ_CHECK(count >= 0 && shift >= 0 && bytes == (unsigned __int128)count << shift);
	else
		FUZZ_CHECK(count < 0 || shift < 0 ||
			   (unsigned __int128)count << shift > UINT64_MAX);
}

static void check_number(const char *text)
{
	const char *end;
	__int128 count = count_of(text, &end);
	uint64_t number;
	bool inside = count >= 5 && count <= 1000000 && *end == '\0';

	FUZZ_CHECK(number_parse(text, 5, 1000000, &number) == (inside ? 0 : -EINVAL));
	FUZZ_CHECK(!inside || number == (uint64_t)count);
}

/* Leading zeros and "-0" aside, what is printed is what was sent. */
static void check_integer(const char *text)
{
	struct query_value value;
	char printed[32];
	bool minus = *text == '-';
	const char *digits = text + minus;

	if (query_value_parse(QUERY_INTEGER, text, &value) != 0)
		return;
	digits += strspn(digits, "0");
	if (*digits == '\0') {
		FUZZ_CHECK(value.integer == 0);
		return;
	}
	(void)snprintf(printed, sizeof(printed), "%" PRId64, value.integer);
	FUZZ_CHECK((printed[0] == '-') == minus && strcmp(printed + minus, digits) == 0);
}

static void check_parameter(const char *text)
{
	struct query_value value;

	check_integer(text);
	if (query_value_parse(QUERY_REAL, text, &value) == 0) {
		FUZZ_CHECK(isfinite(value.real) && !strpbrk(text, "xXnN ,_"));
		FUZZ_CHECK(value.real == strtod(text, NULL));
	}
	if (query_value_parse(QUERY_BOOLEAN, text, &value) == 0)
		FUZZ_CHECK(strcmp(text, value.integer ? "true" : "false") == 0);
	FUZZ_CHECK((query_value_parse(QUERY_TEXT, text, &value) == 0) ==
		   utf8_valid(text, strlen(text)));
}

static void check_token(const char *token, const char *given)
{
	struct admin_token expected = {.size = strlen(token)};

	if (expected.size > ADMIN_TOKEN_MAX)
		return;
	memcpy(expected.text, token, expected.size);
	FUZZ_CHECK(admin_token_matches(&expected, given) ==
		   (given && *given && strcmp(token, given) == 0));
	FUZZ_CHECK(admin_token_matches(&expected, token) == (expected.size > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_lines lines;
	size_t i;

	fuzz_lines_split(&lines, data, size);
	for (i = 0; i < lines.count; i++) {
		check_duration(lines.line[i]);
		check_byte_size(lines.line[i]);
		check_number(lines.line[i]);
		check_parameter(lines.line[i]);
		check_token(lines.line[0], lines.line[i]);
	}
	if (lines.count > 0)
		check_token(lines.line[0], NULL);
	fuzz_lines_free(&lines);
	return 0;
}
