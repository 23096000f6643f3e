/* admin.c: what an operator asks of a running server. Inline, and on admin listeners only,
 * which stay open to the end of a stop. */
#include "guard.h"
#include "json_text.h"
#include "rehearse.h"
#include "reload.h"
#include "routes.h"
#include "stacks.h"
#include "upgrade.h"

#include <errno.h>
#include <stdlib.h>

#include <weir/later.h>

/* What the library says, and what the binary adds before the last `tail` bytes of it. */
static int answer(weir_request *request, weir_response *response, const char *type,
		  int (*make)(weir_server *, char **, size_t *), size_t tail,
		  void (*add)(struct reload_history *, struct json_text *))
{
	int result;
	if (!guard_passes(request, response, &result))
		return result;
	const struct admin *admin = weir_request_context(request);
	struct json_text whole = {0};
	char *text;
	size_t size;
	int error = weir_response_header(response, "Content-Type", type);
	if (error == 0)
		error = make(weir_request_server(request), &text, &size);
	if (error != 0)
		return error;
	json_text_raw(&whole, text, size - tail);
	add(admin->reloads, &whole);
	json_text_raw(&whole, text + size - tail, tail);
	free(text);
	if (!whole.failed)
		return weir_response_body_take(response, whole.data, whole.size, free);
	json_text_free(&whole);
	return -ENOMEM;
}

static int metrics(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return answer(request, response, "text/plain; version=0.0.4; charset=utf-8",
		      weir_server_metrics, 0, reload_metrics);
}

static int status(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return answer(request, response, "application/json", weir_server_status, sizeof "}\n" - 1,
		      reload_status);
}

static int shutdown_server(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	int result;
	if (!guard_passes(request, response, &result))
		return result;
	weir_server_stop(weir_request_server(request), "admin");
	static const char body[] = "{\"stopping\":true,\"report\":\"/shutdown/report\"}\n";
	int error = weir_response_status(response, 202);
	if (error == 0)
		error = weir_response_header(response, "Content-Type", "application/json");
	return error != 0 ? error : weir_response_body_static(response, body, sizeof body - 1);
}

/* The answer comes when the stop is over: it is the last one there is. */
static int report(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	int result;
	if (!guard_passes(request, response, &result))
		return result;
	return weir_response_drain_report(response);
}

static int list(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	int result;
	if (!guard_passes(request, response, &result))
		return result;
	return weir_response_printf(response,
				    "GET  /healthz   is the server alive?\n"
				    "GET  /readyz    should it be sent requests?\n"
				    "GET  /metrics   counts, for Prometheus\n"
				    "GET  /status    its state, as JSON\n"
				    "GET  /stacks    what its handlers do, and where\n"
				    "POST /shutdown  stop gracefully\n"
				    "GET  /shutdown/report  what that did, when it is over\n"
				    "POST /upgrade   have a new program take over\n"
				    "POST /reload    take a new configuration\n"
				    "POST /rehearse  try what a stop would do\n");
}

int admin_routes(weir_routes *routes, struct admin *admin)
{
	static const struct weir_route_options options = {
		.run = WEIR_RUN_INLINE,
		.scope = WEIR_SCOPE_ADMIN,
	};
	static const struct {
		const char *pattern;
		weir_handler handler;
	} rows[] = {
		{"GET /", list},
		{"GET /metrics", metrics},
		{"GET /status", status},
		{"POST /shutdown", shutdown_server},
		{"GET /shutdown/report", report},
	};
	int error = 0;
	for (size_t i = 0; error == 0 && i < sizeof rows / sizeof rows[0]; i++)
		error = weir_routes_add(routes, rows[i].pattern, rows[i].handler, admin, &options);
	if (error == 0)
		error = reload_route(routes, admin);
	if (error == 0)
		error = upgrade_route(routes, admin);
	if (error == 0)
		error = stacks_route(routes, admin);
	if (error == 0)
		error = rehearse_route(routes, admin);
	return error;
}
