/* check.c: `weir check`: everything that `weir serve --config` does before it listens, except
 * what would change something. The routes are added to a table that no server ever has, which
 * has the last word on their patterns. */
#include "complain.h"
#include "config.h"
#include "config_apply.h"
#include "handlers/routes.h"
#include "route_set.h"
#include "serve.h"
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The routes that every server has come first: one that the file has too is found out. */
static int add_routes(struct route_set *set, char line[COMPLAIN_SIZE])
{
	static struct admin admin; /* of nothing: nobody will ask */
	weir_routes *routes;
	int error = weir_routes_create(&routes);
	if (error == 0) {
		error = health_routes(routes);
		if (error == 0)
			error = admin_routes(routes, &admin);
		if (error != 0)
			weir_routes_destroy(routes);
	}
	if (error != 0) {
		(void)snprintf(line, COMPLAIN_SIZE, "weir check: the routes cannot be set up: %s",
			       strerror(-error));
		return error;
	}
	error = route_set_add(set, routes, false, line);
	weir_routes_destroy(routes);
	return error;
}

static int check_routes(const struct config *config, char line[COMPLAIN_SIZE])
{
	struct route_set *set;
	int error = route_set_open(config, ROUTE_SET_CHECK, NULL, NULL, &set, line);
	if (error != 0)
		return error;
	error = add_routes(set, line);
	route_set_close(set, false);
	return error;
}

static int check_tls(const struct config *config, char line[COMPLAIN_SIZE])
{
	struct serve_config serve = {0};
	weir_tls *tls;
	config_apply(config, &serve);
	int error = tls_load(&serve, "weir check", &tls, line);
	weir_tls_unref(tls);
	return error;
}

int check(const char *file)
{
	char line[COMPLAIN_SIZE];
	struct config *config;
	int error = config_load(file, &config, line);
	if (error != 0)
		goto say;
	error = check_tls(config, line);
	if (error == 0)
		error = check_routes(config, line);
	if (error == 0)
		(void)printf("%s: ok: %u listener%s, %u route%s\n", file, config->listeners_count,
			     config->listeners_count == 1 ? "" : "s", config->routes_count,
			     config->routes_count == 1 ? "" : "s");
	config_free(config);
	if (error != 0)
		goto say;
	return EXIT_SUCCESS;

say:
	complain("%s", line);
	return EXIT_START;
}
