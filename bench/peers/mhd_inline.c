/* mhd_inline.c: libmicrohttpd as it is fastest by itself: one internal epoll thread, and
 * the handler inside it. No queue, no worker, and so nothing that may block: the bar for
 * what Weir's queue costs.
 *
 * Serves hello until SIGTERM. The response is made once and shared by all requests.
 *
 * To know when reading its numbers: 0.9.75 reads events 128 at a time, and after a full
 * batch asks again with its whole timeout before it handles what it has. If exactly a
 * multiple of 128 connections were ready it sleeps on them, until another one stirs. So
 * 128, 896 or 1024 busy connections may get almost nothing, and 1000 or 1100 a great deal.
 */
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS 16384
#define CONNECTION_MEMORY 8192 /* as Weir's default */
#define IDLE_SECONDS 75

static enum MHD_Result serve(void *context, struct MHD_Connection *connection, const char *url,
			     const char *method, const char *version, const char *upload,
			     size_t *upload_size, void **request)
{
	static int seen;

	(void)url;
	(void)method;
	(void)version;
	(void)upload;
	(void)upload_size;
	/* An answer in the first call would close the connection. */
	if (!*request) {
		*request = &seen;
		return MHD_YES;
	}
	return MHD_queue_response(connection, MHD_HTTP_OK, context);
}

static int print_port(struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);

	if (!info || info->port == 0)
		return -ENOTSUP;
	if (printf("listening url=http://127.0.0.1:%u\n", info->port) < 0 || fflush(stdout) != 0)
		return -EIO;
	return 0;
}

static int run(const sigset_t *stop)
{
	static char hello[] = "Hello, world\n";
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct MHD_Response *response;
	struct MHD_Daemon *daemon;
	int result = -ENOMEM, signal;

	response =
		MHD_create_response_from_buffer(sizeof(hello) - 1, hello, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return -ENOMEM;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain") !=
	    MHD_YES)
		goto destroy_response;
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL,
				  serve, response, MHD_OPTION_SOCK_ADDR, &address,
				  MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
				  MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
				  MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096, MHD_OPTION_END);
	if (!daemon) {
		result = -EIO;
		goto destroy_response;
	}
	result = print_port(daemon);
	if (result == 0)
		result = -sigwait(stop, &signal);
	MHD_stop_daemon(daemon);
destroy_response:
	MHD_destroy_response(response);
	return result;
}

int main(int argc, char **argv)
{
	sigset_t stop;
	int result;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("libmicrohttpd %s\n", MHD_get_version()) < 0;
	if (argc != 1) {
		(void)fprintf(stderr, "mhd_inline takes no argument but --version\n");
		return 2;
	}
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	/* Before the daemon's thread is there, which inherits it. */
	result = -pthread_sigmask(SIG_BLOCK, &stop, NULL);
	if (result == 0)
		result = run(&stop);
	if (result != 0)
		(void)fprintf(stderr, "mhd_inline: %s\n", strerror(-result));
	return result != 0;
}
