/* idle.c: connections that leave HTTP and then say nothing; see upgraded.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "upgraded.h"

static int ask(int fd)
{
	static const char request[] = "GET /idle HTTP/1.1\r\nHost: bench\r\n"
				      "Connection: upgrade\r\nUpgrade: idle\r\n\r\n";
	char text[1024];
	size_t got = 0;

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		return -errno;
	while (got < 4 || memcmp(text + got - 4, "\r\n\r\n", 4) != 0) {
		ssize_t more = recv(fd, text + got, sizeof(text) - got, 0);

		if (more <= 0)
			return more == 0 ? -ECONNRESET : -errno;
		got += (size_t)more;
		if (got == sizeof(text))
			return -EBADMSG;
	}
	return memcmp(text, "HTTP/1.1 101 ", 13) == 0 ? 0 : -EBADMSG;
}

static int open_one(uint16_t port, int *out)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -errno;
	error = connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ? -errno : 0;
	if (error == 0)
		error = ask(fd);
	if (error != 0) {
		(void)close(fd);
		return error;
	}
	*out = fd;
	return 0;
}

int idle_open(uint16_t port, unsigned count, int *fds)
{
	for (unsigned i = 0; i < count; i++) {
		int error = open_one(port, &fds[i]);

		if (error != 0) {
			idle_close(fds, i);
			return error;
		}
	}
	return 0;
}

void idle_close(int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		(void)close(fds[i]);
}
