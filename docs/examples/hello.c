/* hello.c: the smallest server: one route, and a clean stop on Ctrl-C or SIGTERM.
 *
 *	hello [ADDRESS]        curl http://127.0.0.1:8080/hello/world
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weir/weir.h>

static int hello(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token; /* this handler never waits, so it has nothing to give up */
	return weir_response_printf(response, "Hello, %s!\n", weir_request_param(request, "name"));
}

int main(int argc, char **argv)
{
	static int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = argc > 1 ? argv[1] : "127.0.0.1:8080",
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	weir_server *server;
	int result = weir_server_create(&options, &server);

	if (result) {
		fprintf(stderr, "hello: %s\n", strerror(-result));
		return 2;
	}
	result = weir_server_route(server, "GET /hello/{name}", hello, NULL, NULL);
	if (!result)
		result = weir_server_run(server, NULL);
	if (result == WEIR_ABANDONED)
		_exit(result); /* a handler still runs: nothing may be freed under it */
	weir_server_destroy(server);
	return result < 0 ? 2 : result;
}
