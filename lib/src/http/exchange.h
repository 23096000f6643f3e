/* exchange.h: a request and its answer, between libmicrohttpd and the queue. */
#ifndef WEIR_HTTP_EXCHANGE_H
#define WEIR_HTTP_EXCHANGE_H

#include <sys/types.h>

#include "http/conn.h"

/* admit.c: finds the route of a request whose header is there, decodes its path, and sets its
 * deadline. 0, or the status of an answer without a handler. */
int weir__request_admit(weir_request *request, const char **reason);
/* admit.c: checks and routes a request whose header was put together by lib/testing. Likewise. */
int weir__request_describe(weir_request *request, const char **reason);

/* exchange.c: libmicrohttpd wants bytes of a stream; `request` is the cls. */
ssize_t weir__exchange_read_stream(void *request, uint64_t position, char *buffer, size_t size);

/* dispatch.c: a request's header is in order: it exists from now on. */
void weir__request_accept(weir_request *request);
/* dispatch.c: puts a deadline on the token, `duration` after the request was accepted; trips it
 * if that has passed. 0 or -errno. */
int weir__request_set_deadline(weir_request *request, weir_time duration);
/* dispatch.c: into the queue. 0, or -ENOSPC or -EDQUOT, and `job.refusal` says why. */
int weir__request_dispatch(weir_request *request);
/* refusal.c: the queue has refused it: one line of why, for its client. Counts it. */
const char *weir__refusal_count(const weir_request *request);
/* refusal.c: answers it; it has left the queue. */
void weir__refusal_answer(weir_request *request);
/* refusal.c: the value of Retry-After for an answer of 503, in the request's arena, or static. */
const char *weir__refusal_retry_after(weir_request *request);
/* dispatch.c: its connection is left unsuspended for one pass; see acceptor.c. */
void weir__request_expect(weir_request *request);
/* dispatch.c: out of the queue again, if no worker has it yet. */
bool weir__request_recall(weir_request *request);
/* intake.c: trips its token; answers if no handler has it. */
void weir__request_cancel(weir_request *request, enum weir_reason reason, const char *detail);
/* dispatch.c: runs an inline route's handler here and answers. */
void weir__request_run_inline(weir_request *request);
/* dispatch.c: runs the handler and makes its response as a worker does, and calls `between`
 * after the handler: for lib/testing, whose requests have no connection. */
void weir__request_run_apart(weir_request *request, void (*between)(weir_request *request));
/* dispatch.c: news from workers. */
void weir__reports_take(struct weir__acceptor *acceptor);
/* dispatch.c: the connection side of a request is over. It is finished now or, if a worker
 * has it, when that comes back. */
void weir__request_over(weir_request *request, enum weir__outcome outcome);

/* answer.c: logs that a handler has not done what it was asked for. */
void weir__answer_log(const weir_request *request, const char *event);
/* answer.c: answers in the library's own words, now or in the final call; without a body if
 * there is no reason to tell. */
void weir__answer_refuse(weir_request *request, int status, const char *reason);
/* answer.c: answers with what the handler (or nobody) said. */
void weir__answer_result(weir_request *request);
/* answer.c: gives the made response to libmicrohttpd; in the first call this closes the
 * connection. */
void weir__answer_queue(weir_request *request, enum weir__outcome outcome);
/* answer.c: what the library says instead of a handler whose result is not 0. Status 0: no
 * answer at all. `tripped`: the request's token is. */
struct weir__verdict {
	int status;
	const char *reason;
	enum weir__outcome outcome;
};
struct weir__verdict weir__answer_judge(const weir_request *request, bool tripped);
/* answer.c: puts that in place of what the handler said. 0 or -ENOMEM. */
int weir__answer_fill(weir_response *response, const struct weir__verdict *verdict);
/* answer.c: a request that was cancelled before a handler saw it. */
void weir__answer_cancelled(weir_request *request);

/* linger.c: takes the socket away from libmicrohttpd and answers by hand, because the
 * request's body has not come to its end. Finishes the request. */
void weir__linger_answer(weir_request *request, enum weir__outcome outcome);
/* linger.c: keeps reading what the client still sends after its connection was closed, so
 * that it gets to read the answer. */
void weir__linger_after(struct weir__acceptor *acceptor, const struct weir__conn *conn);
void weir__linger_expire(struct weir__acceptor *acceptor, struct weir__deadline *deadline);
void weir__linger_close_all(struct weir__acceptor *acceptor);

#endif
