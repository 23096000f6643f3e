/* accept.c: from a listener to a connection.
 *
 * A listener has three states:
 *
 *	WATCHED --descriptors or memory ran out, connection limit--> PAUSED
 *	PAUSED --a connection ended, or 100 ms have passed--> WATCHED
 *	either --a stop--> CLOSED
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

#define PAUSE (100 * WEIR_MILLISECOND)
#define BATCH 64 /* connections taken before other work gets its turn */

static void watch_all(struct weir__acceptor *acceptor, uint32_t events)
{
	size_t i;

	for (i = 0; i < acceptor->listener_count; i++) {
		struct weir__listener *listener = &acceptor->listeners[i];
		struct epoll_event event = {.events = events, .data.ptr = &listener->watch};

		if (listener->fd >= 0)
			(void)epoll_ctl(acceptor->epoll_fd, EPOLL_CTL_MOD, listener->fd, &event);
	}
}

static void pause_accepting(struct weir__acceptor *acceptor, const char *why)
{
	if (acceptor->accept_at == 0) {
		weir__counter_add(&acceptor->counters[0].accept_pauses, 1);
		weir__log(acceptor->options.logger, WEIR_LOG_WARNING, "accept-paused", NULL,
			  "reason", why, NULL);
		watch_all(acceptor, 0);
	}
	acceptor->accept_at = acceptor->now + PAUSE;
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
	watch_all(acceptor, EPOLLIN);
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
		weir__conn_add(acceptor, fd, &peer, size, listener->scope);
		return 1;
	}
	switch (errno) {
	case EAGAIN:
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

static void accept_batch(struct weir__acceptor *acceptor, struct weir__listener *listener,
			 unsigned most)
{
	unsigned i;

	for (i = 0; i < most && listener->fd >= 0; i++) {
		int result;

		if (acceptor->conn_count >= acceptor->options.max_connections) {
			pause_accepting(acceptor, "connection limit");
			return;
		}
		result = accept_one(acceptor, listener);
		if (result == 0)
			return;
		if (result < 0) {
			char text[64];

			pause_accepting(acceptor, strerror_r(-result, text, sizeof(text)));
			return;
		}
	}
}

void weir__accept_ready(struct weir__acceptor *acceptor, struct weir__watch *watch, uint32_t events)
{
	(void)events;
	accept_batch(acceptor, weir__container(watch, struct weir__listener, watch), BATCH);
}

void weir__accept_all(struct weir__acceptor *acceptor, struct weir__listener *listener)
{
	accept_batch(acceptor, listener, UINT32_MAX);
}
