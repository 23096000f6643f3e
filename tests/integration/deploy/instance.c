/* instance.c: see instance.h. */
#include "instance.h"

#include "support/must.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void port_reserve(struct port *port)
{
	struct sockaddr_in bound = {.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof bound;
	int on = 1;
	port->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(port->fd >= 0, "socket: %s", strerror(errno));
	must(bind(port->fd, (struct sockaddr *)&bound, sizeof bound) == 0, "bind: %s",
	     strerror(errno));
	/* Only now: asked for a free port with this option set, the kernel might share one. */
	must(setsockopt(port->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0, "setsockopt: %s",
	     strerror(errno));
	must(getsockname(port->fd, (struct sockaddr *)&bound, &size) == 0, "getsockname: %s",
	     strerror(errno));
	(void)snprintf(port->address, sizeof port->address, "127.0.0.1:%u", ntohs(bound.sin_port));
	(void)snprintf(port->url, sizeof port->url, "http://%s", port->address);
}

void port_release(struct port *port)
{
	(void)close(port->fd);
}

void instance_start(struct instance *instance, const struct scratch *scratch, const char *lame_duck)
{
	/* Shedding is not looked at here: on a busy machine a few clients can be an overload. */
	const char *const argv[] = {
		WEIR_BINARY,      "serve",       "--listen", instance->port.address, "--root",
		"root",           "--lame-duck", lame_duck,  "--log-format",         "text",
		"--queue-target", "0",           NULL};
	process_start(&instance->process, scratch->path, argv);
	process_await_line(&instance->process, "ready ");
}

int instance_stop(struct instance *instance)
{
	process_signal(&instance->process, SIGTERM);
	return process_wait(&instance->process);
}
