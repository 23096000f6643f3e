/* check.h: what a request must be before anything looks at it.
 *
 * libmicrohttpd parses leniently. What it lets through although RFC 9110 and RFC 9112 forbid
 * it, or although it could make a proxy in front and this server disagree about where a
 * request ends, is refused here. Pure functions.
 */
#ifndef WEIR_HTTP_CHECK_H
#define WEIR_HTTP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weir__field {
	const char *name, *value;
};

/* What the header says about the body. */
struct weir__framing {
	bool chunked;
	uint64_t length;
	bool expects_continue;
};

/* 0 and *framing, or the status of the refusal (400, 417) and one line of reason. */
int weir__check_header(const char *method, bool http_1_0, const struct weir__field *fields,
		       size_t count, struct weir__framing *framing, const char **reason);

/* A token in the sense of RFC 9110, 5.6.2. */
bool weir__is_token(const char *s);

/* uri-host [ ":" port ], or nothing (RFC 9110, 7.2). */
bool weir__is_host(const char *s, size_t size);

/* A field value without control characters other than tab (RFC 9110, 5.5). */
bool weir__is_field_value(const char *s);

#endif
