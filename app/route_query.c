/* route_query.c: the kind "query" of a configuration. A database is opened for the first route
 * that uses it, and closed with the last. */
#include "route_set_private.h"

#include "handlers/query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An entry of `databases` while it is open. */
struct shared {
	struct query_database *database;
	unsigned users;
};

/* A handler, and which database it uses. */
struct user {
	struct query *query;
	struct route_set *set;
	unsigned database; /* index */
};

static void release(struct route_set *set, unsigned i)
{
	struct shared *shared = set->databases[i];
	if (--shared->users > 0)
		return;
	query_database_close(shared->database);
	free(shared);
	set->databases[i] = NULL;
}

/* What a message may show: there may be a password in a URL. */
static const char *shown(const struct config_database *database)
{
	return strstr(database->url, "://") != NULL ? database->name : database->url;
}

static int open_database(const struct route_set *set, unsigned i, struct query_database **out,
			 char error[COMPLAIN_SIZE])
{
	const struct config_database *database = &set->config->databases[i];
	const struct query_database_options options = {
		.url = database->url,
		.connections = database->connections,
		.setup = (const char *const *)database->setup,
		.setup_count = database->setup_count,
		.create = database->create,
		.look_only = set->mode == ROUTE_SET_CHECK,
		.token = set->token,
	};
	char place[CONFIG_PLACE_SIZE], text[200] = "";
	int problem = query_database_open(&options, out, text, sizeof text);
	if (problem != 0) {
		(void)snprintf(place, sizeof place, "databases[%u].url", i);
		(void)config_fail(set->config, error, place,
				  "%.100s cannot be opened: %s: expected a file for SQLite, or "
				  "postgresql://...",
				  shown(database), text[0] != '\0' ? text : strerror(-problem));
	}
	return problem;
}

static int use_database(struct route_set *set, unsigned i, char error[COMPLAIN_SIZE])
{
	struct shared *shared = set->databases[i];
	if (shared == NULL) {
		shared = calloc(1, sizeof *shared);
		if (shared == NULL)
			return -ENOMEM;
		int problem = open_database(set, i, &shared->database, error);
		if (problem != 0) {
			free(shared);
			return problem;
		}
		set->databases[i] = shared;
	}
	shared->users++;
	return 0;
}

static int open_query(struct route_set *set, unsigned i, void **out, char error[COMPLAIN_SIZE])
{
	const struct config_statement *statement = set->config->routes[i].runs;
	struct user *route = malloc(sizeof *route);
	if (route == NULL)
		return -ENOMEM;
	route->set = set;
	route->database = (unsigned)(statement->in - set->config->databases);
	int problem = use_database(set, route->database, error);
	if (problem != 0)
		goto free_route;
	const struct shared *shared = set->databases[route->database];
	problem = query_create(shared->database, statement->sql, statement->parameters,
			       statement->parameters_count, &route->query);
	if (problem != 0)
		goto release_database;
	*out = route;
	return 0;

release_database:
	release(set, route->database);
free_route:
	free(route);
	return problem;
}

static int add_query(void *handler, const struct config_route *route, weir_routes *routes,
		     const struct weir_route_options *options)
{
	const struct user *mine = handler;
	return query_route(routes, route->method != NULL ? route->method : "GET", route->path,
			   mine->query, options);
}

static void close_query(void *handler, bool server_gone)
{
	(void)server_gone;
	struct user *route = handler;
	query_destroy(route->query);
	release(route->set, route->database);
	free(route);
}

const struct route_kind route_kind_query = {
	.open = open_query, .add = add_query, .close = close_query};
