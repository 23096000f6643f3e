/* calls.c: watches what a handler says to its response.
 *
 * The linker puts these functions before those of weir/response.h. An answer is a body, a
 * file or a stream; the last one wins, as weir/response.h says, but a handler that gives two
 * does not know what it has done, least of all on the way out after a cancellation.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/list.h"
#include "run.h"
#include "under.h"
#include "wrapped.h"

/* libweir's own calls among these functions are not the handler's. */
static _Thread_local unsigned inside;

static struct weir__testing_calls *calls_of(weir_response *response)
{
	struct weir__acceptor *acceptor = response->request->acceptor;

	/* Only requests of a run live on threads under test. */
	return &weir__container(acceptor, struct weir__testing_run, acceptor)->calls;
}

static bool counts(void)
{
	return inside == 0 && weir__testing_watched();
}

/* A second answer may also be refused because the first one has begun. */
static int answered(weir_response *response, bool counted, int error)
{
	if (counted && (error == 0 || error == -EALREADY))
		calls_of(response)->answers++;
	return error;
}

#define ANSWER(response, call)                                                                     \
	do {                                                                                       \
		bool counted = counts();                                                           \
		int error;                                                                         \
		inside++;                                                                          \
		error = (call);                                                                    \
		inside--;                                                                          \
		return answered((response), counted, error);                                       \
	} while (0)

int __wrap_weir_response_body(weir_response *response, const void *data, size_t size)
{
	ANSWER(response, __real_weir_response_body(response, data, size));
}

int __wrap_weir_response_body_static(weir_response *response, const void *data, size_t size)
{
	ANSWER(response, __real_weir_response_body_static(response, data, size));
}

int __wrap_weir_response_body_take(weir_response *response, void *data, size_t size,
				   void (*release)(void *data))
{
	ANSWER(response, __real_weir_response_body_take(response, data, size, release));
}

int __wrap_weir_response_file(weir_response *response, const weir_request *request, int fd,
			      const struct weir_file_options *options)
{
	ANSWER(response, __real_weir_response_file(response, request, fd, options));
}

int __wrap_weir_response_error(weir_response *response, int status, const char *text)
{
	ANSWER(response, __real_weir_response_error(response, status, text));
}

int __wrap_weir_response_stream(weir_response *response, int64_t length)
{
	ANSWER(response, __real_weir_response_stream(response, length));
}

int __wrap_weir_response_printf(weir_response *response, const char *format, ...)
{
	va_list arguments;
	char *text;
	int size;

	va_start(arguments, format);
	size = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (size < 0)
		return -ENOMEM;
	{
		bool counted = counts();
		int error;

		inside++;
		error = __real_weir_response_printf(response, "%s", text);
		inside--;
		free(text);
		return answered(response, counted, error);
	}
}

static int written(weir_response *response, bool counted, int error)
{
	struct weir__testing_calls *calls;

	if (!counted)
		return error;
	calls = calls_of(response);
	calls->writes_after_error += calls->write_failed;
	calls->write_failed |= error != 0;
	calls->too_long |= error == -EMSGSIZE;
	return error;
}

int __wrap_weir_response_write(weir_response *response, const void *data, size_t size)
{
	bool counted = counts();

	return written(response, counted, __real_weir_response_write(response, data, size));
}

int __wrap_weir_response_flush(weir_response *response)
{
	bool counted = counts();

	return written(response, counted, __real_weir_response_flush(response));
}
