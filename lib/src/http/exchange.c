/* exchange.c: libmicrohttpd's callbacks: a request as it comes in.
 *
 * libmicrohttpd (daemon.c) calls weir__exchange_handle() with a request's header (the first call),
 * then with each piece of its body, then once with nothing more to come (the final call), and again
 * as long as there is no answer. What is decided where:
 *
 *	first call	checks, routing, limits; a streamed body's handler is dispatched
 *	body calls	into the buffer or the pipe; a full pipe suspends the connection
 *	final call	refusals are answered; a buffered request is dispatched, and the
 *			connection is left unsuspended for one pass: a brief handler is done
 *			by the next call, and suspending costs four system calls
 *	next call	no answer yet: suspend until the worker reports
 *
 * An answer queued in the first call closes the connection, so it is used only where the
 * connection must close anyway.
 */
#include "http/exchange.h"

#include <errno.h>
#include <string.h>

#include "http/daemon.h"
#include "http/header.h"
#include "http/tls.h"

/* The rest of an unwanted body up to this size is read, to keep the connection. */
#define SMALL_REST ((uint64_t)64 * 1024)
/* ... and up to this size, to get an answer out that cannot overtake it. */
#define DISCARD_LIMIT ((uint64_t)64 * 1024 * 1024)

static struct weir__conn *conn_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

void *weir__exchange_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct weir__acceptor *acceptor = cls;
	struct weir__conn *conn = conn_of(mhd);
	weir_request *request;

	if (!conn || conn->closing)
		return NULL;
	if (conn->request && !conn->request->counted)
		weir__request_release(conn->request);
	conn->request = NULL;
	request = weir__request_create(acceptor, conn);
	if (!request)
		return NULL;
	request->scope = (enum weir_scope)conn->scope;
	request->peer = conn->peer;
	request->is_tls = conn->tls != NULL;
	request->client_subject = weir__tls_subject(conn->tls, &request->arena);
	request->hsts = weir__tls_hsts(conn->tls, &request->arena);
	request->target = weir__arena_copy(&request->arena, target, strlen(target));
	conn->request = request;
	conn->probed = false;
	if (acceptor->finishing && !conn->asked_stop)
		weir__conn_deadline(acceptor, conn, WEIR__DEADLINE_HANGUP);
	else if (conn->used || conn->half_closed) /* the first header's time runs already */
		weir__conn_deadline(acceptor, conn, WEIR__DEADLINE_HEADER);
	conn->used = true;
	return request;
}

size_t weir__exchange_keep_escapes(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void)cls;
	(void)mhd;
	return strlen(text);
}

/* A refusal that need not close the connection: it can wait for the final call. */
static bool can_keep(const weir_request *request, int status)
{
	if (status == 400 || status == 417 || request->framing.chunked)
		return false;
	return request->framing.length == 0 ||
	       (request->framing.length <= SMALL_REST && !request->framing.expects_continue);
}

static void begin_refusal(weir_request *request, int status, const char *reason)
{
	if (can_keep(request, status)) {
		request->refusal = status;
		request->reason = reason;
		request->discarding = true;
		if (weir__request_has_body(request))
			weir__conn_deadline(request->acceptor, request->conn, WEIR__DEADLINE_BODY);
	} else {
		request->conn->unread = weir__request_has_body(request) || status == 400;
		weir__answer_refuse(request, status, reason);
	}
}

static int begin_stream(weir_request *request)
{
	int error;

	if (!weir__request_has_body(request))
		return 0; /* dispatched in the final call */
	error = weir__pipe_create(&request->pipe);
	return error ? error : weir__request_dispatch(request);
}

/* What the client asks for has passed already, and its body is still to come: it is answered
 * now. (Without a body, the final call is next.) */
static bool expire_early(weir_request *request)
{
	if (!request->timed || !weir__request_has_body(request) ||
	    !weir__token_tripped(&request->token))
		return false;
	request->conn->unread = true;
	weir__answer_cancelled(request);
	return true;
}

/* The first call. */
static void begin(weir_request *request, const char *method, const char *version)
{
	const char *reason;
	int status = weir__header_collect(request, method, version, &reason);

	weir__request_accept(request);
	if (!status)
		status = weir__request_admit(request, &reason);
	if (!status && expire_early(request))
		return;
	if (!status && request->route->options.body == WEIR_BODY_STREAMED &&
	    begin_stream(request)) {
		status = 503;
		reason = request->job.refusal ? weir__refusal_count(request) : "out of memory";
	}
	if (status) {
		begin_refusal(request, status, reason);
		return;
	}
	if (weir__request_has_body(request))
		weir__conn_deadline(request->acceptor, request->conn, WEIR__DEADLINE_BODY);
	else
		weir__deadline_clear(&request->conn->deadline);
}

/* A piece of the body. Leaves in *size what it did not take. */
static void take_body(weir_request *request, const char *data, size_t *size)
{
	size_t taken = *size;
	int error = 0;

	if (request->discarding) {
		*size = 0;
		request->received += taken;
		if (request->received > DISCARD_LIMIT) {
			request->cut = true;
			weir__conn_close(request->acceptor, request->conn);
		}
		return;
	}
	if (request->pipe)
		taken = weir__pipe_put(request->pipe, data, taken);
	else
		error = weir__request_buffer(request, data, taken);
	if (error) {
		*size = 0;
		weir__answer_refuse(request, error == -EFBIG ? 413 : 503,
				    error == -EFBIG ? "the body is too large" : "out of memory");
		return;
	}
	*size -= taken;
	request->received += taken;
	if (*size > 0)
		weir__conn_suspend(request->acceptor, request);
}

static void dispatch_or_refuse(weir_request *request)
{
	if (request->acceptor->refusing) /* its body has come too late: the workers have gone */
		weir__answer_refuse(request, 503, "the server is stopping");
	else if (weir__request_dispatch(request))
		weir__answer_refuse(request, 503, weir__refusal_count(request));
	else
		weir__request_expect(request);
}

/* The final call, the first time: everything has been received. */
static void complete(weir_request *request)
{
	request->complete = true;
	request->conn->unread = false;
	weir__deadline_clear(&request->conn->deadline);
	if (request->refusal) {
		weir__answer_refuse(request, request->refusal, request->reason);
	} else if (request->discarding) {
		weir__answer_result(request);
	} else if (request->pipe) {
		(void)weir__pipe_end(request->pipe, 0);
		weir__request_expect(request);
	} else if (request->timed && weir__token_tripped(&request->token)) {
		weir__answer_cancelled(request); /* in vain: it never runs */
	} else if (request->route->options.run == WEIR_RUN_INLINE) {
		weir__request_run_inline(request);
	} else {
		dispatch_or_refuse(request);
	}
}

/* The final call, again: not answered in the pass it had. */
static void wait_for_worker(weir_request *request)
{
	struct weir__conn *conn = request->conn;

	weir__conn_recheck(request->acceptor, conn);
	if (!conn->closing)
		weir__conn_suspend(request->acceptor, request);
}

/* The report has been made: what is answered now would be in no account. To its client this is a
 * connection that was closed while it was idle. */
static bool comes_too_late(const struct weir__acceptor *acceptor, const weir_request *request)
{
	return acceptor->concluded && request->stage == WEIR__HEADER &&
	       request->conn->scope == WEIR_SCOPE_PUBLIC;
}

enum MHD_Result weir__exchange_handle(void *cls, struct MHD_Connection *mhd, const char *url,
				      const char *method, const char *version, const char *data,
				      size_t *size, void **context)
{
	struct weir__conn *conn = conn_of(mhd);
	weir_request *request = conn ? conn->request : NULL;

	(void)url;
	(void)context;
	if (!request || conn->closing || comes_too_late(cls, request))
		return MHD_NO;
	if (request->stage == WEIR__HEADER)
		begin(request, method, version);
	else if (*size > 0)
		take_body(request, data, size);
	else if (!request->complete)
		complete(request);
	else if (request->stage != WEIR__REPLYING)
		wait_for_worker(request);
	return MHD_YES;
}

void weir__exchange_completed(void *cls, struct MHD_Connection *mhd, void **context,
			      enum MHD_RequestTerminationCode how)
{
	struct weir__acceptor *acceptor = cls;
	struct weir__conn *conn = conn_of(mhd);
	weir_request *request = conn ? conn->request : NULL;
	bool good = how == MHD_REQUEST_TERMINATED_COMPLETED_OK;

	*context = NULL;
	if (!request)
		return;
	conn->request = NULL;
	if (conn->half_closed || conn->read_shut)
		(void)MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT,
						WEIR__MHD_TIMEOUT);
	weir__conn_deadline(acceptor, conn,
			    conn->half_closed ? WEIR__DEADLINE_HANGUP : WEIR__DEADLINE_IDLE);
	if (!request->counted) {
		weir__request_release(request);
		return;
	}
	if (good && request->stage == WEIR__REPLYING) {
		if (acceptor->draining)
			weir__conn_stop_reading(acceptor, conn);
		weir__request_over(request, request->outcome);
		return;
	}
	conn->bad_end = true;
	/* Also if it was cut: a handler may wait for room in a stream that nobody reads. */
	(void)weir_token_cancel(&request->token, WEIR_REASON_CLIENT_GONE, NULL);
	weir__request_over(request, request->cut ? WEIR__CUT : WEIR__CANCELLED);
}

ssize_t weir__exchange_read_stream(void *cls, uint64_t position, char *buffer, size_t size)
{
	weir_request *request = cls;
	ssize_t got;

	(void)position;
	request->header_sent = true; /* else libmicrohttpd would not ask */
	if (!request->conn || request->conn->closing || request->broken_off)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	got = weir__pipe_get(request->response.pipe, buffer, size);
	if (got == 0) {
		request->starved = true;
		weir__conn_suspend(request->acceptor, request);
		return 0;
	}
	if (got > 0)
		return got;
	if (got == WEIR__PIPE_AT_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	request->cut = weir_token_reason(&request->token) != WEIR_REASON_CLIENT_GONE;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}
