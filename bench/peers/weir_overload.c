/* weir_overload.c: Weir with a handler that takes its time, and everything else as it comes.
 *
 * The handler does not look at its token: what is compared is which requests are let run.
 */
#include <stdio.h>
#include <string.h>

#include <weir/weir.h>

#include "overload_args.h"

static int work(weir_request *request, weir_response *response, weir_token *token)
{
	static const char text[] = "Hello, world\n";
	int result;

	(void)token;
	overload_serve(weir_request_context(request));
	result = weir_response_header(response, "Content-Type", "text/plain");
	return result != 0 ? result : weir_response_body_static(response, text, sizeof(text) - 1);
}

static int serve(struct overload_args *args)
{
	static int errors = 2;
	const struct weir_server_options options = {.listen = "127.0.0.1:0",
						    .workers = args->workers,
						    .log = weir_log_text,
						    .log_arg = &errors};
	weir_server *server;
	int result = weir_server_create(&options, &server);

	if (result != 0)
		return result;
	result = weir_server_route(server, "GET /work", work, args, NULL);
	if (result == 0 &&
	    (printf("listening url=%s\n", weir_server_url(server, 0)) < 0 || fflush(stdout) != 0))
		result = -EIO;
	if (result == 0)
		result = weir_server_run(server, NULL);
	weir_server_destroy(server);
	return result;
}

int main(int argc, char **argv)
{
	struct overload_args args;
	int result;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("weir %s\n", weir_version()) < 0;
	result = overload_args_read(argc, argv, &args);
	if (result == 0)
		result = serve(&args);
	if (result < 0)
		(void)fprintf(stderr, "weir_overload: %s\n", strerror(-result));
	return result < 0 ? 1 : result;
}
