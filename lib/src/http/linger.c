/* linger.c: sockets that outlive their connection.
 *
 * A server that answers and closes while its client is still sending resets the client: the
 * kernel answers bytes for a closed socket with a reset, which can overtake the answer. RFC
 * 9112, 9.6 has the server close its writing side and read on until the client has closed
 * its own. That happens here: the bytes are thrown away, within bounds of time and size.
 *
 * libmicrohttpd cannot answer before a body has come to its end. Where that is needed (an
 * upload that is cancelled, too large or too slow) the socket is taken away from it:
 * suspended, so that it is out of libmicrohttpd's epoll; duplicated; and its old number
 * given, by dup2(2), to a socket whose peer is closed. libmicrohttpd then reads the end of
 * a lost connection and cleans up after itself, and the duplicate is ours to write the
 * answer to. Plain TCP and Unix sockets only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "http/exchange.h"

#define MOST_BYTES ((size_t)256 * 1024 * 1024)

struct weir__linger {
	struct weir__watch watch;
	struct weir__list all;
	struct weir__deadline deadline;
	int fd;
	enum weir_scope scope;
	struct weir__text out; /* the answer by hand */
	size_t sent;
	bool shut; /* our writing side is closed */
	size_t swallowed;
};

static void end(struct weir__acceptor *acceptor, struct weir__linger *linger)
{
	weir__acceptor_unwatch(acceptor, linger->fd);
	(void)close(linger->fd);
	weir__deadline_clear(&linger->deadline);
	weir__list_remove(&linger->all);
	weir__text_free(&linger->out);
	if (linger->scope == WEIR_SCOPE_PUBLIC) {
		weir__counter_sub(&acceptor->lingering, 1);
		if (acceptor->draining && weir__counter_get(&acceptor->in_flight) == 0 &&
		    weir__counter_get(&acceptor->lingering) == 0)
			acceptor->options.idle(acceptor->options.arg);
	}
	free(linger);
}

/* False when the socket is of no more use. */
static bool send_rest(struct weir__linger *linger)
{
	while (linger->sent < linger->out.size) {
		ssize_t done = send(linger->fd, linger->out.data + linger->sent,
				    linger->out.size - linger->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN;
		linger->sent += (size_t)done;
	}
	if (!linger->shut) {
		linger->shut = true;
		(void)shutdown(linger->fd, SHUT_WR);
	}
	return true;
}

static bool swallow(struct weir__linger *linger)
{
	char waste[16384];

	for (;;) {
		ssize_t got = recv(linger->fd, waste, sizeof(waste), MSG_DONTWAIT);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN;
		linger->swallowed += (size_t)got;
		if (got == 0 || linger->swallowed > MOST_BYTES)
			return false;
	}
}

static void ready(struct weir__acceptor *acceptor, struct weir__watch *watch, uint32_t events)
{
	struct weir__linger *linger = weir__container(watch, struct weir__linger, watch);

	(void)events;
	if (!send_rest(linger) || !swallow(linger))
		end(acceptor, linger);
}

/* Takes fd and `out`. */
static void start(struct weir__acceptor *acceptor, int fd, enum weir_scope scope,
		  struct weir__text *out)
{
	struct weir__linger *linger = calloc(1, sizeof(*linger));

	if (!linger) {
		weir__text_free(out);
		(void)close(fd);
		return;
	}
	linger->watch.ready = ready;
	linger->fd = fd;
	linger->scope = scope;
	linger->out = *out;
	weir__deadline_init(&linger->deadline);
	weir__list_append(&acceptor->lingers, &linger->all);
	weir__deadline_set(&acceptor->deadlines, &linger->deadline, WEIR__DEADLINE_LINGER,
			   acceptor->now);
	if (scope == WEIR_SCOPE_PUBLIC)
		weir__counter_add(&acceptor->lingering, 1);
	if (!send_rest(linger) || !swallow(linger) ||
	    weir__acceptor_watch(acceptor, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				 &linger->watch))
		end(acceptor, linger);
}

void weir__linger_after(struct weir__acceptor *acceptor, const struct weir__conn *conn)
{
	struct weir__text nothing = WEIR__TEXT_EMPTY;
	int fd = fcntl(conn->fd, F_DUPFD_CLOEXEC, 0);

	if (fd >= 0)
		start(acceptor, fd, (enum weir_scope)conn->scope, &nothing);
}

/* The connection's socket, which libmicrohttpd has no longer; -errno if that failed. */
static int take_socket(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	int fd = fcntl(conn->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	weir__conn_suspend(acceptor, conn->request);
	weir__acceptor_unwatch(acceptor, conn->fd);
	if (dup2(acceptor->dead_fd, conn->fd) < 0) {
		int error = -errno;

		(void)close(fd);
		return error;
	}
	return fd;
}

void weir__linger_answer(weir_request *request, enum weir__outcome outcome)
{
	struct weir__acceptor *acceptor = request->acceptor;
	struct weir__counters *counters = weir__counters_of(acceptor, request->scope);
	struct weir__text out = WEIR__TEXT_EMPTY;
	struct weir__conn *conn = request->conn;
	enum weir_scope scope = request->scope;
	int status = request->response.status;
	int fd;

	weir__reply_print(&request->response, request->head, &out);
	fd = out.error ? -ENOMEM : take_socket(acceptor, conn);
	if (fd < 0) {
		weir__text_free(&out);
		request->cut = true;
		weir__conn_close(acceptor, conn);
		return;
	}
	weir__counter_add(&counters->early_answers, 1);
	weir__counter_add(&counters->responses[status / 100], 1);
	start(acceptor, fd, scope, &out);
	conn->unread = false;
	conn->gone = true; /* nothing more to learn from its number */
	conn->closing = true;
	weir__deadline_clear(&conn->deadline);
	weir__conn_resume(acceptor, request);
	conn->request = NULL;
	weir__request_over(request, outcome);
}

void weir__linger_expire(struct weir__acceptor *acceptor, struct weir__deadline *deadline)
{
	end(acceptor, weir__container(deadline, struct weir__linger, deadline));
}

void weir__linger_close_all(struct weir__acceptor *acceptor)
{
	struct weir__list *node, *after;

	weir__list_each_safe (node, after, &acceptor->lingers)
		end(acceptor, weir__container(node, struct weir__linger, all));
}
