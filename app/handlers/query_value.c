/* query_value.c: see query_value.h. */
#include "query_value.h"
#include "utf8.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int parse_integer(const char *text, int64_t *out)
{
	const char *digits = text + (*text == '-');
	if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
		return -EINVAL;
	errno = 0;
	long long value = strtoll(text, NULL, 10);
	if (errno != 0)
		return -EINVAL;
	*out = value;
	return 0;
}

/* The numbers of JSON, and no more: strtod() also takes "0x1p3", "inf" and blanks. */
static int parse_real(const char *text, double *out)
{
	if (*text == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
		return -EINVAL;
	char *end;
	double value = strtod(text, &end);
	if (*end != '\0' || !isfinite(value))
		return -EINVAL;
	*out = value;
	return 0;
}

static int parse_boolean(const char *text, int64_t *out)
{
	bool yes = strcmp(text, "true") == 0;
	if (!yes && strcmp(text, "false") != 0)
		return -EINVAL;
	*out = yes;
	return 0;
}

int query_value_parse(enum query_type type, const char *text, struct query_value *out)
{
	*out = (struct query_value){.type = type};
	switch (type) {
	case QUERY_INTEGER:
		return parse_integer(text, &out->integer);
	case QUERY_REAL:
		return parse_real(text, &out->real);
	case QUERY_BOOLEAN:
		return parse_boolean(text, &out->integer);
	case QUERY_TEXT:
		break;
	}
	out->text = text;
	return utf8_valid(text, strlen(text)) ? 0 : -EINVAL;
}

const char *query_value_expected(enum query_type type)
{
	switch (type) {
	case QUERY_INTEGER:
		return "a whole number";
	case QUERY_REAL:
		return "a number";
	case QUERY_BOOLEAN:
		return "true or false";
	case QUERY_TEXT:
		break;
	}
	return "a text in UTF-8";
}
