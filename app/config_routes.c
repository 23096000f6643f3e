/* config_routes.c: routes: which keys each kind takes, and what they refer to. */
#include "config_private.h"

#include "byte_size.h"
#include "handlers/route_pattern.h"
#include "handlers/run_words.h"
#include "serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EVERY_MIN (10 * WEIR_MILLISECOND)
#define BODY_LIMIT_MAX ((uint64_t)1 << 40)

#define BIT(kind) (1u << (kind))
#define ALL_KINDS (BIT(CONFIG_KIND_COUNT) - 1)

/* A key of a route: whether it is there, which kinds take it, and which must have it. */
struct key {
	const char *name;
	bool there;
	unsigned taken, needed;
};

#define KEYS_MAX 20

static size_t keys_of(const struct config_route *route, struct key keys[KEYS_MAX])
{
	const unsigned files = BIT(CONFIG_FILES), events = BIT(CONFIG_EVENTS),
		       run = BIT(CONFIG_RUN), query = BIT(CONFIG_QUERY), proxy = BIT(CONFIG_PROXY),
		       websocket = BIT(CONFIG_WEBSOCKET);
	const struct key all[] = {
		{"method", route->method != NULL, run | query | proxy, 0},
		{"deadline", route->deadline_text != NULL, ALL_KINDS & ~(events | websocket), 0},
		{"body_limit", route->body_limit_text != NULL, ALL_KINDS & ~websocket, 0},
		{"cancel_at", route->cancel_at != CONFIG_CANCEL_UNSET,
		 ALL_KINDS & ~(events | websocket), 0},
		{"priority", route->priority != CONFIG_PRIORITY_UNSET, ALL_KINDS, 0},
		{"queue", route->queue_text != NULL, ALL_KINDS, 0},
		{"queue_age", route->queue_age_text != NULL, ALL_KINDS, 0},
		{"root", route->root != NULL, files, files},
		{"create", route->create, files, 0},
		{"read_only", route->read_only, files, 0},
		{"every", route->every_text != NULL, events, 0},
		{"retry", route->retry_text != NULL, events, 0},
		{"command", route->command != NULL, run, run},
		{"content_type", route->content_type != NULL, run, 0},
		{"directory", route->directory != NULL, run, 0},
		{"statement", route->statement != NULL, query, query},
		{"upstream", route->upstream != NULL, proxy, proxy},
		{"preserve_host", route->preserve_host, proxy, 0},
		{"mode", route->mode != CONFIG_WS_UNSET, websocket, websocket},
		{"origins", route->origins != NULL, websocket, 0},
	};
	_Static_assert(sizeof all / sizeof all[0] <= KEYS_MAX, "room for all keys");
	memcpy(keys, all, sizeof all);
	return sizeof all / sizeof all[0];
}

static void list_taken(const struct key *keys, size_t count, enum config_kind kind, char out[256])
{
	size_t used = (size_t)snprintf(out, 256, "path, kind");
	for (size_t i = 0; i < count; i++) {
		if ((keys[i].taken & BIT(kind)) == 0)
			continue;
		int length = snprintf(out + used, 256 - used, ", %s", keys[i].name);
		if (length < 0 || (size_t)length >= 256 - used)
			return;
		used += (size_t)length;
	}
}

static int check_keys(const struct config *config, unsigned i, char error[COMPLAIN_SIZE])
{
	const struct config_route *route = &config->routes[i];
	struct key keys[KEYS_MAX];
	size_t count = keys_of(route, keys);
	const char *kind = config_kind_name(route->kind);
	char place[CONFIG_PLACE_SIZE], taken[256];
	for (size_t k = 0; k < count; k++) {
		config_place(place, "routes[%u].%s", i, keys[k].name);
		if (keys[k].there && (keys[k].taken & BIT(route->kind)) == 0) {
			list_taken(keys, count, route->kind, taken);
			return config_fail(config, error, place,
					   "not a key of the kind \"%s\": expected one of %s", kind,
					   taken);
		}
		config_place(place, "routes[%u]", i);
		if (!keys[k].there && (keys[k].needed & BIT(route->kind)) != 0)
			return config_fail(config, error, place,
					   "the key \"%s\" is missing: expected it for the kind "
					   "\"%s\"",
					   keys[k].name, kind);
	}
	return 0;
}

static int check_path(const struct config *config, unsigned i, char error[COMPLAIN_SIZE])
{
	const struct config_route *route = &config->routes[i];
	char place[CONFIG_PLACE_SIZE];
	config_place(place, "routes[%u].path", i);
	if (route->path[0] != '/' || strpbrk(route->path, " \t\r\n?#") != NULL)
		return config_fail(config, error, place,
				   "\"%.80s\" is not a path: expected one like /notes/{id} or "
				   "/files/{path...}",
				   route->path);
	if (route->kind == CONFIG_FILES && route_pattern_prefix(route->path) < 0)
		return config_fail(config, error, place,
				   "\"%.80s\": expected a path that ends in /{path...} and has no "
				   "other parameter, for the kind \"files\"",
				   route->path);
	config_place(place, "routes[%u].method", i);
	if (route->method != NULL && strcmp(route->method, "*") != 0 &&
	    route->method[strspn(route->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-")] != '\0')
		return config_fail(config, error, place,
				   "\"%.40s\" is not a method: expected one like GET, or \"*\" for "
				   "any",
				   route->method);
	return 0;
}

static int read_body_limit(const struct config *config, struct config_route *route, unsigned i,
			   char error[COMPLAIN_SIZE])
{
	if (route->body_limit_text == NULL)
		return 0;
	/* These collect the body in memory first. */
	bool buffered = route->kind == CONFIG_EVENTS || route->kind == CONFIG_RUN ||
			route->kind == CONFIG_QUERY;
	uint64_t maximum = buffered ? (uint64_t)1 << 30 : BODY_LIMIT_MAX;
	char place[CONFIG_PLACE_SIZE];
	config_place(place, "routes[%u].body_limit", i);
	if (byte_size_parse(route->body_limit_text, &route->body_limit) != 0 ||
	    route->body_limit == 0 || route->body_limit > maximum)
		return config_fail(config, error, place,
				   "\"%.40s\": expected a size from 1 to %s, like 64KiB or 1MiB",
				   route->body_limit_text, buffered ? "1GiB" : "1024GiB");
	return 0;
}

static int read_durations(const struct config *config, struct config_route *route, unsigned i,
			  char error[COMPLAIN_SIZE])
{
	char place[CONFIG_PLACE_SIZE];
	config_place(place, "routes[%u].deadline", i);
	int problem = config_duration(config, error, place, route->deadline_text, WEIR_MILLISECOND,
				      &route->deadline);
	if (problem != 0)
		return problem;
	config_place(place, "routes[%u].queue_age", i);
	problem = config_duration(config, error, place, route->queue_age_text, WEIR_MILLISECOND,
				  &route->queue_age);
	if (problem != 0)
		return problem;
	config_place(place, "routes[%u].every", i);
	problem =
		config_duration(config, error, place, route->every_text, EVERY_MIN, &route->every);
	if (problem != 0)
		return problem;
	config_place(place, "routes[%u].retry", i);
	return config_duration(config, error, place, route->retry_text, WEIR_MILLISECOND,
			       &route->retry);
}

static int read_queue(const struct config *config, struct config_route *route, unsigned i,
		      char error[COMPLAIN_SIZE])
{
	char place[CONFIG_PLACE_SIZE];
	config_place(place, "routes[%u].queue", i);
	return config_number(config, error, place, route->queue_text, SERVE_QUEUE_MAX,
			     &route->queue);
}

static int check_command(const struct config *config, unsigned i, char error[COMPLAIN_SIZE])
{
	const struct config_route *route = &config->routes[i];
	char place[CONFIG_PLACE_SIZE], name[RUN_NAME_SIZE];
	for (unsigned j = 0; j < route->command_count; j++) {
		config_place(place, "routes[%u].command[%u]", i, j);
		if (j == 0 && (*route->command[0] == '\0' || strchr(route->command[0], '{')))
			return config_fail(config, error, place,
					   "\"%.60s\": expected the program, which is not for the "
					   "request to choose",
					   route->command[0]);
		switch (run_word_check(route->command[j], route->path, name)) {
		case 0:
			break;
		case -ENOENT:
			return config_fail(config, error, place,
					   "{%s} is not a parameter of the path: expected one that "
					   "is, or {?%s} for the query's",
					   name, name);
		default:
			return config_fail(config, error, place,
					   "\"%.60s\": expected {name}, {?name}, or {{ for a brace",
					   route->command[j]);
		}
	}
	return 0;
}

static int find_statement(const struct config *config, struct config_route *route, unsigned i,
			  char error[COMPLAIN_SIZE])
{
	char place[CONFIG_PLACE_SIZE];
	config_place(place, "routes[%u].statement", i);
	for (unsigned j = 0; j < config->statements_count; j++) {
		if (strcmp(config->statements[j].name, route->statement) == 0)
			route->runs = &config->statements[j];
	}
	if (route->runs == NULL)
		return config_fail(
			config, error, place,
			"\"%.60s\" is not known: expected the name of one of the statements",
			route->statement);
	for (unsigned j = 0; j < route->runs->parameters_count; j++) {
		const struct query_parameter *parameter = &route->runs->parameters[j];
		if (parameter->in == QUERY_FROM_PATH &&
		    !route_pattern_has(route->path, parameter->name, strlen(parameter->name)))
			return config_fail(config, error, place,
					   "\"%.60s\" takes \"%.60s\" from the path: expected "
					   "{%.60s} in the route's path",
					   route->statement, parameter->name, parameter->name);
	}
	return 0;
}

static int check_upstream(const struct config *config, unsigned i, char error[COMPLAIN_SIZE])
{
	const struct config_route *route = &config->routes[i];
	char place[CONFIG_PLACE_SIZE];
	config_place(place, "routes[%u].upstream", i);
	const char *host = NULL;
	if (strncmp(route->upstream, "http://", 7) == 0)
		host = route->upstream + 7;
	else if (strncmp(route->upstream, "https://", 8) == 0)
		host = route->upstream + 8;
	/* What stands before the @ may be a password, so it is not quoted. */
	if (strchr(route->upstream, '@') != NULL)
		return config_fail(config, error, place,
				   "a URL with a name or a password in it: expected one like "
				   "http://HOST:PORT/base, without them");
	if (host == NULL || strcspn(host, "/") == 0 || strpbrk(host, " ?#") != NULL)
		return config_fail(config, error, place,
				   "\"%.80s\": expected a URL like http://HOST:PORT/base, without "
				   "a query",
				   route->upstream);
	return 0;
}

int config_read_routes(struct config *config, char error[COMPLAIN_SIZE])
{
	int problem = 0;
	for (unsigned i = 0; problem == 0 && i < config->routes_count; i++) {
		struct config_route *route = &config->routes[i];
		problem = check_keys(config, i, error);
		if (problem == 0)
			problem = check_path(config, i, error);
		if (problem == 0)
			problem = read_body_limit(config, route, i, error);
		if (problem == 0)
			problem = read_queue(config, route, i, error);
		if (problem == 0)
			problem = read_durations(config, route, i, error);
		if (problem == 0 && route->kind == CONFIG_RUN)
			problem = check_command(config, i, error);
		if (problem == 0 && route->kind == CONFIG_QUERY)
			problem = find_statement(config, route, i, error);
		if (problem == 0 && route->kind == CONFIG_PROXY)
			problem = check_upstream(config, i, error);
	}
	return problem;
}
