/* raw_header.h: what libmicrohttpd's parser hides, read from the memory it parsed.
 *
 * Before 1.0 libmicrohttpd parses a header in place: it overwrites the colon after a name and
 * the end of a line with zeros and points into what is left. Three things that RFC 9112 wants
 * refused (2.2, 5) disappear on the way: a bare LF as the end of a line, a NUL that cuts a
 * value short, and a line that begins with a colon, which it takes for the end of the header:
 * what follows would be read as the next request. They leave a trace: the distance from the
 * end of a value to the next name is two bytes, CR and LF, in a header that is well-formed,
 * and no other. Behind the last value there are four, all overwritten with zeros.
 *
 * A NUL in the target cuts that short, and shows in the request line likewise: its three parts do
 * not lie one space apart.
 *
 * Some leave none: docs/limits.md names them.
 */
#ifndef WEIR_HTTP_RAW_HEADER_H
#define WEIR_HTTP_RAW_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct weir__raw_header {
	const char *at;  /* end of what was seen so far */
	const char *end; /* of the header, behind its empty line */
	bool broken;
};

/* Of a request line: whether one space was between its parts, and nothing else (RFC 9112, 3).
 * `target` need not be libmicrohttpd's own; the others must. */
static inline bool weir__raw_line_good(const char *method, const char *target, const char *version)
{
	return strlen(method) + 1 + strlen(target) + 1 == (size_t)(version - method);
}

/* `line_end`: behind the last character of the request line. */
static inline void weir__raw_header_begin(struct weir__raw_header *raw, const char *line_end,
					  const char *end)
{
	raw->at = line_end;
	raw->end = end;
	raw->broken = false;
}

/* The next field, in order; the pointers are libmicrohttpd's. */
static inline void weir__raw_header_field(struct weir__raw_header *raw, const char *name,
					  const char *value_end)
{
	if (name - raw->at != 2)
		raw->broken = true;
	raw->at = value_end;
}

/* After the last field. False if anything was not as it should be. */
static inline bool weir__raw_header_good(const struct weir__raw_header *raw)
{
	static const char ends_of_two_lines[4];

	return !raw->broken && raw->end - raw->at == 4 &&
	       memcmp(raw->at, ends_of_two_lines, sizeof(ends_of_two_lines)) == 0;
}

#endif
