/* describe.c: from a description to a request, as exchange.c makes one of a header. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/exchange.h"
#include "run.h"

static bool has_field(const struct weir_testing_request *description, const char *name)
{
	size_t i;

	for (i = 0; i < description->header_count; i++)
		if (strcasecmp(description->headers[i].name, name) == 0)
			return true;
	return false;
}

static const char *copy(weir_request *request, const char *text)
{
	return weir__arena_copy(&request->arena, text, strlen(text));
}

static int add_field(weir_request *request, struct weir__field *fields, const char *name,
		     const char *value)
{
	struct weir__field field = {copy(request, name), copy(request, value)};

	if (!field.name || !field.value)
		return -ENOMEM;
	fields[request->field_count++] = field;
	return 0;
}

/* How the body is announced, unless the description has said so itself. */
static int add_framing(struct weir__testing_run *run, struct weir__field *fields)
{
	const struct weir_testing_request *description = &run->description;
	uint64_t size = 0;
	char length[24];
	size_t i;

	if (description->piece_count == 0 || has_field(description, "Content-Length") ||
	    has_field(description, "Transfer-Encoding"))
		return 0;
	if (description->chunked)
		return add_field(run->request, fields, "Transfer-Encoding", "chunked");
	for (i = 0; i < description->piece_count; i++)
		size += description->pieces[i].size;
	(void)snprintf(length, sizeof(length), "%ju", (uintmax_t)size);
	return add_field(run->request, fields, "Content-Length", length);
}

static int add_fields(struct weir__testing_run *run)
{
	const struct weir_testing_request *description = &run->description;
	weir_request *request = run->request;
	struct weir__field *fields = weir__arena_alloc(
		&request->arena, (description->header_count + 2) * sizeof(*fields));
	int error = 0;
	size_t i;

	if (!fields)
		return -ENOMEM;
	request->fields = fields;
	if (!has_field(description, "Host"))
		error = add_field(request, fields, "Host", "localhost");
	for (i = 0; i < description->header_count && !error; i++)
		error = add_field(request, fields, description->headers[i].name,
				  description->headers[i].value);
	return error ? error : add_framing(run, fields);
}

static int set_peer(union weir__address *peer, const char *text)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(text, ':');
	unsigned long port;
	char *end;

	if (strcmp(text, "unix") == 0) {
		peer->any.sa_family = AF_UNIX;
		return 0;
	}
	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || *end || port > 65535)
		return -EINVAL;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	if (host[0] == '[' && colon[-1] == ']') {
		host[colon - text - 1] = '\0';
		peer->in6.sin6_family = AF_INET6;
		peer->in6.sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host + 1, &peer->in6.sin6_addr) == 1 ? 0 : -EINVAL;
	}
	peer->in.sin_family = AF_INET;
	peer->in.sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &peer->in.sin_addr) == 1 ? 0 : -EINVAL;
}

static int buffer_body(struct weir__testing_run *run)
{
	const struct weir_testing_request *description = &run->description;
	int error = 0;
	size_t i;

	for (i = 0; i < description->piece_count && !error; i++)
		error = weir__request_buffer(run->request, description->pieces[i].data,
					     description->pieces[i].size);
	return error;
}

/* The body, and the deadline, which runs from now on. */
static int begin(struct weir__testing_run *run)
{
	weir_request *request = run->request;
	const struct weir_route_options *options = &request->route->options;
	int error = 0;

	if (options->body == WEIR_BODY_BUFFERED)
		error = buffer_body(run);
	else if (weir__request_has_body(request))
		error = weir__pipe_create(&request->pipe);
	request->complete = options->body == WEIR_BODY_BUFFERED;
	if (!error && options->deadline > 0)
		error = weir_token_set_deadline(&request->token, weir_after(options->deadline));
	return error;
}

int weir__testing_describe(struct weir__testing_run *run, int *status, const char **reason)
{
	const struct weir_testing_request *description = &run->description;
	weir_request *request = run->request;
	int error = set_peer(&request->peer, description->client);

	if (error)
		return error;
	request->method = copy(request, description->method);
	request->target = copy(request, description->target);
	if (!request->method || !request->target)
		return -ENOMEM;
	request->head = strcmp(request->method, "HEAD") == 0;
	request->scope = description->scope;
	request->accepted_at = weir_now();
	error = add_fields(run);
	if (error)
		return error;
	*status = weir__request_describe(request, reason);
	if (*status)
		return 0;
	error = begin(run);
	if (error == -EFBIG) {
		*status = 413;
		*reason = "the body is too large";
		return 0;
	}
	return error;
}
