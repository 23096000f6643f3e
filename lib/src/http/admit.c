/* admit.c: what a request's header says is wanted, and whether it can be had. */
#include "http/exchange.h"

#include <string.h>

#include "http/check.h"
#include "http/client_limits.h"
#include "http/deadline_field.h"
#include "http/target.h"

static const char *decode(weir_request *request, const char *data, size_t size)
{
	char *out = weir__arena_alloc(&request->arena, size + 1);

	return out && weir__percent_decode(out, data, size, false) >= 0 ? out : NULL;
}

/* Finds the route; decodes the path, its parameters, and those of the query. 0, or the status of an
 * answer without a handler: a refusal, or what the server as a whole can do (OPTIONS *; RFC
 * 9110, 9.3.7). */
static int route(weir_request *request, const char **reason)
{
	const struct weir__router *router = &request->acceptor->routes->router;
	struct weir__target target;
	struct weir__match match;
	char allow[128];
	size_t i;

	if (strcmp(request->method, "OPTIONS") == 0 && strcmp(request->target, "*") == 0) {
		weir__router_allow_all(router, request->scope, allow, sizeof(allow));
		*reason = NULL;
		return weir_response_header(&request->response, "Allow", allow) ? 503 : 200;
	}
	*reason = "the target is not valid";
	if (weir__target_split(request->target, &target))
		return 400;
	weir__router_match(router, request->method, target.path, target.path_size, request->scope,
			   &match);
	if (!match.route && match.path_known) {
		weir__router_allow(router, target.path, target.path_size, request->scope, allow,
				   sizeof(allow));
		(void)weir_response_header(&request->response, "Allow", allow);
		*reason = "this path does not know the method";
		return 405;
	}
	*reason = "nothing is here";
	if (!match.route)
		return 404;
	*reason = "out of memory";
	request->path = decode(request, target.path, target.path_size);
	for (i = 0; i < match.count; i++) {
		request->params[i] =
			decode(request, match.captures[i].data, match.captures[i].size);
		if (!request->params[i])
			return 503;
	}
	if (!request->path || weir__query_decode(&request->query, target.query, &request->arena))
		return 503;
	request->route = match.route;
	return 0;
}

static int check_limits(const weir_request *request, const char **reason)
{
	uint64_t limit = request->route->options.body_limit;

	*reason = "the body is too large";
	if (limit && request->framing.length > limit)
		return 413;
	return 0;
}

/* The stop has come so far that this request would not be served. */
static bool is_too_late(const weir_request *request)
{
	const struct weir__acceptor *acceptor = request->acceptor;

	if (acceptor->draining && request->route->options.cancel_at == WEIR_CANCEL_AT_DRAIN)
		return true;
	if (request->scope == WEIR_SCOPE_PUBLIC)
		return acceptor->cancelling;
	return acceptor->refusing && request->route->options.run == WEIR_RUN_QUEUED;
}

/* The earlier one of the route's deadline and the client's. 0, or the status of a refusal. */
static int set_deadline(weir_request *request, const char **reason)
{
	const char *name = request->acceptor->options.deadline_header;
	weir_time duration = request->route->options.deadline, asked = WEIR_NEVER;

	if (duration == 0)
		duration = WEIR_NEVER;
	*reason = "the deadline asked for is not a duration";
	if (name && weir__deadline_field(request->fields, request->field_count, name, &asked) != 0)
		return 400;
	if (asked < duration)
		duration = asked;
	*reason = "out of memory";
	if (duration != WEIR_NEVER && weir__request_set_deadline(request, duration))
		return 503;
	return 0;
}

/* Likewise. */
static int find(weir_request *request, const char **reason)
{
	int status = route(request, reason);

	return status ? status : check_limits(request, reason);
}

int weir__request_describe(weir_request *request, const char **reason)
{
	int status = weir__check_header(request->method, request->http_1_0, request->fields,
					request->field_count, &request->framing, reason);

	return status ? status : find(request, reason);
}

int weir__request_admit(weir_request *request, const char **reason)
{
	int status = find(request, reason);

	if (request->route) {
		request->routes = request->acceptor->routes;
		weir__routes_take(request->routes);
	}
	if (status)
		return status;
	*reason = "the server is stopping";
	if (is_too_late(request))
		return 503;
	status = weir__limits_request(request, reason);
	return status ? status : set_deadline(request, reason);
}
