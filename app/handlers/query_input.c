/* query_input.c: see query_input.h. */
#include "query_input.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

static const char *where(enum query_source in)
{
	switch (in) {
	case QUERY_FROM_PATH:
		return "the path";
	case QUERY_FROM_QUERY:
		return "the query";
	case QUERY_FROM_BODY:
		break;
	}
	return "the body";
}

static const struct query_parameter *named(const struct query_parameter *parameters, size_t count,
					   const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (parameters[i].in == QUERY_FROM_BODY && strcmp(parameters[i].name, name) == 0)
			return &parameters[i];
	}
	return NULL;
}

static bool is_json(const weir_request *request)
{
	const char *type = weir_request_header(request, "Content-Type");
	size_t length = type != NULL ? strcspn(type, "; \t") : 0;
	return type == NULL || (length == 16 && strncasecmp(type, "application/json", 16) == 0);
}

/* Without memory for a string jansson says that the text is wrong, and would have us blame the
 * client. So its memory comes through here, which remembers. */
static _Thread_local bool out_of_memory;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *allocate(size_t size)
{
	void *data = malloc(size);
	out_of_memory = out_of_memory || data == NULL;
	return data;
}

static void watch_memory(void)
{
	json_set_alloc_funcs(allocate, free);
}

/* NULL with -ENOMEM, or with 0: it is no JSON, and `problem` says where. */
static json_t *parse(const char *data, size_t size, json_error_t *problem, int *error)
{
	(void)pthread_once(&once, watch_memory);
	out_of_memory = false;
	json_t *json = json_loadb(data, size, JSON_REJECT_DUPLICATES, problem);
	*error = out_of_memory ? -ENOMEM : 0;
	if (out_of_memory) {
		json_decref(json); /* it may have lost something */
		return NULL;
	}
	return json;
}

/* The body as an object with no keys but those that are asked for. */
static int read_body(struct query_input *input, const struct query_parameter *parameters,
		     size_t count, const weir_request *request, char reason[QUERY_REASON_SIZE])
{
	const void *data;
	size_t size;
	int error = weir_request_body(request, &data, &size);
	if (error != 0)
		return error;
	if (size == 0)
		return 0; /* what is missing is missed one by one */
	if (!is_json(request)) {
		(void)snprintf(reason, QUERY_REASON_SIZE, "the body must be application/json");
		return 415;
	}
	json_error_t problem;
	json_t *body = parse(data, size, &problem, &error);
	input->body = body;
	if (error != 0)
		return error;
	if (body == NULL) {
		(void)snprintf(reason, QUERY_REASON_SIZE, "the body is not JSON: line %d: %.120s",
			       problem.line, problem.text);
		return 400;
	}
	if (!json_is_object(body)) {
		(void)snprintf(reason, QUERY_REASON_SIZE, "the body must be a JSON object");
		return 400;
	}
	const char *key;
	json_t *value;
	json_object_foreach(body, key, value)
	{
		if (named(parameters, count, key) == NULL) {
			(void)snprintf(reason, QUERY_REASON_SIZE,
				       "\"%.80s\" in the body is not asked for", key);
			return 400;
		}
	}
	return 0;
}

static int from_json(enum query_type type, const json_t *json, struct query_value *out)
{
	*out = (struct query_value){.type = type};
	switch (type) {
	case QUERY_INTEGER:
		out->integer = json_integer_value(json);
		return json_is_integer(json) ? 0 : -EINVAL;
	case QUERY_REAL:
		out->real = json_number_value(json);
		return json_is_number(json) ? 0 : -EINVAL;
	case QUERY_BOOLEAN:
		out->integer = json_is_true(json);
		return json_is_boolean(json) ? 0 : -EINVAL;
	case QUERY_TEXT:
		break;
	}
	out->text = json_string_value(json);
	return out->text != NULL ? 0 : -EINVAL;
}

/* Returns 0, -ENOENT (it was not sent), or -EINVAL. */
static int read_sent(const struct query_input *input, const struct query_parameter *parameter,
		     const weir_request *request, struct query_value *out)
{
	if (parameter->in == QUERY_FROM_BODY) {
		const json_t *json = json_object_get(input->body, parameter->name);
		if (json == NULL || json_is_null(json))
			return -ENOENT;
		return from_json(parameter->type, json, out);
	}
	const char *text = parameter->in == QUERY_FROM_PATH
				   ? weir_request_param(request, parameter->name)
				   : weir_request_query(request, parameter->name);
	return text != NULL ? query_value_parse(parameter->type, text, out) : -ENOENT;
}

static int read_one(const struct query_input *input, const struct query_parameter *parameter,
		    const weir_request *request, struct query_value *out,
		    char reason[QUERY_REASON_SIZE])
{
	int error = read_sent(input, parameter, request, out);
	if (error == -ENOENT && parameter->fallback != NULL)
		error = query_value_parse(parameter->type, parameter->fallback, out);
	if (error == -ENOENT && parameter->optional) {
		*out = (struct query_value){.type = parameter->type, .null = true};
		error = 0;
	}
	if (error == 0)
		return 0;
	if (error == -ENOENT)
		(void)snprintf(reason, QUERY_REASON_SIZE, "\"%.80s\" is missing in %s",
			       parameter->name, where(parameter->in));
	else
		(void)snprintf(reason, QUERY_REASON_SIZE, "\"%.80s\" in %s must be %s",
			       parameter->name, where(parameter->in),
			       query_value_expected(parameter->type));
	return 400;
}

int query_input_read(struct query_input *input, const struct query_parameter *parameters,
		     size_t count, const weir_request *request, char reason[QUERY_REASON_SIZE])
{
	*input = (struct query_input){0};
	input->values = calloc(count + 1, sizeof *input->values);
	if (input->values == NULL)
		return -ENOMEM;
	bool body = false;
	for (size_t i = 0; i < count; i++)
		body = body || parameters[i].in == QUERY_FROM_BODY;
	int problem = body ? read_body(input, parameters, count, request, reason) : 0;
	for (size_t i = 0; problem == 0 && i < count; i++)
		problem = read_one(input, &parameters[i], request, &input->values[i], reason);
	return problem;
}

void query_input_free(struct query_input *input)
{
	json_decref(input->body);
	free(input->values);
	*input = (struct query_input){0};
}
