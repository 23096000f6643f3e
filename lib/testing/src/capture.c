/* capture.c: the answer as its client would have got it.
 *
 * Taken in two steps: what the handler has said, as soon as it has returned, because then
 * libmicrohttpd's response takes the body over; and what becomes of it, once that is decided.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "http/exchange.h"
#include "run.h"

/* In one block behind the response: the fields, then their strings. */
static int copy_fields(struct weir_testing_response *to, const weir_response *from)
{
	const struct weir__response_field *field;
	struct weir_testing_header *headers;
	size_t count = 0, size = 0;
	char *text;

	for (field = from->fields; field; field = field->next) {
		count++;
		size += strlen(field->name) + strlen(field->value) + 2;
	}
	headers = malloc(count * sizeof(*headers) + size + 1);
	if (!headers)
		return -ENOMEM;
	free((void *)to->headers);
	to->headers = headers;
	to->header_count = count;
	text = (char *)(headers + count);
	for (field = from->fields; field; field = field->next, headers++) {
		headers->name = text;
		text = stpcpy(text, field->name) + 1;
		headers->value = text;
		text = stpcpy(text, field->value) + 1;
	}
	return 0;
}

/* Takes `data`. */
static void set_body(struct weir_testing_response *to, char *data, size_t size)
{
	free((void *)to->body);
	to->body = data;
	to->body_size = size;
}

static int copy_memory(struct weir_testing_response *to, const weir_response *from)
{
	char *data = malloc(from->size + 1);

	if (!data)
		return -ENOMEM;
	if (from->size > 0)
		memcpy(data, from->data, from->size);
	data[from->size] = '\0';
	set_body(to, data, from->size);
	to->announced = (int64_t)from->size;
	return 0;
}

static int copy_file(struct weir_testing_response *to, const weir_response *from)
{
	char *data = malloc(from->length + 1);
	size_t done = 0;
	ssize_t size = 1;

	if (!data)
		return -ENOMEM;
	while (done < from->length && size > 0) {
		size = pread(from->fd, data + done, from->length - done,
			     (off_t)(from->offset + done));
		if (size < 0 && errno == EINTR)
			size = 1;
		else if (size > 0)
			done += (size_t)size;
	}
	data[done] = '\0';
	set_body(to, data, done);
	to->announced = (int64_t)from->length;
	return 0;
}

static int copy_said(struct weir_testing_response *to, const weir_response *from)
{
	int error = copy_fields(to, from);

	to->status = from->status;
	if (error)
		return error;
	switch (from->kind) {
	case WEIR__BODY_MEMORY:
		return copy_memory(to, from);
	case WEIR__BODY_FILE:
		return copy_file(to, from);
	case WEIR__BODY_STREAM:
		to->announced = from->stream_length;
		return 0;
	case WEIR__BODY_UPGRADE:
		return 0;
	}
	return -EINVAL;
}

void weir__testing_capture(struct weir__testing_run *run)
{
	const weir_request *request = run->request;

	if (!request->result || request->stream_begun)
		run->error = copy_said(run->response, &request->response);
}

/* The library's own words. Status 0: none. */
static void substitute(struct weir__testing_run *run, const struct weir__verdict *verdict)
{
	struct weir_testing_response *to = run->response;
	weir_response *from = &run->request->response;

	to->by_library = true;
	to->status = verdict->status;
	to->complete = verdict->status != 0;
	if (!verdict->status)
		return;
	run->error = weir__answer_fill(from, verdict);
	if (!run->error)
		run->error = copy_said(to, from);
}

void weir__testing_capture_refusal(struct weir__testing_run *run, int status, const char *reason)
{
	struct weir__verdict verdict = {status, reason ? reason : "-", WEIR__REFUSED};

	substitute(run, &verdict);
}

void weir__testing_capture_outcome(struct weir__testing_run *run)
{
	struct weir_testing_response *to = run->response;
	weir_request *request = run->request;
	struct weir__verdict verdict;

	if (request->stream_begun) {
		to->stream = true;
		to->complete = !request->result || weir__response_said_all(&request->response);
	} else if (request->result) {
		verdict = weir__answer_judge(request, weir_token_reason(&request->token) !=
							      WEIR_REASON_NONE);
		substitute(run, &verdict);
	} else {
		to->complete = true;
	}
	if (run->stream && to->stream && !run->error) {
		set_body(to, run->stream, run->stream_size);
		run->stream[run->stream_size] = '\0'; /* there is room: feed.c */
		run->stream = NULL;
	}
	if (request->head && to->body_size > 0)
		to->body_size = 0; /* told, not sent */
	if (run->out_of_memory && !run->error)
		run->error = -ENOMEM;
}

const char *weir_testing_response_header(const struct weir_testing_response *response,
					 const char *name)
{
	size_t i;

	for (i = 0; i < response->header_count; i++)
		if (strcasecmp(response->headers[i].name, name) == 0)
			return response->headers[i].value;
	return NULL;
}

void weir_testing_response_free(struct weir_testing_response *response)
{
	if (!response)
		return;
	free((void *)response->headers);
	if (response->body_size > 0 || response->body)
		free((void *)response->body);
	free(response);
}
