/* websocket.c: see websocket.h.
 *
 * References of a struct websocket: one of each route that has it, and one of each connection,
 * whose last callback may come after the routes are gone. `routes` counts the former; it changes
 * under a reload only, which is one thread's. */
#include "websocket.h"
#include "problem.h"
#include "utf8.h"

#include <errno.h>
#include <search.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/ws.h>

#define NAME_MAX_BYTES 64
#define ROOM_FIRST 8

struct room {
	const char *name; /* of its key; behind the struct */
	weir_ws **sockets;
	struct member **members; /* in the same order */
	size_t count, capacity;
};

/* A connection. */
struct member {
	struct websocket *websocket; /* a reference */
	struct room *room;           /* NULL: not in one */
	size_t place;                /* in it */
	char name[NAME_MAX_BYTES + 1];
};

struct websocket {
	/* Fixed. */
	enum websocket_mode mode;
	char *parameter;
	weir_ws_hub *hub;

	atomic_uint references; /* given back with acquire-release: the last one frees */
	atomic_uint routes;

	/* The hub's thread only. */
	void *rooms; /* a tree (tsearch) of struct room */
};

static void unref(struct websocket *websocket)
{
	if (atomic_fetch_sub_explicit(&websocket->references, 1, memory_order_acq_rel) != 1)
		return;
	free(websocket->parameter);
	free(websocket);
}

static int by_name(const void *one, const void *other)
{
	return strcmp(((const struct room *)one)->name, ((const struct room *)other)->name);
}

static struct room *make_room(const char *name)
{
	size_t size = strlen(name) + 1;
	struct room *room = calloc(1, sizeof *room + size);
	if (room != NULL)
		room->name = memcpy(room + 1, name, size);
	return room;
}

static void free_room(struct room *room)
{
	free(room->sockets);
	free(room->members);
	free(room);
}

/* The room of this name, made if there is none. NULL: no memory. */
static struct room *find_room(struct websocket *websocket, const char *name)
{
	const struct room key = {.name = name};
	struct room *const *found = tfind(&key, &websocket->rooms, by_name);
	if (found != NULL)
		return *found;
	struct room *room = make_room(name);
	if (room == NULL)
		return NULL;
	if (tsearch(room, &websocket->rooms, by_name) == NULL) {
		free_room(room);
		return NULL;
	}
	return room;
}

static void close_if_empty(struct websocket *websocket, struct room *room)
{
	if (room->count > 0)
		return;
	(void)tdelete(room, &websocket->rooms, by_name); /* it is in there */
	free_room(room);
}

static bool grow(struct room *room)
{
	if (room->count < room->capacity)
		return true;
	size_t capacity = room->capacity > 0 ? 2 * room->capacity : ROOM_FIRST;
	weir_ws **sockets = reallocarray(room->sockets, capacity, sizeof(weir_ws *));
	if (sockets == NULL)
		return false;
	room->sockets = sockets;
	struct member **members = reallocarray(room->members, capacity, sizeof(struct member *));
	if (members == NULL)
		return false;
	room->members = members;
	room->capacity = capacity;
	return true;
}

static void put(struct room *room, size_t place, weir_ws *ws, struct member *member)
{
	room->sockets[place] = ws;
	room->members[place] = member;
	member->place = place;
}

/* To a client that waits for an answer silence would be the worst one. */
static void close_without_memory(weir_ws *ws)
{
	(void)weir_ws_close(ws, WEIR_WS_INTERNAL_ERROR, "out of memory"); /* 1011 may be sent */
}

static void join(weir_ws *ws, void *arg)
{
	struct member *member = arg;
	struct websocket *websocket = member->websocket;
	if (websocket->mode != WEBSOCKET_ROOM)
		return;
	struct room *room = find_room(websocket, member->name);
	if (room != NULL && grow(room)) {
		member->room = room;
		put(room, room->count++, ws, member);
		return;
	}
	if (room != NULL)
		close_if_empty(websocket, room);
	close_without_memory(ws);
}

static void part(weir_ws *ws, void *arg, int code)
{
	(void)ws;
	(void)code;
	struct member *member = arg;
	struct room *room = member->room;
	if (room == NULL)
		return;
	room->count--;
	put(room, member->place, room->sockets[room->count], room->members[room->count]);
	member->room = NULL;
	close_if_empty(member->websocket, room);
}

/* Who cannot take it is closing, or is closed for it. */
static void say(weir_ws *ws, void *arg, enum weir_ws_kind kind, const void *data, size_t size)
{
	struct member *member = arg;
	if (member->websocket->mode == WEBSOCKET_ECHO) {
		if (weir_ws_send(ws, kind, data, size) == -ENOMEM)
			close_without_memory(ws);
		return;
	}
	struct room *room = member->room;
	if (room == NULL)
		return;
	/* The speaker goes to the end, and all before it hear it. */
	size_t place = member->place, last = room->count - 1;
	put(room, place, room->sockets[last], room->members[last]);
	put(room, last, ws, member);
	if (weir_ws_send_all(room->sockets, last, kind, data, size) != 0)
		close_without_memory(ws);
}

static void release_member(void *arg)
{
	struct member *member = arg;
	unref(member->websocket);
	free(member);
}

int websocket_create(enum websocket_mode mode, const char *parameter, const char *const *origins,
		     struct websocket **out)
{
	static const struct weir_ws_handlers handlers = {
		.on_open = join, .on_message = say, .on_close = part, .release = release_member};
	const struct weir_ws_options options = {.origins = origins};
	struct websocket *websocket = calloc(1, sizeof *websocket);
	int error = -ENOMEM;
	if (websocket == NULL)
		return error;
	websocket->mode = mode;
	atomic_init(&websocket->references, 1);
	atomic_init(&websocket->routes, 1);
	if (parameter != NULL) {
		websocket->parameter = strdup(parameter);
		if (websocket->parameter == NULL)
			goto free_websocket;
	}
	error = weir_ws_hub_create(&handlers, &options, &websocket->hub);
	if (error != 0)
		goto free_parameter;
	*out = websocket;
	return 0;

free_parameter:
	free(websocket->parameter);
free_websocket:
	free(websocket);
	return error;
}

struct websocket *websocket_share(struct websocket *websocket)
{
	(void)atomic_fetch_add(&websocket->routes, 1);
	return websocket;
}

void websocket_retire(struct websocket *websocket)
{
	if (atomic_load(&websocket->routes) == 1)
		weir_ws_hub_end(websocket->hub);
}

void websocket_release(struct websocket *websocket)
{
	if (websocket == NULL || atomic_fetch_sub(&websocket->routes, 1) != 1)
		return;
	weir_ws_hub_destroy(websocket->hub);
	unref(websocket);
}

int websocket_get(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	struct websocket *websocket = weir_request_context(request);
	const char *name = "";
	if (websocket->parameter != NULL)
		name = weir_request_param(request, websocket->parameter);
	size_t length = name != NULL ? strlen(name) : 0;
	if (name == NULL || length > NAME_MAX_BYTES || !utf8_valid(name, length))
		return problem(response, 404, "the name of a room is at most %d bytes of UTF-8",
			       NAME_MAX_BYTES);
	struct member *member = calloc(1, sizeof *member);
	if (member == NULL)
		return -ENOMEM;
	memcpy(member->name, name, length + 1);
	member->websocket = websocket;
	/* Relaxed: the route holds one. */
	(void)atomic_fetch_add_explicit(&websocket->references, 1, memory_order_relaxed);
	return weir_ws_accept(websocket->hub, request, response, member);
}

int websocket_route(weir_routes *routes, const char *path, struct websocket *websocket,
		    const struct weir_route_options *options)
{
	char *pattern;
	if (asprintf(&pattern, "GET %s", path) < 0)
		return -ENOMEM;
	int error = weir_routes_add(routes, pattern, websocket_get, websocket, options);
	free(pattern);
	return error;
}
