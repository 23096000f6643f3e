/* support/dial.c: see dial.h. */
#include "support/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/must.h"

static int resolve(const char *url, struct sockaddr_storage *address, socklen_t *size)
{
	static const char tcp[] = "http://";
	static const char tls[] = "https://";
	static const char local[] = "unix:";
	char host[128];
	char *port;
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				 .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;

	memset(address, 0, sizeof(*address));
	if (strncmp(url, local, strlen(local)) == 0) {
		struct sockaddr_un *un = (struct sockaddr_un *)address;
		const char *path = url + strlen(local);

		if (strlen(path) >= sizeof(un->sun_path))
			return -ENAMETOOLONG;
		un->sun_family = AF_UNIX;
		memcpy(un->sun_path, path, strlen(path) + 1);
		*size = sizeof(*un);
		return 0;
	}
	if (strncmp(url, tls, strlen(tls)) == 0)
		url++; /* as far from its end as the other */
	else if (strncmp(url, tcp, strlen(tcp)) != 0)
		return -EINVAL;
	if (strlen(url) - strlen(tcp) >= sizeof(host))
		return -EINVAL;
	memcpy(host, url + strlen(tcp), strlen(url) - strlen(tcp) + 1);
	port = strrchr(host, ':');
	if (port == NULL)
		return -EINVAL;
	*port++ = '\0';
	if (host[0] == '[' && port - host >= 3) {
		port[-2] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -EINVAL;
	memcpy(address, found->ai_addr, found->ai_addrlen);
	*size = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static int finish_connect(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (!must_poll(fd, POLLOUT, weir_after(MUST_PATIENCE)))
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		return -errno;
	return -error;
}

static int bind_to(int fd, const char *own)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	if (own == NULL)
		return 0;
	if (inet_pton(AF_INET, own, &address.sin_addr) != 1)
		return -EINVAL;
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
}

int dial(const char *url, int window, const char *own)
{
	struct sockaddr_storage address;
	socklen_t size;
	int fd, rc = resolve(url, &address, &size);

	if (rc != 0)
		return rc;
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	rc = bind_to(fd, own);
	if (rc == 0 && window > 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window)) != 0)
		rc = -errno;
	if (rc == 0)
		rc = connect(fd, (struct sockaddr *)&address, size) == 0 ? 0 : -errno;
	if (rc == -EINPROGRESS || rc == -EINTR)
		rc = finish_connect(fd);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}
