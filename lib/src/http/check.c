/* check.c: see check.h. Each refusal names its section. */
#include "http/check.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool weir__is_token(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!is_token_char(*s))
			return false;
	return true;
}

bool weir__is_field_value(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

/* Host is uri-host [ ":" port ] (RFC 9110, 7.2), or empty. Userinfo, spaces, paths and lists
 * are what smuggling attempts look like. */
bool weir__is_host(const char *s, size_t size)
{
	const char *end = s + size, *port;

	if (size && *s == '[') {
		for (port = s + 1;
		     port < end && (isxdigit((unsigned char)*port) || *port == ':' || *port == '.');
		     port++)
			continue;
		if (port == end || *port++ != ']')
			return false;
	} else {
		for (port = s; port < end && *port != ':'; port++)
			if (!isalnum((unsigned char)*port) &&
			    (!*port || !strchr("-._~%!$&'()*+;=", *port)))
				return false;
	}
	if (port == end)
		return true;
	if (*port++ != ':')
		return false;
	while (port < end && *port >= '0' && *port <= '9')
		port++;
	return port == end;
}

/* 1*DIGIT that fits, less than 2^63 (RFC 9110, 8.6). */
static bool parse_length(const char *s, uint64_t *length)
{
	uint64_t n = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || n > (INT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (uint64_t)(*s - '0');
	}
	*length = n;
	return true;
}

struct state {
	const char *host, *length, *coding, *reason;
	bool http_1_0;
	struct weir__framing *framing;
};

static int refuse(struct state *state, int status, const char *reason)
{
	state->reason = reason;
	return status;
}

static int check_field(struct state *state, const struct weir__field *field)
{
	if (!weir__is_token(field->name))
		return refuse(state, 400, "a header field's name is not a token");
	if (!weir__is_field_value(field->value))
		return refuse(state, 400, "a header field has a control character");
	if (strcasecmp(field->name, "Host") == 0) {
		if (state->host)
			return refuse(state, 400, "Host was sent twice");
		if (!weir__is_host(field->value, strlen(field->value)))
			return refuse(state, 400, "Host is not valid");
		state->host = field->value;
	} else if (strcasecmp(field->name, "Content-Length") == 0) {
		if (state->length && strcmp(state->length, field->value) != 0)
			return refuse(state, 400, "Content-Length was sent twice");
		if (!parse_length(field->value, &state->framing->length))
			return refuse(state, 400, "Content-Length is not valid");
		state->length = field->value;
	} else if (strcasecmp(field->name, "Transfer-Encoding") == 0) {
		if (state->coding)
			return refuse(state, 400, "Transfer-Encoding was sent twice");
		if (strcasecmp(field->value, "chunked") != 0)
			return refuse(state, 400, "Transfer-Encoding is not chunked");
		state->coding = field->value;
	} else if (strcasecmp(field->name, "Expect") == 0) {
		if (strcasecmp(field->value, "100-continue") != 0)
			return refuse(state, 417, "this expectation is not known");
		state->framing->expects_continue = !state->http_1_0;
	}
	return 0;
}

static int check_whole(struct state *state, const char *method)
{
	if (!weir__is_token(method))
		return refuse(state, 400, "the method is not a token");
	/* A tunnel is not offered, and an answer to CONNECT would not be framed (RFC 9110,
	 * 9.3.6). */
	if (strcmp(method, "CONNECT") == 0)
		return refuse(state, 400, "CONNECT is not offered");
	if (!state->host && !state->http_1_0)
		return refuse(state, 400, "Host is missing"); /* RFC 9112, 3.2 */
	if (state->coding && state->length)
		return refuse(state, 400, "Content-Length beside Transfer-Encoding"); /* 6.1 */
	if (state->coding && state->http_1_0)
		return refuse(state, 400, "Transfer-Encoding in HTTP/1.0"); /* 6.1 */
	return 0;
}

int weir__check_header(const char *method, bool http_1_0, const struct weir__field *fields,
		       size_t count, struct weir__framing *framing, const char **reason)
{
	struct state state = {.http_1_0 = http_1_0, .framing = framing};
	int status = 0;
	size_t i;

	*framing = (struct weir__framing){0};
	for (i = 0; i < count && !status; i++)
		status = check_field(&state, &fields[i]);
	if (!status)
		status = check_whole(&state, method);
	framing->chunked = state.coding != NULL;
	*reason = state.reason;
	return status;
}
