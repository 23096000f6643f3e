/* hello.c: a program that only has the installed Weir.
 *
 * Starts a server on a free port, asks it for its own /hello route over a socket, checks
 * the answer, stops it, and exits with 0 if the stop was clean. It is plain C11 without
 * extensions but for the sockets, so that it also shows that Weir's headers need none.
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <weir/weir.h>

static int hello(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_token_check(token);

	if (error)
		return error;
	return weir_response_printf(response, "Hello, %s!\n", weir_request_param(request, "name"));
}

/* The port in "http://127.0.0.1:41233"; -1 if there is none. */
static int port_of(const char *url)
{
	static const char prefix[] = "http://127.0.0.1:";
	char *end;
	long port;

	if (!url || strncmp(url, prefix, sizeof prefix - 1) != 0)
		return -1;
	port = strtol(url + sizeof prefix - 1, &end, 10);
	return *end || port < 1 || port > UINT16_MAX ? -1 : (int)port;
}

/* Sends `request` and reads the answer up to the connection's end, 10 s a step at most.
 * Returns 0 with `answer` as a string, or -1 after a word on stderr. */
static int fetch(int port, const char *request, char *answer, size_t size)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct timeval patience = {.tv_sec = 10};
	size_t used = 0;
	ssize_t count;
	int result = -1;
	int fd;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0) {
		perror("socket");
		return -1;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) ||
	    connect(fd, (struct sockaddr *)&address, sizeof address)) {
		perror("connect");
		goto close_fd;
	}
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request)) {
		perror("send");
		goto close_fd;
	}
	do {
		count = recv(fd, answer + used, size - 1 - used, 0);
		if (count < 0) {
			perror("recv");
			goto close_fd;
		}
		used += (size_t)count;
	} while (count > 0 && used < size - 1);
	answer[used] = '\0';
	result = 0;
close_fd:
	close(fd);
	return result;
}

static int answer_is_right(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n");

	return strncmp(answer, "HTTP/1.1 200 ", 13) == 0 && body &&
	       strcmp(body + 4, "Hello, world!\n") == 0;
}

int main(void)
{
	const struct weir_server_options options = {.listen = "127.0.0.1:0", .workers = 2};
	const struct weir_report *report;
	char answer[4096];
	weir_server *server;
	int result = EXIT_FAILURE;
	int error;

	error = weir_server_create(&options, &server);
	if (error) {
		fprintf(stderr, "weir_server_create: %s\n", strerror(-error));
		return EXIT_FAILURE;
	}
	error = weir_server_route(server, "GET /hello/{name}", hello, NULL, NULL);
	if (!error)
		error = weir_server_start(server);
	if (error) {
		fprintf(stderr, "start: %s\n", strerror(-error));
		goto destroy_server;
	}

	if (fetch(port_of(weir_server_url(server, 0)),
		  "GET /hello/world HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		  answer, sizeof answer))
		goto destroy_server;
	if (!answer_is_right(answer)) {
		fprintf(stderr, "unexpected answer:\n%s\n", answer);
		goto destroy_server;
	}

	weir_server_stop(server, "hello");
	error = weir_server_wait(server, &report);
	if (error != WEIR_CLEAN) {
		fprintf(stderr, "the stop was not clean: %d\n", error);
		goto destroy_server;
	}
	printf("hello: weir %s answered and stopped cleanly, asked by %s\n", weir_version(),
	       report->who);
	result = EXIT_SUCCESS;
destroy_server:
	weir_server_destroy(server);
	return result;
}
