/* conn.c: see conn.h.
 *
 * States of a connection, and the deadline it is under in each:
 *
 *	FRESH (FIRST, then REST) --first line--> IN REQUEST (REST or HEADER, BODY, none, SEND)
 *	IN REQUEST --answered--> IDLE (IDLE) --first line--> IN REQUEST
 *	any --closed by libmicrohttpd--> gone
 *
 * The client watch: the socket is in the acceptor's own epoll too, edge-triggered and for
 * hang-ups only, because libmicrohttpd does not look at a suspended connection.
 *  - ERR or HUP: the client has gone (a reset, or both sides closed).
 *  - RDHUP alone: it will send no more. That is a half-close, or a client that has closed
 *    altogether: from here the two look the same. An HTTP/1.1 client must be able to skip
 *    an interim response (RFC 9110, 15.2), and a socket that is closed answers it with a
 *    reset; so one `100 Continue` tells which it is.
 */
#include "http/conn.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client_limits.h"
#include "http/exchange.h"
#include "http/tls.h"
#include "http/upgrade.h"

/* How often it is looked whether an owner has read what stood in the way. */
#define HANDED_ON_LOOK (2 * WEIR_MILLISECOND)

/* Until it is looked again whether libmicrohttpd has read all that a half-closed client sent. */
#define LOOK_AGAIN WEIR_MILLISECOND

static void hung_up(struct weir__acceptor *acceptor, struct weir__watch *watch, uint32_t events);

static void refuse(struct weir__acceptor *acceptor, enum weir_scope scope)
{
	weir__counter_add(&weir__counters_of(acceptor, scope)->connections_refused, 1);
}

static void free_conn(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	weir__clients_give_back(&acceptor->clients, conn->client, WEIR__CLIENT_CONNECTIONS);
	free(conn);
}

void weir__conn_add(struct weir__acceptor *acceptor, int fd, const union weir__address *peer,
		    socklen_t peer_size, struct weir__listener *listener)
{
	struct weir__conn *conn = calloc(1, sizeof(*conn));
	enum weir_scope scope = listener->scope;

	weir__counter_add(&weir__counters_of(acceptor, scope)->connections_accepted, 1);
	if (!conn) {
		refuse(acceptor, scope);
		(void)close(fd);
		return;
	}
	conn->watch.ready = hung_up;
	conn->fd = fd;
	conn->listener = listener;
	conn->scope = (uint8_t)scope;
	conn->came = weir_now();
	conn->peer = *peer;
	weir__list_init(&conn->all);
	weir__deadline_init(&conn->deadline);
	if (scope == WEIR_SCOPE_PUBLIC && !weir__limits_connection(acceptor, peer, &conn->client)) {
		refuse(acceptor, scope);
		(void)close(fd);
		free(conn);
		return;
	}
	acceptor->adding = conn;
	if (MHD_add_connection(listener->tls ? acceptor->mhd_tls : acceptor->mhd, fd, &peer->any,
			       peer->any.sa_family == AF_UNSPEC ? 0 : peer_size) == MHD_NO) {
		/* It has closed the socket. If it got as far as telling us of the connection, it
		 * has told us of its end, too. */
		if (acceptor->adding) {
			free_conn(acceptor, conn);
			refuse(acceptor, scope);
		}
		acceptor->adding = NULL;
	} else if (weir__acceptor_watch(acceptor, fd, EPOLLRDHUP | EPOLLET, &conn->watch)) {
		/* Not watched before: a socket that libmicrohttpd had closed then would stay in
		 * our epoll for as long as a child of a fork() holds it, and tell of a connection
		 * that has been freed. */
		weir__conn_close(acceptor, conn);
	}
	acceptor->mhd_ready = true;
}

void weir__conn_started(struct weir__acceptor *acceptor, struct MHD_Connection *mhd, void **context)
{
	struct weir__conn *conn = acceptor->adding;

	acceptor->adding = NULL;
	*context = conn;
	if (!conn)
		return;
	conn->mhd = mhd;
	weir__listener_hold(conn->listener);
	weir__list_append(&acceptor->conns, &conn->all);
	acceptor->conn_count++;
	if (conn->scope == WEIR_SCOPE_PUBLIC)
		weir__counter_add(&acceptor->connections, 1);
	weir__conn_deadline(acceptor, conn, WEIR__DEADLINE_FIRST);
	if (conn->listener->tls && weir__tls_begin(acceptor, conn))
		weir__conn_close(acceptor, conn);
}

/* What it still has to read, if anything, would turn our close into a reset. */
static bool has_unread(const struct weir__conn *conn)
{
	int unread = 0;

	return conn->unread || (ioctl(conn->fd, FIONREAD, &unread) == 0 && unread > 0);
}

void weir__conn_closed(struct weir__acceptor *acceptor, void **context)
{
	struct weir__conn *conn = *context;
	struct weir__counters *counters;

	*context = NULL;
	if (!conn)
		return;
	counters = weir__counters_of(acceptor, conn->scope);
	if (conn->request) { /* libmicrohttpd told us of it before anything was counted */
		if (conn->request->counted) {
			conn->bad_end = true;
			(void)weir_token_cancel(&conn->request->token, WEIR_REASON_CLIENT_GONE,
						NULL);
			weir__request_over(conn->request, WEIR__CANCELLED);
		} else {
			weir__request_release(conn->request);
		}
		conn->request = NULL;
	}
	/* Closing takes it out, too, but not if a child of a fork() holds the socket. */
	if (!acceptor->ended)
		weir__acceptor_unwatch(acceptor, conn->fd);
	if (weir__tls_end(conn->tls)) /* libmicrohttpd has freed the session */
		conn->unread = true;
	if (!acceptor->ended && !conn->gone && !conn->closing && has_unread(conn))
		weir__linger_after(acceptor, conn);
	if (!conn->upgraded)
		weir__counter_add(conn->bad_end ? &counters->connections_cut
						: &counters->connections_closed,
				  1);
	weir__deadline_clear(&conn->deadline);
	weir__list_remove(&conn->all);
	if (!conn->upgraded)
		acceptor->conn_count--;
	if (conn->tls && (conn->upgraded || conn->leaving) && acceptor->leaving > 0)
		acceptor->leaving--;
	acceptor->shrink = acceptor->draining;
	if (acceptor->finishing && !conn->idle_end)
		acceptor->unfinished--;
	if (acceptor->finishing && conn->asked_stop)
		acceptor->askers--;
	if (conn->scope == WEIR_SCOPE_PUBLIC && !conn->upgraded)
		weir__counter_sub(&acceptor->connections, 1);
	weir__listener_release(conn->listener);
	if (acceptor->handed_over && weir__counter_get(&acceptor->connections) == 0)
		acceptor->options.idle(acceptor->options.arg);
	free_conn(acceptor, conn);
	weir__accept_resume(acceptor);
}

void weir__conn_deadline(struct weir__acceptor *acceptor, struct weir__conn *conn,
			 enum weir__deadline_class class)
{
	/* Nothing more will come: what has come is looked at, and then it is over. */
	if ((conn->half_closed || conn->gone) &&
	    (class == WEIR__DEADLINE_HEADER || class == WEIR__DEADLINE_BODY))
		class = WEIR__DEADLINE_HANGUP;
	weir__deadline_set(&acceptor->deadlines, &conn->deadline, class, acceptor->now);
}

void weir__conn_suspend(struct weir__acceptor *acceptor, weir_request *request)
{
	(void)acceptor;
	if (request->suspended)
		return;
	request->suspended = true;
	MHD_suspend_connection(request->conn->mhd);
}

/* Before 1.0.10 libmicrohttpd reads from a resumed connection before it looks at its answer,
 * and takes the end that a half-closed client has sent, or that our own shutting down of its
 * reading side has made, for a lost connection. It looks first at connections with a timeout
 * of their own, so this one gets one. */
static void protect_half_closed(const struct weir__conn *conn)
{
	if (conn->half_closed || conn->read_shut)
		(void)MHD_set_connection_option(conn->mhd, MHD_CONNECTION_OPTION_TIMEOUT,
						WEIR__MHD_TIMEOUT + 1u);
}

void weir__conn_resume(struct weir__acceptor *acceptor, weir_request *request)
{
	if (!request->suspended || !request->conn)
		return;
	protect_half_closed(request->conn);
	request->suspended = false;
	MHD_resume_connection(request->conn->mhd);
	acceptor->mhd_ready = true;
}

void weir__conn_stop_reading(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	if ((conn->scope != WEIR_SCOPE_PUBLIC && !acceptor->finishing) || conn->read_shut)
		return;
	conn->read_shut = true;
	(void)shutdown(conn->fd, SHUT_RD);
	acceptor->mhd_ready = true;
}

void weir__conn_close(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	conn->closing = true;
	(void)shutdown(conn->fd, SHUT_RDWR);
	if (conn->request)
		weir__conn_resume(acceptor, conn->request);
	acceptor->mhd_ready = true;
}

static void client_gone(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	weir_request *request = conn->request;

	conn->gone = true;
	if (!request || !request->counted) {
		/* libmicrohttpd may overlook the end if it comes with something to read. */
		weir__conn_deadline(acceptor, conn, WEIR__DEADLINE_HANGUP);
		return;
	}
	(void)weir_token_cancel(&request->token, WEIR_REASON_CLIENT_GONE, NULL);
	if (request->with_worker && !weir__request_recall(request))
		return; /* the connection waits for its handler */
	weir__conn_close(acceptor, conn);
}

static bool send_now(const struct weir__conn *conn, const char *data, size_t size)
{
	if (conn->tls)
		return weir__tls_send(conn->tls, data, size);
	return send(conn->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

/* Asks whether a client that sends no more still listens; see above. */
static void probe(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	weir_request *request = conn->request;

	if (conn->probed || request->http_1_0 || request->stage == WEIR__REPLYING ||
	    !request->counted || conn->peer.any.sa_family == AF_UNSPEC)
		return;
	conn->probed = true;
	if (send_now(conn, interim, sizeof(interim) - 1))
		weir__counter_add(&weir__counters_of(acceptor, conn->scope)->probes, 1);
}

void weir__conn_recheck(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	if (conn->gone)
		client_gone(acceptor, conn);
	else if (conn->half_closed)
		probe(acceptor, conn);
}

static void hung_up(struct weir__acceptor *acceptor, struct weir__watch *watch, uint32_t events)
{
	struct weir__conn *conn = weir__container(watch, struct weir__conn, watch);

	if (conn->upgraded) { /* over TLS */
		conn->half_closed = true;
		conn->gone = conn->gone || events & (EPOLLERR | EPOLLHUP);
		weir__conn_deadline(acceptor, conn, WEIR__DEADLINE_HANGUP);
		return;
	}
	if (conn->closing)
		return;
	if (events & EPOLLERR || (events & EPOLLHUP && !conn->read_shut)) {
		client_gone(acceptor, conn);
		return;
	}
	if (!(events & EPOLLRDHUP) || conn->read_shut || conn->half_closed)
		return;
	conn->half_closed = true;
	if (conn->request && (conn->request->complete || conn->request->stage == WEIR__REPLYING))
		probe(acceptor, conn);
	else
		weir__conn_deadline(acceptor, conn, WEIR__DEADLINE_HANGUP);
}

/* The client has sent the end in the middle of a body. */
static void end_in_body(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	weir_request *request = conn->request;

	if (request->with_worker || conn->gone)
		client_gone(acceptor, conn);
	else if (request->refusal)
		weir__answer_refuse(request, request->refusal, request->reason);
	else
		weir__answer_refuse(request, 400, "the body is not whole");
}

void weir__conn_expire_hangup(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	weir_request *request = conn->request;
	int unread = 0;

	if (conn->upgraded) {
		if (!weir__upgraded_hung_up(acceptor, conn))
			weir__deadline_set(&acceptor->deadlines, &conn->deadline,
					   WEIR__DEADLINE_HANGUP, acceptor->now + HANDED_ON_LOOK);
		acceptor->mhd_ready = true;
		return;
	}
	if (request && request->suspended) { /* the handler does not read */
		weir__deadline_set(&acceptor->deadlines, &conn->deadline, WEIR__DEADLINE_BODY,
				   acceptor->now);
		return;
	}
	if ((ioctl(conn->fd, FIONREAD, &unread) == 0 && unread > 0) ||
	    weir__tls_has_unread(conn->tls)) {
		/* Once more, but not in this round: libmicrohttpd reads a piece in each. */
		weir__deadline_set(&acceptor->deadlines, &conn->deadline, WEIR__DEADLINE_HANGUP,
				   acceptor->now + (acceptor->finishing ? 1 : LOOK_AGAIN));
		acceptor->mhd_ready = true;
		return;
	}
	if (request && request->counted) {
		end_in_body(acceptor, conn);
		return;
	}
	weir__tls_bye(conn->tls);
	(void)shutdown(conn->fd, SHUT_RDWR);
	acceptor->mhd_ready = true;
}
