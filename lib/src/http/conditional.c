/* conditional.c: see conditional.h. */
#include "http/conditional.h"

#include <string.h>
#include <strings.h>

static bool is_weak(const char *etag)
{
	return strncmp(etag, "W/", 2) == 0;
}

/* Whether a list of entity tags, or "*", has `etag`. Weak comparison ignores W/ (8.8.3.2). */
static bool list_matches(const char *list, const char *etag, bool strong)
{
	size_t size;

	if (strcmp(list, "*") == 0)
		return etag != NULL;
	if (!etag || (strong && is_weak(etag)))
		return false;
	etag += is_weak(etag) ? 2 : 0;
	size = strlen(etag);
	while (*list) {
		bool weak;
		const char *end;

		list += strspn(list, " \t,");
		weak = is_weak(list);
		list += weak ? 2 : 0;
		if (*list != '"')
			return false;
		end = strchr(list + 1, '"');
		if (!end)
			return false;
		end++;
		if ((size_t)(end - list) == size && memcmp(list, etag, size) == 0 &&
		    !(strong && weak))
			return true;
		list = end;
	}
	return false;
}

int weir__precondition(const struct weir__conditions *conditions,
		       const struct weir__validators *validators)
{
	int64_t date;

	if (conditions->if_match) {
		if (!list_matches(conditions->if_match, validators->etag, true))
			return 412;
	} else if (conditions->if_unmodified_since && validators->etag &&
		   weir__date_parse(conditions->if_unmodified_since, &date)) {
		if (validators->mtime > date)
			return 412;
	}
	if (conditions->if_none_match) {
		if (list_matches(conditions->if_none_match, validators->etag, false))
			return conditions->reading ? 304 : 412;
	} else if (conditions->reading && conditions->if_modified_since && validators->etag &&
		   weir__date_parse(conditions->if_modified_since, &date)) {
		if (validators->mtime <= date)
			return 304;
	}
	return 0;
}

/* Section 13.1.5: a strong entity tag, or the exact date. */
static bool range_still_applies(const struct weir__conditions *conditions,
				const struct weir__validators *validators)
{
	const char *value = conditions->if_range;
	int64_t date;

	if (!value)
		return true;
	if (*value == '"' || is_weak(value)) /* one tag, not a list of them */
		return validators->etag && !is_weak(value) && strcmp(value, validators->etag) == 0;
	return weir__date_parse(value, &date) && date == validators->mtime;
}

/* 1*DIGIT; a number that does not fit counts as the largest, which is beyond every file. */
static const char *parse_number(const char *s, uint64_t *number)
{
	uint64_t n = 0;

	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		n = n > (UINT64_MAX - digit) / 10 ? UINT64_MAX : n * 10 + digit;
	}
	*number = n;
	return s;
}

enum weir__range weir__range(const struct weir__conditions *conditions,
			     const struct weir__validators *validators, uint64_t size,
			     uint64_t *offset, uint64_t *length)
{
	const char *s = conditions->range;
	uint64_t first, last;

	if (!s || !conditions->reading || strncasecmp(s, "bytes=", 6) != 0 ||
	    !range_still_applies(conditions, validators))
		return WEIR__RANGE_NONE;
	s += 6 + strspn(s + 6, " \t");
	if (*s == '-') { /* the last n bytes */
		s = parse_number(s + 1, &last);
		if (!s || s[strspn(s, " \t")])
			return WEIR__RANGE_NONE;
		if (last == 0 || size == 0)
			return WEIR__RANGE_UNSATISFIABLE;
		*length = last < size ? last : size;
		*offset = size - *length;
		return WEIR__RANGE_ONE;
	}
	s = parse_number(s, &first);
	if (!s || *s++ != '-')
		return WEIR__RANGE_NONE;
	last = UINT64_MAX;
	if (*s >= '0' && *s <= '9')
		s = parse_number(s, &last);
	if (s[strspn(s, " \t")] || last < first)
		return WEIR__RANGE_NONE;
	if (first >= size)
		return WEIR__RANGE_UNSATISFIABLE;
	*offset = first;
	*length = (last < size ? last + 1 : size) - first;
	return WEIR__RANGE_ONE;
}
