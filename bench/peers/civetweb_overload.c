/* civetweb_overload.c: CivetWeb with a handler that takes its time.
 *
 * A thread of CivetWeb's serves one connection until it ends, so the number of threads is the limit
 * of handlers, and connections are not kept alive (its default): kept-alive ones would hold the
 * threads while they are idle. Connections wait in its queue and in the backlog, whose lengths are
 * its defaults. Serves until SIGTERM.
 */
#include <civetweb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "overload_args.h"

static int work(struct mg_connection *connection, void *context)
{
	static const char text[] = "Hello, world\n";

	overload_serve(context);
	if (mg_printf(connection,
		      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
		      "Connection: close\r\n\r\n%s",
		      sizeof(text) - 1, text) < 0)
		return 500;
	return 200;
}

static int print_port(struct mg_context *server)
{
	struct mg_server_port port = {0};

	if (mg_get_server_ports(server, 1, &port) != 1)
		return -ENOTSUP;
	if (printf("listening url=http://127.0.0.1:%d\n", port.port) < 0 || fflush(stdout) != 0)
		return -EIO;
	return 0;
}

static int run(struct overload_args *args, const sigset_t *stop)
{
	char threads[16];
	const char *options[] = {"listening_ports", "127.0.0.1:0", "num_threads", threads, NULL};
	const struct mg_callbacks callbacks = {0};
	struct mg_context *server;
	int result, signal;

	(void)snprintf(threads, sizeof(threads), "%u", args->workers);
	(void)mg_init_library(0);
	server = mg_start(&callbacks, NULL, options);
	if (!server) {
		result = -EIO;
		goto exit_library;
	}
	mg_set_request_handler(server, "/work", work, args);
	result = print_port(server);
	if (result == 0)
		result = -sigwait(stop, &signal);
	mg_stop(server);
exit_library:
	(void)mg_exit_library();
	return result;
}

int main(int argc, char **argv)
{
	struct overload_args args;
	sigset_t stop;
	int result;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("CivetWeb %s\n", mg_version()) < 0;
	result = overload_args_read(argc, argv, &args);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	/* Before its threads are there, which inherit it. */
	if (result == 0)
		result = -pthread_sigmask(SIG_BLOCK, &stop, NULL);
	if (result == 0)
		result = run(&args, &stop);
	if (result != 0)
		(void)fprintf(stderr, "civetweb_overload: %s\n", strerror(-result));
	return result != 0;
}
