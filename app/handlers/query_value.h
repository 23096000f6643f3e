/* query_value.h: parameters of a statement, from the texts of a request. */
#ifndef WEIR_APP_QUERY_VALUE_H
#define WEIR_APP_QUERY_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/** Where a parameter comes from. */
enum query_source { QUERY_FROM_PATH, QUERY_FROM_QUERY, QUERY_FROM_BODY };

enum query_type { QUERY_INTEGER, QUERY_REAL, QUERY_TEXT, QUERY_BOOLEAN };

/** A parameter of a statement, as the operator declares it. Strings are borrowed. */
struct query_parameter {
	char *name;
	enum query_source in;
	enum query_type type;
	bool optional;  /* NULL if it is not sent */
	char *fallback; /* if it is not sent; or NULL */
};

/** A value of one of the types, or NULL. */
struct query_value {
	enum query_type type;
	bool null;
	int64_t integer; /* 0 or 1 for QUERY_BOOLEAN */
	double real;
	const char *text; /* borrowed */
};

/** Reads `text`. Returns 0, or -EINVAL: see query_value_expected(). */
int query_value_parse(enum query_type type, const char *text, struct query_value *out);

/** What -EINVAL has missed: "a whole number", ...; a literal. */
const char *query_value_expected(enum query_type type);

#endif
