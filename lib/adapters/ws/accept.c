/* accept.c: the opening handshake (RFC 6455, 4.2), and the way into the hub.
 *
 * A connection is counted from here on; its references are the one that the upgrade carries to
 * run() or drop(), which becomes that of the list of arrivals, and those that the hub's thread
 * makes. The last reference gives `arg` back.
 */
#include "hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <nettle/base64.h>
#include <nettle/sha1.h>

enum { KEY_BYTES = 16, KEY_LENGTH = BASE64_ENCODE_RAW_LENGTH(KEY_BYTES) };
enum { ACCEPT_LENGTH = BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE) };

/* True if the comma-separated list has `word`, in any case (RFC 9110, 5.6.1). */
static bool list_has(const char *list, const char *word)
{
	const size_t size = strlen(word);

	while (list && *list) {
		list += strspn(list, " \t,");
		const size_t length = strcspn(list, " \t,");
		if (length == size && strncasecmp(list, word, size) == 0)
			return true;
		list += length;
	}
	return false;
}

static bool key_is_valid(const char *key)
{
	struct base64_decode_ctx decoder;
	uint8_t bytes[BASE64_DECODE_LENGTH(KEY_LENGTH)];
	size_t size = sizeof(bytes);

	if (!key || strlen(key) != KEY_LENGTH)
		return false;
	base64_decode_init(&decoder);
	return base64_decode_update(&decoder, &size, bytes, KEY_LENGTH, key) &&
	       base64_decode_final(&decoder) && size == KEY_BYTES;
}

static void make_accept(const char *key, char out[ACCEPT_LENGTH + 1])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 1.3 */
	struct sha1_ctx hash;
	uint8_t digest[SHA1_DIGEST_SIZE];

	sha1_init(&hash);
	sha1_update(&hash, KEY_LENGTH, (const uint8_t *)key);
	sha1_update(&hash, sizeof(guid) - 1, (const uint8_t *)guid);
	sha1_digest(&hash, sizeof(digest), digest);
	base64_encode_raw(out, sizeof(digest), digest);
	out[ACCEPT_LENGTH] = '\0';
}

/* RFC 6455, 10.2: what keeps foreign pages from speaking in their visitors' name. */
static bool origin_is_allowed(const weir_ws_hub *hub, const weir_request *request)
{
	const char *origin = weir_request_header(request, "Origin");
	const char *host = weir_request_header(request, "Host");
	const char *authority;

	if (!origin)
		return true;
	for (size_t i = 0; hub->origins && hub->origins[i]; i++) {
		if (strcmp(hub->origins[i], "*") == 0 || strcasecmp(hub->origins[i], origin) == 0)
			return true;
	}
	authority = strstr(origin, "://");
	return !hub->origins && authority && host && strcasecmp(authority + 3, host) == 0;
}

static int refuse_version(weir_response *response)
{
	int error = weir_response_header(response, "Sec-WebSocket-Version", "13");

	return error ? error
		     : weir_response_error(response, 426, "only version 13 of WebSocket is spoken");
}

static int refuse_stopping(weir_response *response, const char *why)
{
	int error = weir_response_header(response, "Retry-After", "1");

	return error ? error : weir_response_error(response, 503, why);
}

/* Returns 0 if it is a handshake to be answered 101, 1 if there is another answer, or an error. */
static int check(const weir_ws_hub *hub, const weir_request *request, weir_response *response)
{
	const char *version = weir_request_header(request, "Sec-WebSocket-Version");
	int error;

	if (strcmp(weir_request_method(request), "GET") != 0 ||
	    !list_has(weir_request_header(request, "Upgrade"), "websocket") ||
	    !list_has(weir_request_header(request, "Connection"), "upgrade"))
		error = weir_response_error(response, 400, "this is a WebSocket");
	else if (!version || strcmp(version, "13") != 0)
		error = refuse_version(response);
	else if (!key_is_valid(weir_request_header(request, "Sec-WebSocket-Key")))
		error = weir_response_error(response, 400,
					    "Sec-WebSocket-Key must be 16 bytes in base64");
	else if (!origin_is_allowed(hub, request))
		error = weir_response_error(response, 403, "pages of this origin may not");
	else
		return 0;
	return error ? error : 1;
}

/* Counts a connection, and starts the task if it is the first. 0, -ENOSPC, or what
 * weir_task_start() said. */
static int enter(weir_ws_hub *hub, weir_server *server)
{
	int error = 0;

	weir__ws_lock(hub);
	if (hub->ended || hub->given_up)
		error = -ECANCELED;
	else if (hub->count >= hub->options.max_connections)
		error = -ENOSPC;
	else if (!hub->server) {
		(void)atomic_fetch_add_explicit(&hub->references, 1, memory_order_relaxed);
		error = weir_task_start(server, "websocket", weir__ws_loop, hub);
		if (error) /* the owner has another */
			(void)atomic_fetch_sub_explicit(&hub->references, 1, memory_order_relaxed);
		else
			hub->server = server;
	}
	if (!error)
		hub->count++;
	weir__ws_unlock(hub);
	return error;
}

static void drop(void *arg)
{
	weir_ws *ws = arg;

	weir__ws_lock(ws->hub);
	ws->hub->count--;
	weir__ws_unlock_and_wake(ws->hub);
	weir_ws_unref(ws);
}

static void run(weir_upgraded *connection, void *arg)
{
	weir_ws *ws = arg;
	weir_ws_hub *hub = ws->hub;
	bool ended;

	ws->connection = connection;
	weir__ws_lock(hub);
	ended = hub->ended;
	if (!ended)
		STAILQ_INSERT_TAIL(&hub->arrivals, ws, in_arrivals);
	weir__ws_unlock_and_wake(hub);
	if (!ended)
		return;
	weir_upgraded_close(connection);
	drop(ws);
}

static int make(weir_ws_hub *hub, void *arg, weir_ws **out)
{
	weir_ws *ws = calloc(1, sizeof(*ws));

	if (!ws)
		return -ENOMEM;
	ws->hub = hub;
	ws->arg = arg;
	ws->fd = -1;
	ws->timer = WS_TIMER_NONE;
	atomic_init(&ws->references, 1);
	STAILQ_INIT(&ws->queue);
	int error = weir__ws_frames_create(ws);
	if (error) {
		free(ws);
		return error;
	}
	/* Relaxed: the owner holds one. */
	(void)atomic_fetch_add_explicit(&hub->references, 1, memory_order_relaxed);
	*out = ws;
	return 0;
}

static int upgrade(weir_ws *ws, const weir_request *request, weir_response *response)
{
	const struct weir_upgrade_options options = {
		.protocol = "websocket", .run = run, .drop = drop, .arg = ws};
	char accept[ACCEPT_LENGTH + 1];
	int error;

	make_accept(weir_request_header(request, "Sec-WebSocket-Key"), accept);
	error = weir_response_header(response, "Sec-WebSocket-Accept", accept);
	return error ? error : weir_response_upgrade(response, &options);
}

static void release(const weir_ws_hub *hub, void *arg)
{
	if (hub->handlers.release)
		hub->handlers.release(arg);
}

int weir_ws_accept(weir_ws_hub *hub, weir_request *request, weir_response *response, void *arg)
{
	weir_ws *ws;
	int error = check(hub, request, response);

	if (error) {
		release(hub, arg);
		return error < 0 ? error : 0;
	}
	error = make(hub, arg, &ws);
	if (error) {
		release(hub, arg);
		return error;
	}
	error = enter(hub, weir_request_server(request));
	if (error) {
		weir_ws_unref(ws);
		goto refuse;
	}
	error = upgrade(ws, request, response);
	if (!error)
		return 0;
	drop(ws);
	if (error == -EPROTO)
		return weir_response_error(response, 400, "this is a WebSocket");

refuse:
	if (error == -ECANCELED)
		return refuse_stopping(response, "the server is stopping");
	if (error == -ENOSPC)
		return refuse_stopping(response, "too many WebSockets are open");
	return error;
}
