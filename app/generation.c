/* generation.c: see generation.h. */
#include "generation.h"
#include "config_apply.h"
#include "tls.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(char line[COMPLAIN_SIZE], int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int fail(char line[COMPLAIN_SIZE], int error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (vsnprintf(line, COMPLAIN_SIZE, format, arguments) < 0)
		line[0] = '\0';
	va_end(arguments);
	return error;
}

static int load_file(struct generation *generation, char line[COMPLAIN_SIZE])
{
	struct serve_config *config = &generation->config;
	if (config->file == NULL)
		return 0;
	int error = config_load(config->file, &generation->file, line);
	if (error != 0)
		return error;
	config_apply(generation->file, config);
	if (config->listen_count == 0)
		config->listen[config->listen_count++] = "127.0.0.1:8080";
	return 0;
}

static int open_root(struct generation *generation, char line[COMPLAIN_SIZE])
{
	const char *root = generation->config.root;
	if (root == NULL)
		return 0;
	int error = files_open(&generation->files, root);
	if (error == -ENOSYS)
		return fail(line, error,
			    "weir serve: this kernel has no openat2(2): Linux 5.6 or newer is "
			    "needed");
	if (error == -ENOENT)
		return fail(line, error,
			    "weir serve: --root: there is no directory %s: make it, or name "
			    "another with --root DIR",
			    root);
	if (error != 0)
		return fail(line, error,
			    "weir serve: --root: %s cannot be opened: %s: name another with "
			    "--root DIR",
			    root, strerror(-error));
	generation->root = true;
	return 0;
}

static int add_routes(struct generation *generation, struct admin *admin, char line[COMPLAIN_SIZE])
{
	weir_routes *routes = generation->routes;
	int error = generation->root ? files_routes(routes, &generation->files) : 0;
	if (error == 0)
		error = health_routes(routes);
	if (error == 0)
		error = admin_routes(routes, admin);
	if (error == 0 && generation->config.debug_routes)
		error = debug_routes(routes);
	if (error != 0)
		return fail(line, error, "weir serve: the routes cannot be set up: %s",
			    strerror(-error));
	return generation->set != NULL
		       ? route_set_add(generation->set, routes, generation->root, line)
		       : 0;
}

static int open_routes(struct generation *generation, struct admin *admin,
		       const struct generation *before, weir_token *token, char line[COMPLAIN_SIZE])
{
	int error = 0;
	if (generation->file != NULL)
		error = route_set_open(generation->file, ROUTE_SET_SERVE,
				       before != NULL ? before->set : NULL, token, &generation->set,
				       line);
	if (error != 0)
		return error;
	error = weir_routes_create(&generation->routes);
	if (error != 0)
		return fail(line, error, "weir serve: the routes cannot be set up: %s",
			    strerror(-error));
	return add_routes(generation, admin, line);
}

static int open_report(struct generation *generation, char line[COMPLAIN_SIZE])
{
	const char *path = generation->config.drain_report;
	if (path == NULL)
		return 0;
	int error = drain_report_open(&generation->report, path);
	generation->reports = error == 0;
	switch (error) {
	case 0:
		return 0;
	case -EISDIR:
		return fail(line, error,
			    "weir serve: --drain-report: %s is a directory: name a file in it",
			    path);
	case -EEXIST:
		return fail(line, error,
			    "weir serve: --drain-report: %s is not a regular file: name another",
			    path);
	case -EINVAL:
		return fail(line, error, "weir serve: --drain-report: %s does not name a file",
			    path);
	default:
		return fail(line, error,
			    "weir serve: --drain-report: %s cannot be written: %s: name another",
			    path, strerror(-error));
	}
}

int generation_read(const struct serve_config *given, struct generation **out,
		    char line[COMPLAIN_SIZE])
{
	struct generation *generation = calloc(1, sizeof *generation);
	if (generation == NULL)
		return fail(line, -ENOMEM, "weir serve: out of memory");
	generation->config = *given;
	int error = load_file(generation, line);
	if (error == 0)
		error = tls_load(&generation->config, "weir serve", &generation->tls, line);
	if (error != 0)
		generation_close(generation, false);
	else
		*out = generation;
	return error;
}

int generation_open(struct generation *generation, struct admin *admin,
		    const struct generation *before, weir_token *token, char line[COMPLAIN_SIZE])
{
	int error = open_root(generation, line);
	if (error == 0)
		error = open_routes(generation, admin, before, token, line);
	if (error == 0)
		error = open_report(generation, line);
	return error;
}

int generation_start(struct generation *generation, weir_server *server, char line[COMPLAIN_SIZE])
{
	return generation->set != NULL ? route_set_start(generation->set, server, line) : 0;
}

int generation_serve(struct generation *generation, weir_server *server, weir_routes **old)
{
	int error = weir_server_swap_routes(server, generation->routes, old);
	if (error != 0)
		return error;
	generation->routes = NULL;
	if (generation->set != NULL)
		route_set_serve(generation->set);
	return 0;
}

static void close_report(struct generation *generation)
{
	if (generation->reports)
		drain_report_close(&generation->report);
	generation->reports = false;
}

void generation_retire(struct generation *generation, weir_routes *routes)
{
	generation->routes = routes;
	route_set_retire(generation->set);
	close_report(generation);
}

void generation_close(struct generation *generation, bool server_gone)
{
	if (generation == NULL)
		return;
	close_report(generation);
	weir_routes_destroy(generation->routes);
	route_set_close(generation->set, server_gone);
	weir_tls_unref(generation->tls);
	if (generation->root)
		files_close(&generation->files);
	config_free(generation->file);
	free(generation);
}
