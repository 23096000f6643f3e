/* proxy.h: requests passed on to another HTTP server, bodies streamed both ways.
 *
 * What a gateway must do, RFC 9110: fields of one connection are not passed on (7.6.1), Via
 * says that we were here (7.6.3). X-Forwarded-For, -Host and -Proto tell the upstream who asked.
 * The upstream's answer is passed on as it is. No connection, or an answer that is none: 502; no
 * answer in time: 504. When the client goes, the call is ended, and the upstream sees its
 * client go.
 *
 * An answer can begin when the request's body has been read to its end. An upstream that
 * answers earlier is made to wait, unless it answers with an error: then the rest of the
 * body is dropped.
 *
 * Each request holds a worker while it lasts; a server that is its own upstream needs two.
 */
#ifndef WEIR_APP_PROXY_H
#define WEIR_APP_PROXY_H

#include <stdbool.h>

#include <weir/routes.h>

struct weir_curl;

/** Where to. Strings are borrowed for as long as the route lives. */
struct proxy {
	struct weir_curl *client;
	const char *upstream; /* "http://host:port/base", without a query */
	const char *path;     /* of the route; what its {rest...} stands for is appended */
	bool preserve_host;   /* pass on the client's Host, not the upstream's */
};

/** The handler, with a struct proxy as its context; its route has WEIR_BODY_STREAMED. */
int proxy_handle(weir_request *request, weir_response *response, weir_token *token);

/** Adds the route "METHOD PATH". `options` may be NULL. */
int proxy_route(weir_routes *routes, const char *method, const char *path, struct proxy *proxy,
		const struct weir_route_options *options);

#endif
