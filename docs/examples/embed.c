/* embed.c: a server inside a program that has its own way of ending: no signals, a stop from
 * a handler, and the report.
 *
 *	embed [ADDRESS [ADMIN-ADDRESS]]        curl -X POST http://127.0.0.1:8081/stop
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/weir.h>

/* Slow on purpose, so that there is something to stop. */
static int slow(weir_request *request, weir_response *response, weir_token *token)
{
	int error;

	weir_request_note(request, "taking its time");
	error = weir_sleep(token, weir_after(2 * WEIR_SECOND));
	return error ? error : weir_response_printf(response, "done\n");
}

/* Asks for the stop and returns: the stop lets this answer out, like every other. */
static int stop(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	weir_server_stop(weir_request_server(request), weir_request_client(request));
	return weir_response_printf(response, "stopping\n");
}

static int add_routes(weir_server *server)
{
	static const struct weir_route_options for_admin = {
		.run = WEIR_RUN_INLINE, /* answers when every worker is busy */
		.scope = WEIR_SCOPE_ADMIN,
	};
	int error = weir_server_route(server, "GET /slow", slow, NULL, NULL);

	if (!error)
		error = weir_server_route(server, "POST /stop", stop, NULL, &for_admin);
	return error;
}

static void print_report(const struct weir_report *report)
{
	char *text;
	size_t size;

	if (weir_report_text(report, &text, &size))
		return;
	(void)fwrite(text, 1, size, stderr);
	free(text);
}

int main(int argc, char **argv)
{
	static int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = argc > 1 ? argv[1] : "127.0.0.1:8080",
		.grace = 500 * WEIR_MILLISECOND,
		.drain_timeout = 2 * WEIR_SECOND,
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	const struct weir_report *report;
	weir_server *server;
	int result = weir_server_create(&options, &server);

	if (result) {
		fprintf(stderr, "embed: %s\n", strerror(-result));
		return 2;
	}
	result =
		weir_server_listen(server, argc > 2 ? argv[2] : "127.0.0.1:8081", WEIR_SCOPE_ADMIN);
	if (!result)
		result = add_routes(server);
	if (!result)
		result = weir_server_start(server);
	if (!result) {
		/* Here the program does what it is for. When it wants to end, from any thread:
		 * weir_server_stop(server, "why"). */
		result = weir_server_wait(server, &report);
		print_report(report);
	}
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);
	return result < 0 ? 2 : result;
}
