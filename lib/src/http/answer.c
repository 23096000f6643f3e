/* answer.c: which answer a request gets, and how it leaves.
 *
 *	handler's result	token		answer			counted as
 *	0			any		the handler's		answered
 *	-ECANCELED		stop		503, Retry-After	cancelled
 *	-ECANCELED		deadline	504 (slow body: 408)	cancelled
 *	-ECANCELED		client gone	none			cancelled
 *	-EFBIG			any		413			answered
 *	other			any		500			answered
 *
 * An answer leaves through libmicrohttpd if the request has been received to its end, or in
 * the first call, and if its header fits into the connection's memory; else through linger.c.
 */
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>

#include "http/exchange.h"
#include "http/room.h"
#include "http/upgrade.h"

/* The reasons are all the library's own: nothing in them needs escaping. */
static int fill_json(weir_response *response, const char *reason)
{
	int error = weir__response_add(response, "Content-Type", "application/json");

	return error ? error : weir_response_printf(response, "{\"error\":\"%s\"}\n", reason);
}

static int fill(weir_response *response, int status, const char *reason)
{
	int error;

	response->status = status;
	if (status == 503 || status == 429) {
		error = weir__response_add(response, "Retry-After",
					   weir__refusal_retry_after(response->request));
		if (error)
			return error;
	}
	if (status == 426) { /* RFC 9110, 15.5.22 */
		error = weir__response_add(response, "Upgrade", response->protocol);
		if (error)
			return error;
	}
	if (!reason)
		return 0;
	if (response->request->acceptor->options.json_errors)
		return fill_json(response, reason);
	return weir_response_printf(response, "%d %s: %s\n", status,
				    MHD_get_reason_phrase_for((unsigned)status), reason);
}

/* Makes an answer in the library's own words and sends it. */
static void say(weir_request *request, int status, const char *reason, enum weir__outcome outcome)
{
	if (fill(&request->response, status, reason) || weir__reply_make(&request->response)) {
		request->cut = true; /* no memory to say even that */
		weir__conn_close(request->acceptor, request->conn);
		return;
	}
	weir__answer_queue(request, outcome);
}

void weir__answer_refuse(weir_request *request, int status, const char *reason)
{
	/* Allow, if there is one, is already among the fields. */
	say(request, status, reason, status < 400 ? WEIR__ANSWERED : WEIR__REFUSED);
}

/* The library's own words for a request that was cancelled, or whose handler failed. */
static struct weir__verdict judge_cancelled(const weir_request *request)
{
	switch (weir_token_reason(&request->token)) {
	case WEIR_REASON_CLIENT_GONE:
		return (struct weir__verdict){0, NULL, WEIR__CANCELLED};
	case WEIR_REASON_DEADLINE:
		if (request->too_slow)
			return (struct weir__verdict){408, "the body came too slowly",
						      WEIR__CANCELLED};
		return (struct weir__verdict){504, "the request's deadline has passed",
					      WEIR__CANCELLED};
	case WEIR_REASON_SHUTDOWN:
		if (request->rehearsal)
			return (struct weir__verdict){503, "a stop is being rehearsed",
						      WEIR__CANCELLED};
		return (struct weir__verdict){503, "the server is stopping", WEIR__CANCELLED};
	case WEIR_REASON_DRAINING:
		return (struct weir__verdict){503, "the server is stopping", WEIR__CANCELLED};
	default:
		return (struct weir__verdict){503, "the request was cancelled", WEIR__CANCELLED};
	}
}

struct weir__verdict weir__answer_judge(const weir_request *request, bool tripped)
{
	if (request->result == -ECANCELED && tripped)
		return judge_cancelled(request);
	/* What weir_response_upgrade() has said. */
	if (request->result == -ECANCELED && request->response.stopping)
		return (struct weir__verdict){503, "the server is stopping", WEIR__REFUSED};
	if (request->result == -EPROTO && request->response.protocol)
		return (struct weir__verdict){426, "this needs another protocol", WEIR__ANSWERED};
	if (request->result == -EFBIG)
		return (struct weir__verdict){413, "the body is too large", WEIR__ANSWERED};
	return (struct weir__verdict){500, "the handler failed", WEIR__ANSWERED};
}

int weir__answer_fill(weir_response *response, const struct weir__verdict *verdict)
{
	weir__response_reset(response);
	return fill(response, verdict->status, verdict->reason);
}

void weir__answer_cancelled(weir_request *request)
{
	struct weir__verdict verdict = judge_cancelled(request);

	weir__later_detach(request);
	weir__response_reset(&request->response);
	if (verdict.status)
		say(request, verdict.status, verdict.reason, verdict.outcome);
	else
		weir__conn_close(request->acceptor, request->conn);
}

void weir__answer_log(const weir_request *request, const char *event)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%d", -request->result);
	weir__log(request->acceptor->options.logger, WEIR_LOG_WARNING, event, NULL, "route",
		  request->route->pattern, "path", request->path, "errno", text, NULL);
}

static void say_failed(weir_request *request)
{
	struct weir__verdict verdict = weir__answer_judge(request, false);

	weir__response_reset(&request->response);
	if (verdict.status == 500)
		weir__answer_log(request, "handler-failed");
	say(request, verdict.status, verdict.reason, verdict.outcome);
}

void weir__answer_result(weir_request *request)
{
	bool tripped = weir__token_tripped(&request->token);

	if (request->cut || request->conn->gone) {
		weir__conn_close(request->acceptor, request->conn);
	} else if (request->result == -ECANCELED && tripped) {
		weir__answer_cancelled(request);
	} else if (request->result) {
		say_failed(request);
	} else if (!request->complete && request->response.kind != WEIR__BODY_MEMORY) {
		/* Too large to be sent by hand: read the rest of the body first. */
		request->discarding = true;
		request->conn->unread = true;
		weir__conn_deadline(request->acceptor, request->conn, WEIR__DEADLINE_BODY);
		weir__conn_resume(request->acceptor, request);
	} else {
		weir__answer_queue(request, WEIR__ANSWERED);
	}
}

static void count_status(const weir_request *request)
{
	struct weir__counters *counters = weir__counters_of(request->acceptor, request->scope);

	weir__counter_add(&counters->responses[request->response.status / 100], 1);
}

/* The client is told to go: the server is stopping, or its listener has been closed. */
static bool must_close(const struct weir__conn *conn)
{
	const struct weir__acceptor_options *options = &conn->request->acceptor->options;

	if (conn->listener->closing || conn->listener->handed_over ||
	    conn->request->acceptor->finishing)
		return true;
	return conn->scope == WEIR_SCOPE_PUBLIC &&
	       atomic_load_explicit(options->stopping, memory_order_relaxed);
}

/* False if it was answered otherwise. */
static bool prepare_upgrade(weir_request *request)
{
	const char *reason;
	int status = weir__upgrade_prepare(request, &reason);

	if (!status)
		return true;
	weir__response_reset(&request->response);
	say(request, status, reason, WEIR__REFUSED);
	return false;
}

void weir__answer_queue(weir_request *request, enum weir__outcome outcome)
{
	struct weir__acceptor *acceptor = request->acceptor;
	enum weir__room room = weir__room_for_answer(request);
	weir_response *response = &request->response;
	struct weir__conn *conn = request->conn;

	if (room == WEIR__ROOM_NONE && response->kind == WEIR__BODY_MEMORY) {
		weir__linger_answer(request, outcome);
		return;
	}
	if (room == WEIR__ROOM_NONE &&
	    (response->kind == WEIR__BODY_FILE || response->kind == WEIR__BODY_UPGRADE)) {
		weir__response_reset(response);
		say(request, 431, "the header leaves no room for an answer", WEIR__REFUSED);
		return;
	}
	if (response->kind == WEIR__BODY_UPGRADE && !prepare_upgrade(request))
		return;
	if (room != WEIR__ROOM_SURE) /* while it is suspended it can be asked for anything */
		weir__conn_suspend(acceptor, request);
	/* The response is this request's alone, so the field cannot leak into another. */
	if (must_close(conn) && response->kind != WEIR__BODY_UPGRADE)
		(void)MHD_add_response_header(response->mhd, MHD_HTTP_HEADER_CONNECTION, "close");
	if (MHD_queue_response(conn->mhd, (unsigned)response->status, response->mhd) == MHD_NO) {
		if (!request->complete && response->kind == WEIR__BODY_MEMORY) {
			weir__linger_answer(request, outcome);
			return;
		}
		request->cut = true;
		weir__conn_close(acceptor, conn);
		return;
	}
	count_status(request);
	MHD_destroy_response(response->mhd); /* libmicrohttpd holds its own reference */
	response->mhd = NULL;
	request->stage = WEIR__REPLYING;
	request->outcome = outcome;
	request->acked = 0;
	request->starved = false;
	weir__conn_deadline(acceptor, conn, WEIR__DEADLINE_SEND);
	weir__conn_resume(acceptor, request);
	acceptor->mhd_ready = true;
}
