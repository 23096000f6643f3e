/* expire.c: what happens when a connection's deadline has passed; deadlines.h says which there are.
 *
 * The first byte, the header and idleness are ended without an answer. A header that is not
 * complete may be none at all, and a 408 on an idle connection is taken for the answer to a
 * request that crosses it. Bodies and answers have windows: what must move in one is its length
 * times the least rate. Each kind is counted by itself, so that an operator sees which attack, or
 * which limit of his own, it is.
 */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "http/exchange.h"
#include "http/tls.h"

#define COUNT(acceptor, conn, field)                                                               \
	weir__counter_add(&weir__counters_of(acceptor, (conn)->scope)->field, 1)

/* Has anything come? libmicrohttpd may have read it, and does not say. A Unix socket does not
 * know: there the header's deadline is the only one. */
static bool has_begun(const struct weir__conn *conn)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	if (conn->used || getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &size))
		return true;
	return info.tcpi_bytes_received > 0;
}

static void expire_first(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	if (has_begun(conn)) {
		weir__conn_deadline(acceptor, conn, WEIR__DEADLINE_REST);
		return;
	}
	COUNT(acceptor, conn, first_byte_timeouts);
	weir__tls_bye(conn->tls);
	weir__conn_close(acceptor, conn);
}

static void expire_header(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	COUNT(acceptor, conn, header_timeouts);
	weir__tls_bye(conn->tls);
	weir__conn_close(acceptor, conn);
}

/* The kernel would go on offering what the client does not take, with nobody left to give up:
 * a reset throws it away (tcp(7); SO_LINGER in socket(7)). */
static void abandon(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	const struct linger none = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	weir__conn_close(acceptor, conn);
}

static void expire_idle(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	int waiting = 0;

	COUNT(acceptor, conn, idle_timeouts);
	if (ioctl(conn->fd, SIOCOUTQ, &waiting) == 0 && waiting > 0) {
		abandon(acceptor, conn); /* its last answer has not been taken all this time */
		return;
	}
	weir__tls_bye(conn->tls);
	weir__conn_close(acceptor, conn);
}

/* What must move in a window, at so many bytes a second; at least one byte. */
static uint64_t least_progress(weir_time window, uint64_t rate)
{
	uint64_t milliseconds = (uint64_t)(window / WEIR_MILLISECOND);
	uint64_t bytes;

	if (__builtin_mul_overflow(milliseconds, rate, &bytes))
		bytes = UINT64_MAX;
	return bytes >= 1000 ? bytes / 1000 : 1;
}

static void expire_body(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	const struct weir__acceptor_options *options = &acceptor->options;
	weir_request *request = conn->request;
	uint64_t moved = request->received - request->window_received;

	/* Suspended: it is the handler that does not read. */
	if (request->suspended ||
	    moved >= least_progress(options->body_timeout, options->body_min_rate)) {
		request->window_received = request->received;
		weir__conn_deadline(acceptor, conn, WEIR__DEADLINE_BODY);
		return;
	}
	COUNT(acceptor, conn, body_timeouts);
	request->too_slow = true;
	if (request->with_worker) {
		(void)weir_token_cancel(&request->token, WEIR_REASON_DEADLINE,
					"the body came too slowly");
		if (!weir__request_recall(request))
			return;
	}
	if (request->refusal) { /* the rest was only read to be nice */
		weir__answer_refuse(request, request->refusal, request->reason);
		return;
	}
	weir__response_reset(&request->response);
	weir__answer_refuse(request, 408, "the body came too slowly");
}

/* Bytes that were sent and that the client's kernel has not acknowledged; of a Unix socket, that
 * the peer has not read (SIOCOUTQ in tcp(7) and unix(7)). */
static uint64_t outstanding_of(const struct weir__conn *conn)
{
	int waiting = 0;

	(void)ioctl(conn->fd, SIOCOUTQ, &waiting);
	return (uint64_t)waiting;
}

/* Bytes that the client's kernel has acknowledged; a change is progress. A Unix socket has
 * no such count, but the number of bytes that are outstanding. */
static uint64_t progress_of(const struct weir__conn *conn)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	if (getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0)
		return info.tcpi_bytes_acked;
	return outstanding_of(conn);
}

/* Whether the client has taken enough since the last look. Who has taken all that was sent has, and
 * so has who was first sent something in this window. If the handler has let it wait, or if there
 * is no count of bytes, anything is. */
static bool takes_enough(const struct weir__acceptor *acceptor, const struct weir__conn *conn,
			 uint64_t progress)
{
	const struct weir__acceptor_options *options = &acceptor->options;
	const weir_request *request = conn->request;

	if (request->acked == 0 /* not yet looked at */ || outstanding_of(conn) == 0)
		return true;
	if (request->starved || conn->peer.any.sa_family == AF_UNSPEC)
		return progress != request->acked || !request->owed;
	return progress - request->acked >=
	       least_progress(options->write_timeout, options->write_min_rate);
}

static void expire_send(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	weir_request *request = conn->request;
	uint64_t progress = progress_of(conn) + 1; /* 0 is "not yet looked" */

	if (conn->upgraded) { /* its owner has closed it, and the client does not take the rest */
		(void)shutdown(conn->fd, SHUT_RDWR);
		acceptor->mhd_ready = true;
		return;
	}
	if (request->suspended || takes_enough(acceptor, conn, progress)) {
		request->acked = progress;
		request->owed = outstanding_of(conn) > 0;
		request->starved = request->suspended;
		weir__conn_deadline(acceptor, conn, WEIR__DEADLINE_SEND);
		return;
	}
	COUNT(acceptor, conn, write_timeouts);
	request->cut = true;
	(void)weir_token_cancel(&request->token, WEIR_REASON_CLIENT_GONE,
				"the client does not take its answer");
	abandon(acceptor, conn);
}

void weir__conn_expire(struct weir__acceptor *acceptor, struct weir__conn *conn,
		       enum weir__deadline_class class)
{
	switch (class) {
	case WEIR__DEADLINE_HANGUP:
		weir__conn_expire_hangup(acceptor, conn);
		break;
	case WEIR__DEADLINE_FIRST:
		expire_first(acceptor, conn);
		break;
	case WEIR__DEADLINE_REST:
	case WEIR__DEADLINE_HEADER:
		expire_header(acceptor, conn);
		break;
	case WEIR__DEADLINE_IDLE:
		expire_idle(acceptor, conn);
		break;
	case WEIR__DEADLINE_BODY:
		expire_body(acceptor, conn);
		break;
	case WEIR__DEADLINE_SEND:
		expire_send(acceptor, conn);
		break;
	case WEIR__DEADLINE_LINGER:
	case WEIR__DEADLINE_COUNT:
		break;
	}
}
