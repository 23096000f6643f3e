/* weir_upgraded.c: hello through queue and worker at "/", and connections that leave HTTP and then
 * have nothing to say at "/idle": they are closed when a stop begins.
 *
 * Serves until SIGTERM, and ends with the exit code of a Weir server.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/weir.h>

struct idle {
	weir_upgraded *connection;
	weir_token_callback stop;
};

static void stopped(void *arg)
{
	struct idle *idle = arg;

	weir_token_callback_detach(&idle->stop);
	weir_upgraded_close(idle->connection);
	free(idle);
}

static void keep(weir_upgraded *connection, void *arg)
{
	struct idle *idle = arg;

	idle->connection = connection;
	weir_token_callback_add(weir_upgraded_token(connection), &idle->stop, stopped, idle);
}

static int upgrade(weir_request *request, weir_response *response, weir_token *token)
{
	struct idle *idle = calloc(1, sizeof(*idle));
	const struct weir_upgrade_options options = {
		.protocol = "idle", .run = keep, .drop = free, .arg = idle};
	int result;

	(void)request;
	(void)token;
	if (!idle)
		return -ENOMEM;
	result = weir_response_upgrade(response, &options);
	if (result != 0)
		free(idle);
	return result;
}

static int hello(weir_request *request, weir_response *response, weir_token *token)
{
	static const char text[] = "Hello, world\n";
	int result = weir_response_header(response, "Content-Type", "text/plain");

	(void)request;
	(void)token;
	return result != 0 ? result : weir_response_body_static(response, text, sizeof(text) - 1);
}

int main(void)
{
	static int errors = 2;
	const struct weir_server_options options = {.listen = "127.0.0.1:0",
						    .workers = 64,
						    .queue = 8192,
						    .log = weir_log_text,
						    .log_arg = &errors};
	weir_server *server;
	int result = weir_server_create(&options, &server);

	if (result != 0)
		goto complain;
	result = weir_server_route(server, "GET /", hello, NULL, NULL);
	if (result == 0)
		result = weir_server_route(server, "GET /idle", upgrade, NULL, NULL);
	if (result != 0)
		goto destroy;
	if (printf("listening url=%s\n", weir_server_url(server, 0)) < 0 || fflush(stdout) != 0) {
		result = -EIO;
		goto destroy;
	}
	result = weir_server_run(server, NULL);
destroy:
	weir_server_destroy(server);
complain:
	if (result < 0)
		(void)fprintf(stderr, "weir_upgraded: %s\n", strerror(-result));
	return result < 0 ? 1 : result;
}
