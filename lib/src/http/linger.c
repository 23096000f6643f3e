/* linger.c: sockets that outlive their connection.
 *
 * A server that answers and closes while its client is still sending resets the client: the
 * kernel answers bytes for a closed socket with a reset, which can overtake the answer. RFC
 * 9112, 9.6 has the server close its writing side and read on until the client has closed
 * its own. That happens here: the bytes are thrown away, within bounds of time and size.
 *
 * libmicrohttpd cannot answer before a body has come to its end, nor with a header that does
 * not fit into the connection's memory. Where that is needed (an upload that is cancelled, too
 * large or too slow; a request whose header leaves no room) the socket is taken away from it:
 * suspended, so that it is out of libmicrohttpd's epoll; duplicated; and its old number
 * given, by dup2(2), to a socket whose peer is closed. libmicrohttpd then reads the end of
 * a lost connection and cleans up after itself, and the duplicate is ours to write the
 * answer to; over TLS, sealed before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "http/exchange.h"
#include "http/tls.h"

#define MOST_BYTES ((size_t)256 * 1024 * 1024)
/* What is read of one socket before the others get their turn. */
#define MOST_AT_ONCE ((size_t)1024 * 1024)

struct weir__linger {
	struct weir__watch watch;
	struct weir__list all;
	struct weir__deadline deadline;
	int fd;
	enum weir_scope scope;
	struct weir__client *client; /* see struct weir__conn */
	struct weir__text out;       /* the answer by hand */
	size_t sent;
	bool shut;      /* all was sent, and our writing side is closed */
	bool heard_all; /* the client's is, too */
	size_t swallowed;
};

#define EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

static void end(struct weir__acceptor *acceptor, struct weir__linger *linger)
{
	weir__acceptor_unwatch(acceptor, linger->fd);
	(void)close(linger->fd);
	weir__deadline_clear(&linger->deadline);
	weir__list_remove(&linger->all);
	weir__text_free(&linger->out);
	acceptor->conn_count--;
	weir__clients_give_back(&acceptor->clients, linger->client, WEIR__CLIENT_CONNECTIONS);
	if (linger->scope == WEIR_SCOPE_PUBLIC) {
		weir__counter_sub(&acceptor->lingering, 1);
		if (acceptor->draining)
			weir__intake_progress(acceptor);
	}
	free(linger);
	weir__accept_resume(acceptor);
}

static void set_deadline(struct weir__acceptor *acceptor, struct weir__linger *linger)
{
	weir__deadline_set(&acceptor->deadlines, &linger->deadline, WEIR__DEADLINE_LINGER,
			   acceptor->now);
}

/* False when the socket is of no more use. A client that takes its answer has time to. */
static bool send_rest(struct weir__acceptor *acceptor, struct weir__linger *linger)
{
	while (linger->sent < linger->out.size) {
		ssize_t done = send(linger->fd, linger->out.data + linger->sent,
				    linger->out.size - linger->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN;
		linger->sent += (size_t)done;
		set_deadline(acceptor, linger);
	}
	if (!linger->shut) {
		linger->shut = true;
		(void)shutdown(linger->fd, SHUT_WR);
	}
	return true;
}

/* Likewise. */
static bool swallow(struct weir__acceptor *acceptor, struct weir__linger *linger)
{
	struct epoll_event again = {.events = EVENTS, .data.ptr = &linger->watch};
	size_t limit = linger->swallowed + MOST_AT_ONCE;
	char waste[16384];

	while (!linger->heard_all && linger->swallowed < limit) {
		ssize_t got = recv(linger->fd, waste, sizeof(waste), MSG_DONTWAIT);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN;
		linger->heard_all = got == 0;
		linger->swallowed += (size_t)got;
	}
	if (!linger->heard_all) /* what is left makes no new edge: ask for one */
		(void)epoll_ctl(acceptor->epoll_fd, EPOLL_CTL_MOD, linger->fd, &again);
	return linger->swallowed <= MOST_BYTES;
}

/* False when it is over: the client has the answer and has closed, or is lost. */
static bool go_on(struct weir__acceptor *acceptor, struct weir__linger *linger)
{
	return send_rest(acceptor, linger) && swallow(acceptor, linger) &&
	       !(linger->shut && linger->heard_all);
}

static void ready(struct weir__acceptor *acceptor, struct weir__watch *watch, uint32_t events)
{
	struct weir__linger *linger = weir__container(watch, struct weir__linger, watch);

	(void)events;
	if (!go_on(acceptor, linger))
		end(acceptor, linger);
}

static struct weir__linger *create(const struct weir__conn *conn)
{
	struct weir__linger *linger = calloc(1, sizeof(*linger));

	if (!linger)
		return NULL;
	linger->watch.ready = ready;
	linger->scope = (enum weir_scope)conn->scope;
	weir__list_init(&linger->all);
	weir__deadline_init(&linger->deadline);
	return linger;
}

/* Takes fd. */
static void start(struct weir__acceptor *acceptor, struct weir__linger *linger, int fd)
{
	linger->fd = fd;
	weir__list_append(&acceptor->lingers, &linger->all);
	acceptor->conn_count++;
	if (linger->scope == WEIR_SCOPE_PUBLIC)
		weir__counter_add(&acceptor->lingering, 1);
	set_deadline(acceptor, linger);
	if (!go_on(acceptor, linger) || weir__acceptor_watch(acceptor, fd, EVENTS, &linger->watch))
		end(acceptor, linger);
}

void weir__linger_after(struct weir__acceptor *acceptor, const struct weir__conn *conn)
{
	struct weir__linger *linger = create(conn);
	int fd;

	if (!linger)
		return;
	fd = fcntl(conn->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0) {
		free(linger);
		return;
	}
	linger->client = weir__clients_hold(conn->client, WEIR__CLIENT_CONNECTIONS);
	start(acceptor, linger, fd);
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
	struct weir__conn *conn = request->conn;
	struct weir__linger *linger = create(conn);
	int fd;

	if (!linger)
		goto cut;
	weir__reply_print(&request->response, request->head, &linger->out);
	if (linger->out.error)
		goto free_linger;
	if (conn->tls && weir__tls_seal(conn->tls, &linger->out))
		goto free_linger;
	fd = take_socket(acceptor, conn);
	if (fd < 0)
		goto free_linger;
	if (!request->complete)
		weir__counter_add(&counters->early_answers, 1);
	weir__counter_add(&counters->responses[request->response.status / 100], 1);
	linger->client = weir__clients_hold(conn->client, WEIR__CLIENT_CONNECTIONS);
	start(acceptor, linger, fd);
	conn->unread = false;
	conn->gone = true; /* nothing more to learn from its number */
	conn->closing = true;
	weir__deadline_clear(&conn->deadline);
	weir__conn_resume(acceptor, request);
	conn->request = NULL;
	weir__request_over(request, outcome);
	return;

free_linger:
	weir__text_free(&linger->out);
	free(linger);
cut:
	request->cut = true;
	weir__conn_close(acceptor, conn);
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
