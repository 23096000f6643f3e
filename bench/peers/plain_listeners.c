/* plain_listeners.c: what most servers do: a loop that accepts, and a close() when it is told to
 * stop; see listeners.h. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "listeners.h"

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n"
			     "Hello, world\n";

static int open_listener(const char *directory, unsigned long round)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_un un;
	} address = {.in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address.in);
	int fd;

	if (directory) {
		memset(&address, 0, sizeof(address));
		address.un.sun_family = AF_UNIX;
		(void)snprintf(address.un.sun_path, sizeof(address.un.sun_path), "%s/%lu",
			       directory, round);
		size = sizeof(address.un);
	}
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, &address.any, size) != 0 || listen(fd, SOMAXCONN) != 0)
		return -1;
	if (directory) {
		(void)printf("listening %s\n", address.un.sun_path);
	} else {
		if (getsockname(fd, &address.any, &size) != 0)
			return -1;
		(void)printf("listening %u\n", ntohs(address.in.sin_port));
	}
	return fflush(stdout) == 0 ? fd : -1;
}

static void answer_one(int listener)
{
	char request[1024];
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (recv(fd, request, sizeof(request), 0) > 0)
		(void)send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
	(void)close(fd);
}

/* False at the end of stdin. */
static int serve(int listener)
{
	struct pollfd wait[] = {{.fd = STDIN_FILENO, .events = POLLIN},
				{.fd = listener, .events = POLLIN}};
	char line[LISTENERS_LINE];

	while (poll(wait, 2, -1) > 0 || errno == EINTR) {
		if (wait[0].revents)
			return read(STDIN_FILENO, line, sizeof(line)) > 0;
		if (wait[1].revents)
			answer_one(listener);
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long round;
	int more = 1;

	for (round = 0; more; round++) {
		int listener = open_listener(argc > 1 ? argv[1] : NULL, round);

		if (listener < 0) {
			perror("plain_listeners");
			return 1;
		}
		more = serve(listener);
		(void)close(listener);
		(void)printf("closed\n");
	}
	return 0;
}
