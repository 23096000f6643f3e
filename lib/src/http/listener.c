/* listener.c: see listener.h. */
#include "http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/syn.h"

/* Whether somebody accepts on a socket file that is in the way. */
static bool is_alive(const struct sockaddr_un *address)
{
	/* Not blocking: its backlog may be full. */
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return true; /* cannot tell: leave it alone */
	alive = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		errno != ECONNREFUSED;
	(void)close(fd);
	return alive;
}

/* Makes room for a socket file: one that nobody listens on is left over and is removed. */
static int clear_path(const struct sockaddr_un *address)
{
	struct stat status;

	if (lstat(address->sun_path, &status))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	if (is_alive(address))
		return -EADDRINUSE;
	return unlink(address->sun_path) && errno != ENOENT ? -errno : 0;
}

static void remember_file(struct weir__listener *listener)
{
	struct stat status;

	if (lstat(listener->path, &status) == 0) {
		listener->device = status.st_dev;
		listener->inode = status.st_ino;
	}
}

static int open_unix(struct weir__listener *listener, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int error;

	if (!*path)
		return -EINVAL;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	error = clear_path(&address);
	if (error)
		return error;
	listener->path = strdup(path);
	if (!listener->path)
		return -ENOMEM;
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return -errno;
	/* Of its socket the file has the mode, from the moment it is there (unix_bind() of the
	 * kernel's net/unix/af_unix.c). */
	if (listener->scope == WEIR_SCOPE_ADMIN && fchmod(listener->fd, S_IRUSR | S_IWUSR))
		return -errno;
	if (bind(listener->fd, (const struct sockaddr *)&address, sizeof(address)))
		return -errno;
	remember_file(listener);
	if (listen(listener->fd, SOMAXCONN))
		return -errno;
	return asprintf(&listener->url, "unix:%s", path) < 0 ? -ENOMEM : 0;
}

/* The kernel takes this much of an answer beyond what the client's window lets it send; else it
 * takes up to tcp_wmem's maximum, 4 MiB, for each client that reads slowly (tcp(7)). Connections
 * have it from their listener. */
static int bound_unsent(int fd)
{
	const int most = 128 * 1024;

	return setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof(most)) ? -errno : 0;
}

static int open_tcp_at(struct weir__listener *listener, const struct addrinfo *at)
{
	int on = 1;

	listener->fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return -errno;
	if (setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(listener->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		return -errno;
	if (at->ai_family == AF_INET6 &&
	    setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
		return -errno;
	if (bound_unsent(listener->fd))
		return -errno;
	if (bind(listener->fd, at->ai_addr, at->ai_addrlen) || listen(listener->fd, SOMAXCONN))
		return -errno;
	return 0;
}

static int print_url(struct weir__listener *listener)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} bound = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t size = sizeof(bound);
	char host[INET6_ADDRSTRLEN] = "?";
	bool six;
	int done;

	if (getsockname(listener->fd, &bound.any, &size))
		return -errno;
	six = bound.any.sa_family == AF_INET6;
	(void)inet_ntop(bound.any.sa_family,
			six ? (const void *)&bound.in6.sin6_addr : &bound.in.sin_addr, host,
			sizeof(host));
	done = asprintf(&listener->url, six ? "http://[%s]:%u" : "http://%s:%u", host,
			ntohs(six ? bound.in6.sin6_port : bound.in.sin_port));
	return done < 0 ? -ENOMEM : 0;
}

/* "host:port", "[v6]:port" or ":port" into its two halves. */
static int split_address(const char *address, char *host, size_t host_size, const char **port)
{
	const char *colon = strrchr(address, ':');
	const char *from = address;
	size_t size;

	if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    strlen(colon + 1) > 5 || atol(colon + 1) > 65535)
		return -EINVAL;
	size = (size_t)(colon - address);
	if (size > 2 && from[0] == '[' && colon[-1] == ']') {
		from++;
		size -= 2;
	} else if (strcspn(from, ":[]") < size) {
		return -EINVAL;
	}
	if (size >= host_size)
		return -ENAMETOOLONG;
	memcpy(host, from, size);
	host[size] = '\0';
	*port = colon + 1;
	return 0;
}

int weir__listener_resolve(const char *address, struct addrinfo **found)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	const char *port;
	char host[256];
	int error = split_address(address, host, sizeof(host), &port);

	if (error)
		return error;
	switch (getaddrinfo(*host ? host : NULL, port, &hints, found)) {
	case 0:
		return 0;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_SYSTEM:
		return -errno;
	case EAI_NONAME:
		return -ENOENT;
	default:
		return -EINVAL;
	}
}

static int open_tcp(struct weir__listener *listener, const char *address)
{
	struct addrinfo *found, *at;
	int error = weir__listener_resolve(address, &found);

	if (error)
		return error;
	error = -EADDRNOTAVAIL;
	for (at = found; at; at = at->ai_next) {
		error = open_tcp_at(listener, at);
		if (!error)
			break;
		if (listener->fd >= 0)
			(void)close(listener->fd);
		listener->fd = -1;
	}
	freeaddrinfo(found);
	return error ? error : print_url(listener);
}

static struct weir__listener *create(enum weir_scope scope)
{
	struct weir__listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		return NULL;
	weir__list_init(&listener->all);
	listener->fd = -1;
	listener->scope = scope;
	return listener;
}

int weir__listener_open(const char *address, enum weir_scope scope, struct weir__listener **out)
{
	struct weir__listener *listener = create(scope);
	int error;

	if (!listener)
		return -ENOMEM;
	if (strncmp(address, "unix:", 5) == 0)
		error = open_unix(listener, address + 5);
	else
		error = open_tcp(listener, address);
	if (error)
		weir__listener_destroy(listener);
	else
		*out = listener;
	return error;
}

/* What a Unix socket that was bound elsewhere calls itself. */
static int adopt_unix(struct weir__listener *listener)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(address) - 1; /* leaves room for a NUL */

	if (getsockname(listener->fd, (struct sockaddr *)&address, &size))
		return -errno;
	if (!*address.sun_path)
		return -EINVAL; /* unnamed, or of the abstract name space */
	listener->path = strdup(address.sun_path);
	if (!listener->path)
		return -ENOMEM;
	remember_file(listener);
	return asprintf(&listener->url, "unix:%s", listener->path) < 0 ? -ENOMEM : 0;
}

static int adopt(struct weir__listener *listener)
{
	int domain, type, listens;
	socklen_t size = sizeof(domain);

	if (getsockopt(listener->fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) ||
	    getsockopt(listener->fd, SOL_SOCKET, SO_TYPE, &type, &size) ||
	    getsockopt(listener->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size))
		return -errno;
	if (type != SOCK_STREAM || !listens)
		return -EINVAL;
	if (fcntl(listener->fd, F_SETFD, FD_CLOEXEC) ||
	    fcntl(listener->fd, F_SETFL, fcntl(listener->fd, F_GETFL) | O_NONBLOCK))
		return -errno;
	if (domain == AF_UNIX)
		return adopt_unix(listener);
	(void)bound_unsent(listener->fd); /* another protocol than TCP may not know it */
	return domain == AF_INET || domain == AF_INET6 ? print_url(listener) : -EINVAL;
}

int weir__listener_adopt(int fd, enum weir_scope scope, struct weir__listener **out)
{
	struct weir__listener *listener = create(scope);
	int error;

	if (!listener) {
		(void)close(fd);
		return -ENOMEM;
	}
	listener->fd = fd;
	error = adopt(listener);
	if (error) {
		free(listener->path); /* not ours to remove */
		listener->path = NULL;
		weir__listener_destroy(listener);
	} else {
		*out = listener;
	}
	return error;
}

int weir__listener_use_tls(struct weir__listener *listener)
{
	char *url;

	if (listener->path)
		return -EINVAL;
	if (asprintf(&url, "https%s", listener->url + strlen("http")) < 0)
		return -ENOMEM;
	free(listener->url);
	listener->url = url;
	listener->tls = true;
	return 0;
}

/* Removes the file of a Unix socket, so that nobody finds it any more. */
static void hide(const struct weir__listener *listener)
{
	struct stat status;

	if (listener->path && lstat(listener->path, &status) == 0 &&
	    status.st_dev == listener->device && status.st_ino == listener->inode)
		(void)unlink(listener->path);
}

void weir__listener_refuse(struct weir__listener *listener)
{
	if (listener->fd < 0 || listener->closing)
		return;
	listener->closing = true;
	if (listener->path) {
		hide(listener);
		/* For those who have found it before: connect() is refused from here on, what is
		 * in the backlog can be accepted (unix_shutdown() and unix_stream_connect() of
		 * the kernel's net/unix/af_unix.c). */
		(void)shutdown(listener->fd, SHUT_RD);
	} else {
		(void)weir__syn_refuse(listener->fd); /* else: as good as a plain close */
	}
}

void weir__listener_ports(const struct weir__listener *listener, struct weir__syn_ports *ports)
{
	if (listener->fd >= 0 && !listener->path && !listener->handed_over)
		weir__syn_ports_add(ports, listener->fd);
}

void weir__listener_close(struct weir__listener *listener)
{
	if (listener->fd < 0)
		return;
	(void)close(listener->fd);
	listener->fd = -1;
	if (!listener->handed_over && !listener->closing)
		hide(listener);
}

void weir__listener_destroy(struct weir__listener *listener)
{
	weir__listener_close(listener);
	free(listener->path);
	free(listener->url);
	free(listener);
}

void weir__listener_hold(struct weir__listener *listener)
{
	listener->connections++;
}

void weir__listener_release(struct weir__listener *listener)
{
	if (--listener->connections == 0 && listener->left)
		weir__listener_destroy(listener);
}
