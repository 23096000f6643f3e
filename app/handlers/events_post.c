/* events_post.c: POST: the body as one event. */
#include "events_private.h"
#include "problem.h"
#include "utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64

/* The name is kept behind the data, in the same memory. */
static struct posted *copy(const char *name, const void *data, size_t size)
{
	size_t name_size = name != NULL ? strlen(name) + 1 : 0;
	struct posted *posted = malloc(sizeof *posted + size + name_size);
	if (posted == NULL)
		return NULL;
	posted->size = size;
	memcpy(posted->data, data, size);
	posted->name = name != NULL ? memcpy(posted->data + size, name, name_size) : NULL;
	return posted;
}

static int refuse_full(weir_response *response)
{
	int error = weir_response_header(response, "Retry-After", "1");
	return error != 0 ? error : problem(response, 503, "too many events are waiting");
}

static int accepted(weir_response *response)
{
	static const char body[] = "{\"accepted\":true}\n";
	int error = weir_response_status(response, 202);
	if (error == 0)
		error = weir_response_header(response, "Content-Type", "application/json");
	return error != 0 ? error : weir_response_body_static(response, body, sizeof body - 1);
}

int events_post(weir_request *request, weir_response *response, weir_token *token)
{
	const struct events_route *route = weir_request_context(request);
	const char *name = weir_request_query(request, "event");
	const void *body;
	size_t size;
	int error = weir_request_body(request, &body, &size);
	if (error != 0)
		return error;
	if (size == 0)
		return problem(response, 400, "an event needs a body");
	if (memchr(body, '\0', size) != NULL || !utf8_valid(body, size))
		return problem(response, 400, "the body of an event must be text in UTF-8");
	if (name != NULL &&
	    (*name == '\0' || strlen(name) > NAME_MAX_BYTES || !utf8_valid(name, strlen(name))))
		return problem(response, 400, "?event= must be 1 to %d bytes of UTF-8",
			       NAME_MAX_BYTES);

	struct posted *posted = copy(name, body, size);
	if (posted == NULL)
		return -ENOMEM;
	error = weir_queue_push(route->events->posted, posted, token, 0);
	if (error == 0)
		return accepted(response);
	free(posted);
	return error == -ETIMEDOUT ? refuse_full(response) : error;
}
