/* rehearse.c: POST /rehearse: a rehearsal on its lane of control.h, and the answer when it is over.
 *
 * There is one at a time, so what is asked for has one place, in struct admin. It is taken here
 * and given back when the rehearsal is over; if the lane refuses the errand, because the server
 * stops, it stays taken: there will be no other.
 */
#include "rehearse.h"
#include "../control.h"
#include "../duration.h"
#include "guard.h"
#include "json_text.h"
#include "routes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* An operator may be patient, but the clients that wait meanwhile are not. */
#define TIMEOUT_MAX (300 * WEIR_SECOND)
#define DIGITS_MAX 9

int rehearse_fraction(const char *text, double *out)
{
	size_t digits = strspn(text, "01");
	double value = text[0] == '1' ? 1 : 0, unit = 1;
	if (digits != 1)
		return -EINVAL;
	text += digits;
	if (*text == '.') {
		digits = strspn(++text, "0123456789");
		if (digits == 0 || digits > DIGITS_MAX)
			return -EINVAL;
		for (; digits > 0; digits--) {
			unit /= 10;
			value += (*text++ - '0') * unit;
		}
	}
	if (*text != '\0' || value <= 0 || value > 1)
		return -EINVAL;
	*out = value;
	return 0;
}

/* Returns 0, or -EINVAL with a line for people. */
static int read_options(weir_request *request, struct weir_rehearsal_options *out,
			const char **problem)
{
	const char *fraction = weir_request_query(request, "fraction");
	const char *timeout = weir_request_query(request, "timeout");
	*out = (struct weir_rehearsal_options){0};
	*problem = "fraction is a number above 0 and up to 1, like 0.25";
	if (fraction != NULL && rehearse_fraction(fraction, &out->fraction) != 0)
		return -EINVAL;
	*problem = "timeout is a duration from 1ms to 5m, like 5s";
	if (timeout != NULL && (duration_parse(timeout, &out->timeout) != 0 || out->timeout <= 0 ||
				out->timeout > TIMEOUT_MAX))
		return -EINVAL;
	return 0;
}

/* Six decimals and a point, whatever the locale. */
static void print_seconds(struct json_text *text, const char *name, weir_time duration)
{
	json_text_print(text, "\"%s\":%" PRId64 ".%06" PRId64 ",", name, duration / WEIR_SECOND,
			duration % WEIR_SECOND / WEIR_MICROSECOND);
}

static void print_route(struct json_text *text, const char *name, const char *route)
{
	json_text_print(text, "\"%s\":", name);
	json_text_string(text, route, strlen(route));
	json_text_raw(text, ",", 1);
}

static void write_found(struct json_text *text, const struct weir_rehearsal *found)
{
	const struct weir_forecast *forecast = &found->forecast;
	json_text_print(text,
			"{\"in_flight\":%" PRIu64 ",\"tripped\":%" PRIu64 ",\"over\":%" PRIu64 ",",
			found->in_flight, found->tripped, found->over);
	print_seconds(text, "last_seconds", found->last);
	print_seconds(text, "paused_seconds", found->paused);
	print_seconds(text, "p50_seconds", found->p50);
	print_seconds(text, "p99_seconds", found->p99);
	print_route(text, "slowest", found->slowest);
	json_text_print(text, "\"forecast\":{");
	print_seconds(text, "seconds", forecast->time);
	json_text_print(text,
			"\"in_flight\":%" PRIu64 ",\"cancelled\":%" PRIu64 ",\"cut\":%" PRIu64 ",",
			forecast->in_flight, forecast->cancelled, forecast->cut);
	print_route(text, "route", forecast->route);
	print_seconds(text, "gap_seconds", forecast->gap);
	text->size -= text->failed ? 0 : 1; /* the last comma */
	json_text_print(text, "}}\n");
}

static void send_found(weir_later *answer, const struct weir_rehearsal *found)
{
	struct json_text text = {0};
	write_found(&text, found);
	if (text.failed)
		(void)weir_later_answer(answer, 500, NULL, NULL, 0);
	else
		(void)weir_later_answer(answer, 200, "application/json", text.data, text.size);
	json_text_free(&text);
}

static void send_problem(weir_later *answer, int status, const char *problem)
{
	char body[128];
	int size = snprintf(body, sizeof body, "{\"error\":\"%s\"}\n", problem);
	(void)weir_later_answer(answer, status, "application/json", body, (size_t)size);
}

static void send_error(weir_later *answer, int error)
{
	if (error == -ECANCELED)
		send_problem(answer, 409, "the server is stopping");
	else if (error == -EBUSY)
		send_problem(answer, 409, "another rehearsal runs");
	else
		send_problem(answer, 500, "the rehearsal failed");
}

static void rehearse(void *arg, weir_token *token, weir_later *answer)
{
	struct admin_rehearsal *own = arg;
	struct weir_rehearsal found;
	(void)token; /* a stop ends it by itself */
	int error = weir_server_rehearse(own->server, &own->options, &found);
	atomic_store_explicit(&own->taken, false, memory_order_release);
	if (error != 0)
		send_error(answer, error);
	else
		send_found(answer, &found);
}

static void ask(struct admin *admin, weir_server *server,
		const struct weir_rehearsal_options *options, weir_later *answer)
{
	struct admin_rehearsal *own = &admin->rehearsal;
	if (atomic_exchange_explicit(&own->taken, true, memory_order_acquire)) {
		send_error(answer, -EBUSY);
		return;
	}
	own->server = server;
	own->options = *options;
	int error = control_ask(admin->control, CONTROL_REHEARSE, rehearse, own, answer);
	if (error == 0)
		return;
	atomic_store_explicit(&own->taken, false, memory_order_release);
	send_error(answer, error);
}

static int handle(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	struct admin *admin = weir_request_context(request);
	struct weir_rehearsal_options options;
	const char *problem;
	int result;
	if (!guard_passes(request, response, &result))
		return result;
	if (read_options(request, &options, &problem) != 0)
		return weir_response_error(response, 400, problem);
	if (admin->control == NULL)
		return weir_response_error(response, 503, "nothing can be rehearsed here");
	weir_later *answer;
	int error = weir_response_later(response, &answer);
	if (error == 0)
		ask(admin, weir_request_server(request), &options, answer);
	return error;
}

int rehearse_route(weir_routes *routes, struct admin *admin)
{
	static const struct weir_route_options options = {
		.run = WEIR_RUN_INLINE,
		.scope = WEIR_SCOPE_ADMIN,
	};
	return weir_routes_add(routes, "POST /rehearse", handle, admin, &options);
}
