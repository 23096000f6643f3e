/* conditional.h: preconditions and ranges (RFC 9110, sections 13 and 14). Pure functions. */
#ifndef WEIR_HTTP_CONDITIONAL_H
#define WEIR_HTTP_CONDITIONAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the selected representation is. `etag` with quotes; NULL: there is none. */
struct weir__validators {
	const char *etag;
	int64_t mtime; /* seconds since the epoch */
};

/* The request's conditional fields; NULL where absent. */
struct weir__conditions {
	const char *if_match, *if_none_match, *if_modified_since, *if_unmodified_since;
	const char *if_range, *range; /* range only with GET */
	bool reading;                 /* GET or HEAD */
};

/* 0 to go on, 304 or 412: the order of precedence is that of section 13.2.2. */
int weir__precondition(const struct weir__conditions *conditions,
		       const struct weir__validators *validators);

enum weir__range { WEIR__RANGE_NONE, WEIR__RANGE_ONE, WEIR__RANGE_UNSATISFIABLE };

/* The range to send of a representation of `size` bytes. NONE: send all of it (no Range, not
 * bytes, malformed, several ranges, or If-Range says so). */
enum weir__range weir__range(const struct weir__conditions *conditions,
			     const struct weir__validators *validators, uint64_t size,
			     uint64_t *offset, uint64_t *length);

/* An HTTP-date in any of its three forms (section 5.6.7); date.c. */
bool weir__date_parse(const char *text, int64_t *seconds);

/* IMF-fixdate; `out` of at least 30 bytes. */
void weir__date_print(int64_t seconds, char *out, size_t size);

#endif
