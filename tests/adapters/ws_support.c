/* adapters/ws_support.c: see ws_support.h. */
#include "adapters/ws_support.h"

#include <string.h>

#include "support/must.h"

static void on_open(weir_ws *ws, void *arg)
{
	struct ws_server *server = arg;

	atomic_store(&server->last, server->keep ? weir_ws_ref(ws) : ws);
	gate_announce(&server->opened);
}

static void on_message(weir_ws *ws, void *arg, enum weir_ws_kind kind, const void *data,
		       size_t size)
{
	struct ws_server *server = arg;

	if (!atomic_load(&server->mute))
		(void)weir_ws_send(ws, kind, data, size);
}

static void on_close(weir_ws *ws, void *arg, int code)
{
	struct ws_server *server = arg;

	(void)ws;
	atomic_store(&server->code, code);
	gate_announce(&server->closed);
}

static void release(void *arg)
{
	struct ws_server *server = arg;

	gate_announce(&server->released);
}

static int accept_ws(weir_request *request, weir_response *response, weir_token *token)
{
	struct ws_server *server = weir_request_context(request);

	(void)token;
	return weir_ws_accept(server->hub, request, response, server);
}

void ws_server_start_with(struct ws_server *server, const struct weir_ws_options *options,
			  const struct weir_server_options *server_options)
{
	static const struct weir_ws_handlers handlers = {on_open, on_message, on_close, release};
	int error;

	memset(server, 0, sizeof(*server));
	gate_init(&server->opened);
	gate_init(&server->closed);
	gate_init(&server->released);
	error = weir_ws_hub_create(&handlers, options, &server->hub);
	must(error == 0, "hub: %d", error);
	fixture_serve(&server->fixture, server_options, "GET /ws", accept_ws, server);
}

void ws_server_start(struct ws_server *server, const struct weir_ws_options *options)
{
	ws_server_start_with(server, options, NULL);
}

void ws_server_open(struct ws_server *server, struct ws_client *ws)
{
	ws_open(ws, server->fixture.url, "/ws");
	gate_await(&server->opened, 1);
}

int ws_server_await_close(struct ws_server *server)
{
	gate_await(&server->closed, 1);
	return atomic_load(&server->code);
}

void ws_server_destroy(struct ws_server *server)
{
	const unsigned opened = gate_arrivals(&server->opened);

	fixture_destroy(&server->fixture);
	weir_ws_hub_destroy(server->hub);
	must(gate_arrivals(&server->closed) == opened, "%u opened, %u closed", opened,
	     gate_arrivals(&server->closed));
	must(gate_arrivals(&server->released) >= opened, "%u opened, %u released", opened,
	     gate_arrivals(&server->released));
	gate_destroy(&server->opened);
	gate_destroy(&server->closed);
	gate_destroy(&server->released);
}

void ws_server_finish(struct ws_server *server)
{
	weir_server_stop(server->fixture.server, "test");
	(void)fixture_await(&server->fixture, WEIR_CLEAN);
	ws_server_destroy(server);
}
