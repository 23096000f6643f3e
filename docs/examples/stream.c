/* stream.c: an answer without an end, which a stop ends politely.
 *
 *	stream [ADDRESS]        curl -N http://127.0.0.1:8080/ticks
 *
 * Ordinary work runs on through the grace of a stop; a stream would use it up. So it watches
 * the server's drain token, which trips when a stop begins, and ends by itself.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weir/weir.h>

static int ticks(weir_request *request, weir_response *response, weir_token *token)
{
	weir_token *drain = weir_request_drain_token(request);
	weir_time next = weir_now();
	unsigned long count = 0;
	char line[64];
	int error;

	(void)token; /* weir_response_write() looks at it */
	error = weir_response_header(response, "Content-Type", "text/event-stream");
	if (!error)
		error = weir_response_stream(response, -1);
	weir_request_note(request, "ticking");
	while (!error) {
		int length = snprintf(line, sizeof(line), "data: tick %lu\n\n", ++count);

		error = weir_response_write(response, line, (size_t)length);
		next += 200 * WEIR_MILLISECOND;
		if (!error && weir_sleep(drain, next) != 0)
			return weir_response_write(response, "event: bye\ndata:\n\n", 18);
	}
	return error;
}

int main(int argc, char **argv)
{
	static int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = argc > 1 ? argv[1] : "127.0.0.1:8080",
		.workers = 256, /* each open stream holds one */
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	weir_server *server;
	int result = weir_server_create(&options, &server);

	if (result) {
		fprintf(stderr, "stream: %s\n", strerror(-result));
		return 2;
	}
	result = weir_server_route(server, "GET /ticks", ticks, NULL, NULL);
	if (!result)
		result = weir_server_run(server, NULL);
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);
	return result < 0 ? 2 : result;
}
