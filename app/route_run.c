/* route_run.c: the kind "run" of a configuration. */
#include "route_set_private.h"

#include "handlers/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int check_directory(const char *path)
{
	struct stat file;
	if (stat(path, &file) != 0)
		return -errno;
	return S_ISDIR(file.st_mode) ? 0 : -ENOTDIR;
}

static int check(const struct config *config, unsigned i, const struct run *run,
		 char error[COMPLAIN_SIZE])
{
	char place[CONFIG_PLACE_SIZE];
	int problem = run->directory != NULL ? check_directory(run->directory) : 0;
	if (problem != 0) {
		(void)snprintf(place, sizeof place, "routes[%u].directory", i);
		(void)config_fail(config, error, place,
				  "%.120s: %s: expected a directory to run the command in",
				  run->directory, strerror(-problem));
		return problem;
	}
	problem = run_check(run);
	if (problem != 0) {
		(void)snprintf(place, sizeof place, "routes[%u].command", i);
		(void)config_fail(config, error, place,
				  "%.120s: %s: expected a program that can be executed",
				  run->command[0], strerror(-problem));
	}
	return problem;
}

static int open_run(struct route_set *set, unsigned i, void **out, char error[COMPLAIN_SIZE])
{
	const struct config_route *route = &set->config->routes[i];
	struct run *run = malloc(sizeof *run);
	if (run == NULL)
		return -ENOMEM;
	*run = (struct run){
		.command = (const char *const *)route->command,
		.count = route->command_count,
		.content_type = route->content_type,
		.directory = route->directory,
	};
	int problem = check(set->config, i, run, error);
	if (problem != 0) {
		free(run);
		return problem;
	}
	*out = run;
	return 0;
}

static int add_run(void *handler, const struct config_route *route, weir_routes *routes,
		   const struct weir_route_options *options)
{
	return run_route(routes, route->method != NULL ? route->method : "POST", route->path,
			 handler, options);
}

static void close_run(void *handler, bool server_gone)
{
	(void)server_gone;
	free(handler);
}

const struct route_kind route_kind_run = {.open = open_run, .add = add_run, .close = close_run};
