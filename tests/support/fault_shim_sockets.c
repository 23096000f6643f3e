/* support/fault_shim_sockets.c: the fault shim's calls for sockets; see fault_turn.h. */
#include <netinet/in.h>
#include <sys/socket.h>

#include "support/fault_turn.h"

EXPORT int socket(int domain, int type, int protocol)
{
	REAL(socket);
	FAIL_OR(-1, real(domain, type, protocol));
}

EXPORT int socketpair(int domain, int type, int protocol, int pair[2])
{
	REAL(socketpair);
	FAIL_OR(-1, real(domain, type, protocol, pair));
}

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	REAL(bind);
	FAIL_OR(-1, real(fd, address, size));
}

/* Listening again on one that listens is nothing new. */
static void note_port(struct fault_control *page, uint32_t port)
{
	for (int i = 0; i < FAULT_PORTS; i++) {
		uint32_t none = 0;
		if (atomic_compare_exchange_strong(&page->ports[i], &none, port) || none == port)
			return;
	}
}

static void tell_port(int fd)
{
	struct fault_control *page = fault_page();
	struct sockaddr_in address = {0};
	socklen_t size = sizeof address;

	if (page != NULL && getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
	    size == sizeof address && address.sin_family == AF_INET)
		note_port(page, ntohs(address.sin_port));
}

EXPORT int listen(int fd, int backlog)
{
	REAL(listen);
	if (error != 0) {
		errno = error;
		return -1;
	}
	int rc = real(fd, backlog);
	if (rc == 0)
		tell_port(fd);
	return rc;
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	REAL(connect);
	FAIL_OR(-1, real(fd, address, size));
}

EXPORT int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict size, int flags)
{
	REAL(accept4);
	FAIL_OR(-1, real(fd, address, size, flags));
}

/* A connection that has been reset stays so, and its other end hears of it. */
static void reset_too(int fd, int error)
{
	if (error == ECONNRESET)
		(void)shutdown(fd, SHUT_RDWR);
}

EXPORT ssize_t send(int fd, const void *data, size_t size, int flags)
{
	REAL(send);
	reset_too(fd, error);
	FAIL_OR(-1, real(fd, data, size, flags));
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	REAL(sendmsg);
	reset_too(fd, error);
	FAIL_OR(-1, real(fd, message, flags));
}

EXPORT ssize_t recv(int fd, void *data, size_t size, int flags)
{
	REAL(recv);
	reset_too(fd, error);
	FAIL_OR(-1, real(fd, data, size, flags));
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	REAL(setsockopt);
	FAIL_OR(-1, real(fd, level, name, value, size));
}
