/* admin.c: what an operator asks of a running server. Inline, and on admin listeners only,
 * which stay open to the end of a stop. */
#include "routes.h"

#include <stdlib.h>

static int answer(weir_response *response, const char *type,
		  int (*make)(weir_server *, char **, size_t *), weir_server *server)
{
	char *text;
	size_t size;
	int error = weir_response_header(response, "Content-Type", type);
	if (error == 0)
		error = make(server, &text, &size);
	return error != 0 ? error : weir_response_body_take(response, text, size, free);
}

static int metrics(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return answer(response, "text/plain; version=0.0.4; charset=utf-8", weir_server_metrics,
		      weir_request_server(request));
}

static int status(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return answer(response, "application/json", weir_server_status,
		      weir_request_server(request));
}

/* A web page in some browser on this machine can make it send a POST here; it cannot keep it
 * from saying so in Origin. */
static int shutdown_server(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	if (weir_request_header(request, "Origin") != NULL)
		return weir_response_error(response, 403, "not for web pages");
	weir_server_stop(weir_request_server(request), "admin");
	static const char body[] = "{\"stopping\":true}\n";
	int error = weir_response_status(response, 202);
	if (error == 0)
		error = weir_response_header(response, "Content-Type", "application/json");
	return error != 0 ? error : weir_response_body_static(response, body, sizeof body - 1);
}

static int list(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request, (void)token;
	return weir_response_printf(response, "GET  /healthz   is the server alive?\n"
					      "GET  /readyz    should it be sent requests?\n"
					      "GET  /metrics   counts, for Prometheus\n"
					      "GET  /status    its state, as JSON\n"
					      "POST /shutdown  stop gracefully\n");
}

int admin_routes(weir_server *server)
{
	static const struct weir_route_options options = {
		.run = WEIR_RUN_INLINE,
		.scope = WEIR_SCOPE_ADMIN,
	};
	static const struct {
		const char *pattern;
		weir_handler handler;
	} routes[] = {
		{"GET /", list},
		{"GET /metrics", metrics},
		{"GET /status", status},
		{"POST /shutdown", shutdown_server},
	};
	int error = 0;
	for (size_t i = 0; error == 0 && i < sizeof routes / sizeof routes[0]; i++)
		error = weir_server_route(server, routes[i].pattern, routes[i].handler, NULL,
					  &options);
	return error;
}
