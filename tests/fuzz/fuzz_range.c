/* fuzz_range.c: preconditions, ranges and dates (lib/src/http/conditional.c).
 *
 * Input, a line each ("-": absent): the size of the representation, its time, its ETag; Range,
 * If-Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since. Held against: that a
 * range lies within the representation, and is the one of a model where that is plain; the order
 * of precedence (RFC 9110, 13.2.2); that a date that was printed is read as the same.
 */
#include "fuzz/fuzz.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "http/conditional.h"

/* Of years 1 to 9999: what an IMF-fixdate can say. */
#define DATE_MIN INT64_C(-62135596800)
#define DATE_MAX INT64_C(253402300799)

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void check_round_trip(int64_t seconds)
{
	char text[30];
	int64_t back;

	weir__date_print(seconds, text, sizeof(text));
	FUZZ_CHECK(strlen(text) == 29);
	FUZZ_CHECK(weir__date_parse(text, &back) && back == seconds);
}

/* The first form, whatever day of the week it names; a leap second is printed as another one. */
static void check_same_date(const char *text, int64_t seconds)
{
	char printed[30];

	if (strlen(text) != 29 || strncmp(text + 23, "60", 2) == 0)
		return;
	weir__date_print(seconds, printed, sizeof(printed));
	FUZZ_CHECK(text[3] != ',' || strcmp(text + 3, printed + 3) == 0);
}

static void check_date(const char *text)
{
	int64_t seconds;

	if (!text || !weir__date_parse(text, &seconds))
		return;
	FUZZ_CHECK(strlen(text) >= 24 && strlen(text) <= 33);
	FUZZ_CHECK(text[strspn(text, LETTERS DIGITS " ,:-")] == '\0');
	check_same_date(text, seconds);
	FUZZ_CHECK(seconds >= DATE_MIN - 366 * 86400 && seconds <= DATE_MAX + 86400);
	if (seconds >= DATE_MIN && seconds <= DATE_MAX)
		check_round_trip(seconds);
}

/* Up to eight digits at *at, if there are any. */
static bool small_number(const char **at, uint64_t *out)
{
	size_t count = strspn(*at, DIGITS);

	if (count > 8)
		return false;
	*out = count > 0 ? strtoull(*at, NULL, 10) : UINT64_MAX;
	*at += count;
	return true;
}

/* What "bytes=a-b", "bytes=a-" and "bytes=-n" mean where no number is large. */
static void check_plain_range(const char *range, uint64_t size, enum weir__range answer,
			      uint64_t offset, uint64_t length)
{
	uint64_t first, last;
	const char *at = range + 6;

	if (!small_number(&at, &first) || *at++ != '-' || !small_number(&at, &last) || *at)
		return;
	if (first == UINT64_MAX && last == UINT64_MAX)
		FUZZ_CHECK(answer == WEIR__RANGE_NONE);
	else if (first == UINT64_MAX && (last == 0 || size == 0))
		FUZZ_CHECK(answer == WEIR__RANGE_UNSATISFIABLE);
	else if (first == UINT64_MAX)
		FUZZ_CHECK(answer == WEIR__RANGE_ONE && offset + length == size &&
			   length == (last < size ? last : size));
	else if (first > last)
		FUZZ_CHECK(answer == WEIR__RANGE_NONE);
	else if (first >= size)
		FUZZ_CHECK(answer == WEIR__RANGE_UNSATISFIABLE);
	else
		FUZZ_CHECK(answer == WEIR__RANGE_ONE && offset == first &&
			   offset + length - 1 == (last < size ? last : size - 1));
}

static void check_range(const struct weir__conditions *conditions,
			const struct weir__validators *validators, uint64_t size)
{
	uint64_t offset = 0, length = 0;
	enum weir__range answer = weir__range(conditions, validators, size, &offset, &length);

	FUZZ_CHECK(conditions->range || answer == WEIR__RANGE_NONE);
	if (answer == WEIR__RANGE_ONE)
		FUZZ_CHECK(length > 0 && offset < size && length <= size - offset);
	if (conditions->range && conditions->reading && !conditions->if_range &&
	    strncmp(conditions->range, "bytes=", 6) == 0)
		check_plain_range(conditions->range, size, answer, offset, length);
}

/* Section 13.2.2: a field that takes precedence makes its weaker sister as good as absent, and
 * a range is no matter of preconditions. */
static void check_precedence(const struct weir__conditions *conditions,
			     const struct weir__validators *validators)
{
	struct weir__conditions other = *conditions;
	int status = weir__precondition(conditions, validators);

	FUZZ_CHECK(status == 0 || status == 304 || status == 412);
	FUZZ_CHECK(status != 304 || conditions->reading);
	if (other.if_match)
		other.if_unmodified_since = NULL;
	if (other.if_none_match)
		other.if_modified_since = NULL;
	other.range = other.if_range = NULL;
	FUZZ_CHECK(weir__precondition(&other, validators) == status);
	other = (struct weir__conditions){.reading = conditions->reading};
	FUZZ_CHECK(weir__precondition(&other, validators) == 0);
	other.if_match = "*";
	FUZZ_CHECK(weir__precondition(&other, validators) == (validators->etag ? 0 : 412));
	other = (struct weir__conditions){.reading = true, .if_none_match = "*"};
	FUZZ_CHECK(weir__precondition(&other, validators) == (validators->etag ? 304 : 0));
}

/* The tag by itself matches itself, strongly if it is strong. */
static void check_own_tag(const struct weir__validators *validators)
{
	struct weir__conditions conditions = {.reading = true};

	if (!validators->etag)
		return;
	conditions.if_none_match = validators->etag;
	FUZZ_CHECK(weir__precondition(&conditions, validators) == 304);
	conditions = (struct weir__conditions){.if_match = validators->etag};
	FUZZ_CHECK(weir__precondition(&conditions, validators) ==
		   (validators->etag[0] == 'W' ? 412 : 0));
}

/* etagc only (RFC 9110, 8.8.3): the server's own tags are well-formed. */
static bool is_etag(const char *tag)
{
	size_t size;

	tag += strncmp(tag, "W/", 2) == 0 ? 2 : 0;
	size = strlen(tag);
	return size >= 2 && tag[0] == '"' && strchr(tag + 1, '"') == tag + size - 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir__conditions conditions;
	struct weir__validators validators;
	struct fuzz_lines lines;
	uint64_t bytes;

	fuzz_lines_split(&lines, data, size);
	bytes = lines.count > 0 ? strtoull(lines.line[0], NULL, 10) & INT64_MAX : 0;
	validators.mtime = lines.count > 1 ? strtoll(lines.line[1], NULL, 10) : 0;
	validators.etag = fuzz_lines_get(&lines, 2);
	if (validators.etag && !is_etag(validators.etag))
		validators.etag = NULL;
	conditions = (struct weir__conditions){
		.range = fuzz_lines_get(&lines, 3),
		.if_range = fuzz_lines_get(&lines, 4),
		.if_match = fuzz_lines_get(&lines, 5),
		.if_none_match = fuzz_lines_get(&lines, 6),
		.if_modified_since = fuzz_lines_get(&lines, 7),
		.if_unmodified_since = fuzz_lines_get(&lines, 8),
		.reading = size % 2 == 0,
	};
	check_range(&conditions, &validators, bytes);
	check_precedence(&conditions, &validators);
	check_own_tag(&validators);
	check_date(conditions.if_range);
	check_date(conditions.if_modified_since);
	check_date(conditions.if_unmodified_since);
	if (validators.mtime >= DATE_MIN && validators.mtime <= DATE_MAX)
		check_round_trip(validators.mtime);
	fuzz_lines_free(&lines);
	return 0;
}
