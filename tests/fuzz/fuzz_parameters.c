/* fuzz_parameters.c: the parameters of a statement, read from path, query and JSON body
 * (app/handlers/query_input.h).
 *
 * Input: the value of "id" in the path, that of "q" in the query, the Content-Type ("-": absent),
 * and from the fourth line on the body. Held against: each value that is accepted is of the type
 * that was declared, and is the one in the body as jansson reads it; a refusal has a reason that
 * fits its line. The request is one of this file's.
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <weir/request.h>

#include "handlers/query_input.h"
#include "handlers/utf8.h"

struct weir_request {
	const char *id, *q, *type;
	const char *body;
	size_t body_size;
};

const char *weir_request_param(const weir_request *request, const char *name)
{
	return strcmp(name, "id") == 0 ? request->id : NULL;
}

const char *weir_request_query(const weir_request *request, const char *name)
{
	return strcmp(name, "q") == 0 ? request->q : NULL;
}

const char *weir_request_header(const weir_request *request, const char *name)
{
	return strcasecmp(name, "Content-Type") == 0 ? request->type : NULL;
}

int weir_request_body(const weir_request *request, const void **data, size_t *size)
{
	*data = request->body;
	*size = request->body_size;
	return 0;
}

enum { COUNT = 7 };

static char fallback[] = "17", id[] = "id", q[] = "q", i[] = "i", r[] = "r", t[] = "t", b[] = "b",
	    f[] = "f";

static const struct query_parameter parameters[COUNT] = {
	{id, QUERY_FROM_PATH, QUERY_INTEGER, false, NULL},
	{q, QUERY_FROM_QUERY, QUERY_TEXT, true, NULL},
	{i, QUERY_FROM_BODY, QUERY_INTEGER, true, NULL},
	{r, QUERY_FROM_BODY, QUERY_REAL, true, NULL},
	{t, QUERY_FROM_BODY, QUERY_TEXT, true, NULL},
	{b, QUERY_FROM_BODY, QUERY_BOOLEAN, true, NULL},
	{f, QUERY_FROM_BODY, QUERY_INTEGER, false, fallback},
};

static void check_value(const struct query_parameter *parameter, const struct query_value *value)
{
	FUZZ_CHECK(value->type == parameter->type);
	FUZZ_CHECK(!value->null || parameter->optional);
	if (value->null)
		return;
	if (value->type == QUERY_TEXT)
		FUZZ_CHECK(value->text && utf8_valid(value->text, strlen(value->text)));
	if (value->type == QUERY_REAL)
		FUZZ_CHECK(isfinite(value->real));
	if (value->type == QUERY_BOOLEAN)
		FUZZ_CHECK(value->integer == 0 || value->integer == 1);
}

/* What the body says by itself; a key that is absent or null is not there. */
static json_t *in_body(const weir_request *request, const char *key, json_t **body)
{
	json_error_t problem;
	json_t *value;

	*body = json_loadb(request->body, request->body_size, 0, &problem);
	value = json_object_get(*body, key);
	return json_is_null(value) ? NULL : value;
}

static void check_against_body(const weir_request *request, const struct query_value *values)
{
	json_t *body, *value;

	value = in_body(request, "i", &body);
	FUZZ_CHECK(values[2].null == !value);
	FUZZ_CHECK(!value ||
		   (json_is_integer(value) && values[2].integer == json_integer_value(value)));
	value = json_object_get(body, "t");
	FUZZ_CHECK(values[4].null || strcmp(values[4].text, json_string_value(value)) == 0);
	value = json_object_get(body, "f");
	FUZZ_CHECK(values[6].integer ==
		   (value && !json_is_null(value) ? json_integer_value(value) : 17));
	json_decref(body);
}

static void check_refusal(int status, const char *reason)
{
	size_t size = strlen(reason);

	FUZZ_CHECK(status == 400 || status == 415);
	FUZZ_CHECK(size > 0 && size < QUERY_REASON_SIZE);
}

static void read(const weir_request *request)
{
	char reason[QUERY_REASON_SIZE] = "";
	struct query_input input;
	int status = query_input_read(&input, parameters, COUNT, request, reason);
	size_t n;

	if (status == 0) {
		for (n = 0; n < COUNT; n++)
			check_value(&parameters[n], &input.values[n]);
		FUZZ_CHECK(strcmp(input.values[1].null ? "" : input.values[1].text,
				  request->q ? request->q : "") == 0);
		if (request->body_size > 0)
			check_against_body(request, input.values);
	} else {
		check_refusal(status, reason);
	}
	query_input_free(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *body = (const char *)data, *end = body + size;
	struct weir_request request = {0};
	struct fuzz_lines lines;
	char *copy;
	int n;

	for (n = 0; body && n < 3; n++) {
		body = memchr(body, '\n', (size_t)(end - body));
		body = body ? body + 1 : NULL;
	}
	fuzz_lines_split(&lines, data, body ? (size_t)(body - (const char *)data) : size);
	request.id = fuzz_lines_get(&lines, 0);
	request.q = fuzz_lines_get(&lines, 1);
	request.type = fuzz_lines_get(&lines, 2);
	request.body_size = body ? (size_t)(end - body) : 0;
	copy = fuzz_string(body ? body : "", request.body_size);
	request.body = copy;
	read(&request);
	free(copy);
	fuzz_lines_free(&lines);
	return 0;
}
