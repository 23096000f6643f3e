/* accept.c: from a listener to a connection.
 *
 * A listener that is open is watched, or not:
 *
 *	WATCHED --descriptors or memory ran out, connection limit--> PAUSED
 *	PAUSED --a connection ended, or 100 ms have passed--> WATCHED
 *	WATCHED --a rehearsal begins (ordinary listeners)--> HELD --it ends--> WATCHED
 *	either --closing begins--> refusing: new clients are kept away, the rest is taken
 *	refusing --no handshake is under way--> CLOSED
 *
 * A paused listener is not watched at all: level-triggered readiness would otherwise turn
 * the loop into a spin. Its clients wait in the backlog.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "http/conn.h"
#include "http/syn.h"

#define PAUSE (100 * WEIR_MILLISECOND)
#define MOST_WAITING SOMAXCONN /* what a backlog can hold */
#define BATCH 64               /* connections taken before other work gets its turn */

static uint32_t events_of(const struct weir__acceptor *acceptor,
			  const struct weir__listener *listener)
{
	bool held = acceptor->held && listener->scope == WEIR_SCOPE_PUBLIC;

	return acceptor->accept_at || held ? 0 : EPOLLIN;
}

static void watch_all(struct weir__acceptor *acceptor)
{
	struct weir__list *node;

	weir__list_each (node, &acceptor->listeners->list) {
		struct weir__listener *listener = weir__container(node, struct weir__listener, all);
		struct epoll_event event = {.events = events_of(acceptor, listener),
					    .data.ptr = &listener->watch};

		if (listener->fd >= 0)
			(void)epoll_ctl(acceptor->epoll_fd, EPOLL_CTL_MOD, listener->fd, &event);
	}
}

static void pause_accepting(struct weir__acceptor *acceptor, const char *why)
{
	bool begins = acceptor->accept_at == 0;

	acceptor->accept_at = acceptor->now + PAUSE;
	if (begins) {
		weir__counter_add(&acceptor->counters[0].accept_pauses, 1);
		weir__log(acceptor->options.logger, WEIR_LOG_WARNING, "accept-paused", NULL,
			  "reason", why, NULL);
		watch_all(acceptor);
	}
}

void weir__accept_hold(struct weir__acceptor *acceptor, bool held)
{
	acceptor->held = held;
	watch_all(acceptor);
}

void weir__accept_resume(struct weir__acceptor *acceptor)
{
	if (acceptor->accept_at == 0)
		return;
	if (acceptor->conn_count >= acceptor->options.max_connections) {
		acceptor->accept_at = acceptor->now + PAUSE; /* a past one would not let it sleep */
		return;
	}
	acceptor->accept_at = 0;
	watch_all(acceptor);
}

/* One connection. 1: taken, 0: none there, or -errno. */
static int accept_one(struct weir__acceptor *acceptor, struct weir__listener *listener)
{
	union weir__address peer = {.any = {.sa_family = AF_UNSPEC}};
	struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
	socklen_t size = sizeof(storage);
	int fd = accept4(listener->fd, (struct sockaddr *)&storage, &size,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		if (storage.ss_family == AF_INET || storage.ss_family == AF_INET6)
			memcpy(&peer, &storage, size < sizeof(peer) ? size : sizeof(peer));
		if (listener->closing && !listener->path)
			weir__syn_unfilter(fd);
		weir__conn_add(acceptor, fd, &peer, size, listener);
		return 1;
	}
	switch (errno) {
	case EAGAIN:
	case EINVAL: /* a Unix socket that refuses, and has no more */
		return 0;
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM: /* a firewall's word on this one connection: accept(2) */
		return 1;
	default:
		return -errno;
	}
}

/* False when no more can be had for now. */
static bool accept_next(struct weir__acceptor *acceptor, struct weir__listener *listener)
{
	int result = accept_one(acceptor, listener);
	char text[64];

	if (result < 0)
		pause_accepting(acceptor, strerror_r(-result, text, sizeof(text)));
	return result > 0;
}

void weir__accept_ready(struct weir__acceptor *acceptor, struct weir__watch *watch, uint32_t events)
{
	struct weir__listener *listener = weir__container(watch, struct weir__listener, watch);
	unsigned i;

	(void)events;
	for (i = 0; i < BATCH && listener->fd >= 0; i++) {
		if (acceptor->conn_count >= acceptor->options.max_connections) {
			if (acceptor->accept_at == 0)
				weir__counter_add(&acceptor->counters[0].connections_limited, 1);
			pause_accepting(acceptor, "connection limit");
			return;
		}
		if (!accept_next(acceptor, listener))
			return;
	}
}

int weir__accept_begin(struct weir__acceptor *acceptor, struct weir__listener *listener)
{
	int error;

	listener->watch.ready = weir__accept_ready;
	error = listener->tls ? weir__acceptor_open_tls(acceptor) : 0;
	if (error)
		return error;
	error = weir__acceptor_watch(acceptor, listener->fd, events_of(acceptor, listener),
				     &listener->watch);
	if (!error)
		weir__listeners_add(acceptor->listeners, listener);
	return error;
}

/* Connections beyond the limit are taken here: they are clients already, and not more than a
 * backlog. */
void weir__accept_rest(struct weir__acceptor *acceptor, struct weir__listener *listener)
{
	unsigned i;

	if (listener->handed_over)
		return;
	/* Most of them before new ones are kept away: who comes in between waits for a second. */
	for (i = 0; i < MOST_WAITING && !listener->closing; i++) {
		if (!accept_next(acceptor, listener))
			break;
	}
	weir__listener_refuse(listener);
	while (accept_next(acceptor, listener))
		continue;
}

void weir__accept_end(struct weir__acceptor *acceptor, struct weir__listener *listener)
{
	weir__accept_rest(acceptor, listener);
	weir__acceptor_unwatch(acceptor, listener->fd);
	weir__listener_close(listener);
}

void weir__accept_end_all(struct weir__acceptor *acceptor, enum weir_scope scope)
{
	struct weir__list *node;

	weir__list_each (node, &acceptor->listeners->list) {
		struct weir__listener *listener = weir__container(node, struct weir__listener, all);

		if (listener->scope == scope && listener->fd >= 0)
			weir__accept_end(acceptor, listener);
	}
}
