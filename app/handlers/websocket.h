/* websocket.h: WebSockets: an echo, or rooms in which all hear what one says.
 *
 *	GET   the opening handshake; then messages, text or binary, in both directions
 *
 * In a room each message goes to all others in it, not to who has sent it. There is a room for
 * each value of the path's parameters; it exists while somebody is in it.
 *
 * Only the hub's thread looks at the rooms, so they need no lock. An idle WebSocket holds no
 * worker.
 */
#ifndef WEIR_APP_WEBSOCKET_H
#define WEIR_APP_WEBSOCKET_H

#include <weir/routes.h>

enum websocket_mode { WEBSOCKET_ECHO, WEBSOCKET_ROOM };

struct websocket;

/** `parameter`: the name of the path parameter that names the room, NULL: there is one room;
 *  copied. `origins`: as in weir_ws_options. Returns 0 or a negative errno. */
int websocket_create(enum websocket_mode mode, const char *parameter, const char *const *origins,
		     struct websocket **out);

/** One more route for it. Returns `websocket`. */
struct websocket *websocket_share(struct websocket *websocket);
/** Closes all connections with 1001, if no other route has it: new ones are answered 503. */
void websocket_retire(struct websocket *websocket);
/** No request uses it; connections may still have to go. The last route ends it. */
void websocket_release(struct websocket *websocket);

/** Adds the route "GET PATH". `options` may be NULL. */
int websocket_route(weir_routes *routes, const char *path, struct websocket *websocket,
		    const struct weir_route_options *options);

/** The handler, with a struct websocket as its context. */
int websocket_get(weir_request *request, weir_response *response, weir_token *token);

#endif
