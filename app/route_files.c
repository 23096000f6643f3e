/* route_files.c: the kind "files" of a configuration. */
#include "route_set_private.h"

#include "handlers/files.h"
#include "make_directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int open_files(struct route_set *set, unsigned i, void **out, char error[COMPLAIN_SIZE])
{
	const struct config_route *route = &set->config->routes[i];
	char place[CONFIG_PLACE_SIZE];
	(void)snprintf(place, sizeof place, "routes[%u].root", i);
	struct files *files = malloc(sizeof *files);
	if (files == NULL)
		return -ENOMEM;
	int problem = 0;
	if (route->create && set->mode == ROUTE_SET_SERVE)
		problem = make_directory(route->root);
	if (problem != 0) {
		free(files);
		(void)config_fail(set->config, error, place, "%.120s cannot be made: %s",
				  route->root, strerror(-problem));
		return problem;
	}
	problem = files_open(files, route->root);
	if (problem == 0) {
		*out = files;
		return 0;
	}
	free(files);
	if (problem == -ENOENT && route->create && set->mode == ROUTE_SET_CHECK)
		problem = make_directory_check(route->root);
	if (problem == 0) {
		*out = NULL;
		return 0;
	}
	(void)config_fail(set->config, error, place,
			  "%.120s cannot be opened: %s: expected a directory", route->root,
			  strerror(-problem));
	return problem;
}

static int add_files(void *handler, const struct config_route *route, weir_routes *routes,
		     const struct weir_route_options *options)
{
	static struct files nowhere = {.root = -1}; /* of a check: the server never starts */
	return files_routes_at(routes, handler != NULL ? handler : &nowhere, route->path,
			       (size_t)route_pattern_prefix(route->path), route->read_only,
			       options);
}

static void close_files(void *handler, bool server_gone)
{
	(void)server_gone;
	if (handler == NULL)
		return;
	files_close(handler);
	free(handler);
}

const struct route_kind route_kind_files = {
	.open = open_files, .add = add_files, .close = close_files};
