/* weir_hello.c: hello through Weir's queue and a worker, as any handler that may block
 * would be served. The other peers serve the same bytes.
 *
 * Serves until SIGTERM, and ends with the exit code of a Weir server.
 */
#include <stdio.h>
#include <string.h>

#include <weir/weir.h>

static int hello(weir_request *request, weir_response *response, weir_token *token)
{
	static const char text[] = "Hello, world\n";
	int result = weir_response_header(response, "Content-Type", "text/plain");

	(void)request;
	(void)token;
	return result != 0 ? result : weir_response_body_static(response, text, sizeof(text) - 1);
}

static int serve(void)
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
		return result;
	result = weir_server_route(server, "GET /", hello, NULL, NULL);
	if (result != 0)
		goto destroy;
	if (printf("listening url=%s\n", weir_server_url(server, 0)) < 0 || fflush(stdout) != 0) {
		result = -1;
		goto destroy;
	}
	result = weir_server_run(server, NULL);
destroy:
	weir_server_destroy(server);
	return result;
}

int main(int argc, char **argv)
{
	int result;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("weir %s\n", weir_version()) < 0;
	if (argc != 1) {
		(void)fprintf(stderr, "weir_hello takes no argument but --version\n");
		return 2;
	}
	result = serve();
	if (result < 0)
		(void)fprintf(stderr, "weir_hello: %s\n", strerror(-result));
	return result < 0 ? 1 : result;
}
