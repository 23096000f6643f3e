/* debug.c: handlers that behave well and badly on purpose, to rehearse a stop with. Each is
 * the shortest example of its kind. */
#include "../number.h"
#include "routes.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <weir/io.h>

#define MS_MAX ((uint64_t)3600 * 1000)
#define EVERY_MAX ((uint64_t)60 * 1000)
#define ECHO_LIMIT ((uint64_t)1 << 30)

/* Reads a query parameter in milliseconds. Returns 0, or 1 when the answer is made: 400. */
static int read_ms(const weir_request *request, weir_response *response, const char *name,
		   uint64_t minimum, uint64_t maximum, weir_time *out, int *error)
{
	const char *text = weir_request_query(request, name);
	uint64_t value;
	if (text != NULL && number_parse(text, minimum, maximum, &value) == 0) {
		*out = (weir_time)value * WEIR_MILLISECOND;
		return 0;
	}
	char line[96];
	(void)snprintf(line, sizeof line, "?%s= must be a number from %ju to %ju (milliseconds)",
		       name, (uintmax_t)minimum, (uintmax_t)maximum);
	*error = weir_response_error(response, 400, line);
	return 1;
}

/* Cooperative: every wait takes the token, and what it says is returned. */
static int debug_sleep(weir_request *request, weir_response *response, weir_token *token)
{
	weir_time duration;
	int error;
	if (read_ms(request, response, "ms", 0, MS_MAX, &duration, &error))
		return error;
	weir_request_note(request, "sleeping");
	error = weir_sleep(token, weir_after(duration));
	return error != 0 ? error : weir_response_printf(response, "slept\n");
}

/* Ignores its token, and finishes. */
static int debug_work(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	weir_time duration;
	int error;
	if (read_ms(request, response, "ms", 0, MS_MAX, &duration, &error))
		return error;
	weir_request_note(request, "working");
	weir_time until = weir_after(duration);
	struct timespec when = {until / WEIR_SECOND, until % WEIR_SECOND};
	do
		error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
	while (error == EINTR);
	return error != 0 ? -error : weir_response_printf(response, "worked\n");
}

/* Never comes back: what a deadlock looks like from outside. */
static int debug_stuck(weir_request *request, weir_response *response, weir_token *token)
{
	(void)response, (void)token;
	weir_request_note(request, "stuck");
	while (pause() == -1) /* which is all it ever returns */
		continue;
	return 0;
}

/* Long-lived: ends when a stop begins, and says goodbye. A client that goes is noticed by the
 * next write. */
static int debug_stream(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token; /* weir_response_write() looks at it */
	weir_time duration, every;
	int error;
	if (read_ms(request, response, "ms", 0, MS_MAX, &duration, &error) ||
	    read_ms(request, response, "every", 1, EVERY_MAX, &every, &error))
		return error;
	error = weir_response_header(response, "Content-Type", "text/plain; charset=utf-8");
	if (error == 0)
		error = weir_response_stream(response, -1);
	weir_token *drain = weir_request_drain_token(request);
	weir_request_note(request, "streaming");

	weir_time next = weir_now(), end = weir_after(duration);
	for (int64_t count = 1; error == 0 && (next += every) <= end; count++) {
		if (weir_sleep(drain, next) != 0)
			return weir_response_write(response, "stopping\n", 9);
		char line[48];
		int length = snprintf(line, sizeof line, "%jd of %jd\n", (intmax_t)count,
				      (intmax_t)(duration / every));
		error = weir_response_write(response, line, (size_t)length);
	}
	return error;
}

int debug_routes(weir_routes *routes)
{
	static const struct weir_route_options streamed = {
		.body = WEIR_BODY_STREAMED,
		.body_limit = ECHO_LIMIT,
	};
	static const struct {
		const char *pattern;
		weir_handler handler;
		const struct weir_route_options *options;
	} rows[] = {
		{"GET /debug/sleep", debug_sleep, NULL},
		{"GET /debug/work", debug_work, NULL},
		{"GET /debug/stuck", debug_stuck, NULL},
		{"GET /debug/stream", debug_stream, NULL},
		{"POST /debug/echo", debug_echo, &streamed},
	};
	int error = 0;
	for (size_t i = 0; error == 0 && i < sizeof rows / sizeof rows[0]; i++)
		error = weir_routes_add(routes, rows[i].pattern, rows[i].handler, NULL,
					rows[i].options);
	return error;
}
