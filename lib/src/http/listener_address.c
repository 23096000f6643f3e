/* listener_address.c: where a socket listens, of which somebody else has made a listener. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "http/listener.h"

int weir__listener_address(int fd, char *out, size_t size)
{
	struct weir__listener *listener;
	const char *text;
	int error;

	/* A duplicate: what adopts a socket also closes it. */
	error = weir__listener_adopt(fcntl(fd, F_DUPFD_CLOEXEC, 0), WEIR_SCOPE_PUBLIC, &listener);
	if (error)
		return error;
	listener->handed_over = true; /* its file stays */
	text = listener->url;
	if (strncmp(text, "http://", 7) == 0)
		text += 7;
	error = (size_t)snprintf(out, size, "%s", text) < size ? 0 : -ENAMETOOLONG;
	weir__listener_destroy(listener);
	return error;
}

static bool same_host(const struct sockaddr *left, const struct sockaddr *right)
{
	if (left->sa_family != right->sa_family)
		return false;
	if (left->sa_family == AF_INET)
		return ((const struct sockaddr_in *)left)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)right)->sin_addr.s_addr;
	return memcmp(&((const struct sockaddr_in6 *)left)->sin6_addr,
		      &((const struct sockaddr_in6 *)right)->sin6_addr,
		      sizeof(struct in6_addr)) == 0;
}

/* At the same place in both families. */
static in_port_t port_of(const struct sockaddr *address)
{
	return ((const struct sockaddr_in *)address)->sin_port;
}

static bool matches_tcp(const struct sockaddr *bound, const char *address)
{
	struct addrinfo *found = NULL, *at;
	bool matches = false;

	if (weir__listener_resolve(address, &found))
		return false;
	for (at = found; at && !matches; at = at->ai_next)
		matches = same_host(at->ai_addr, bound) &&
			  (port_of(at->ai_addr) == 0 || port_of(at->ai_addr) == port_of(bound));
	freeaddrinfo(found);
	return matches;
}

bool weir__listener_matches(int fd, const char *address)
{
	union {
		struct sockaddr any;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} bound = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t size = sizeof(bound) - 1; /* leaves room for a NUL */
	bool local = strncmp(address, "unix:", 5) == 0;

	if (getsockname(fd, &bound.any, &size))
		return false;
	if (bound.any.sa_family == AF_UNIX)
		return local && strcmp(bound.un.sun_path, address + 5) == 0;
	return !local && matches_tcp(&bound.any, address);
}
