/* adapters/ws_support.h: a server with one hub at /ws, which echoes and takes notes. */
#ifndef WEIR_TESTS_WS_SUPPORT_H
#define WEIR_TESTS_WS_SUPPORT_H

#include <stdatomic.h>

#include <weir/ws.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/ws_client.h"

struct ws_server {
	struct fixture fixture;
	weir_ws_hub *hub;
	struct gate opened, closed, released; /* announced in the callbacks */
	atomic_int code;                      /* of the last on_close */
	atomic_bool mute;                     /* no echo */
	_Atomic(weir_ws *) last;              /* opened last; with a reference if `keep` */
	bool keep;
};

/** `options` as for the hub. */
void ws_server_start(struct ws_server *server, const struct weir_ws_options *options);
/** The same, with options for the server. */
void ws_server_start_with(struct ws_server *server, const struct weir_ws_options *options,
			  const struct weir_server_options *server_options);
/** Opens a client, and waits until the hub has it. */
void ws_server_open(struct ws_server *server, struct ws_client *ws);
/** The code with which the next connection ends. */
int ws_server_await_close(struct ws_server *server);
/** Stops, expects a clean end and that each opened connection was closed and released. */
void ws_server_finish(struct ws_server *server);
/** After fixture_await(): the same without the stop. */
void ws_server_destroy(struct ws_server *server);

#endif
