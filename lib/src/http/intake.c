/* intake.c: what a stop does on the acceptor's thread; drain/coordinator.h says when. */
#include <microhttpd.h>
#include <sys/socket.h>

#include "http/exchange.h"

/* Answers that are being cut or sent get this many rounds to be noticed as such. */
#define ROUNDS 3
/* What a confirmation may take to leave even if the stop is late. */
#define LAST_WORDS (200 * WEIR_MILLISECOND)

static void close_listeners(struct weir__acceptor *acceptor, enum weir_scope scope)
{
	size_t i;

	for (i = 0; i < acceptor->listener_count; i++) {
		struct weir__listener *listener = &acceptor->listeners[i];

		if (listener->scope != scope || listener->fd < 0)
			continue;
		weir__accept_all(acceptor, listener);
		weir__acceptor_unwatch(acceptor, listener->fd);
		weir__listener_close(listener);
	}
}

/* Idle connections are closed. One that has never had a request may be about to send it: a
 * client that has just connected is not idle. It holds nobody up, either: it is not in
 * flight, and closed in the end. */
static void close_idle(struct weir__acceptor *acceptor)
{
	struct weir__counters *counters = weir__counters_of(acceptor, WEIR_SCOPE_PUBLIC);
	struct weir__list *node, *after;

	weir__list_each_safe (node, after, &acceptor->conns) {
		struct weir__conn *conn = weir__container(node, struct weir__conn, all);

		if (conn->request || !conn->used || conn->scope != WEIR_SCOPE_PUBLIC)
			continue;
		weir__conn_stop_reading(acceptor, conn);
		weir__counter_add(&counters->idle_closed, 1);
	}
}

/* Trips a request's token; if no handler has it, answers. */
static void cancel_request(weir_request *request, enum weir_reason reason)
{
	(void)weir_token_cancel(&request->token, (int)reason, NULL);
	if (!request->conn || request->stage == WEIR__REPLYING)
		return;
	if (!request->with_worker || weir__request_recall(request))
		weir__answer_cancelled(request);
}

void weir__intake_stop(struct weir__acceptor *acceptor, void *unused)
{
	struct weir__list *node, *after;

	(void)unused;
	acceptor->draining = true;
	close_listeners(acceptor, WEIR_SCOPE_PUBLIC);
	close_idle(acceptor);
	weir__list_each_safe (node, after, &acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);

		if (request->route && request->route->options.cancel_at == WEIR_CANCEL_AT_DRAIN)
			cancel_request(request, WEIR_REASON_DRAINING);
	}
}

void weir__intake_cancel(struct weir__acceptor *acceptor, void *unused)
{
	struct weir__list *node, *after;

	(void)unused;
	acceptor->cancelling = true;
	weir__list_each_safe (node, after, &acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);

		if (request->scope == WEIR_SCOPE_PUBLIC)
			cancel_request(request, WEIR_REASON_SHUTDOWN);
	}
}

void weir__intake_refuse(struct weir__acceptor *acceptor, void *unused)
{
	(void)unused;
	acceptor->cancelling = true;
}

static void run_rounds(struct weir__acceptor *acceptor)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		(void)MHD_run(acceptor->mhd);
	acceptor->mhd_ready = true;
}

void weir__intake_force(struct weir__acceptor *acceptor, void *arg)
{
	struct weir__stragglers *stragglers = arg;
	struct weir__list *node, *after;

	weir__list_each_safe (node, after, &acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);

		if (request->scope != WEIR_SCOPE_PUBLIC)
			continue;
		if (stragglers->count < stragglers->capacity)
			weir__straggler_describe(acceptor, request,
						 &stragglers->list[stragglers->count++]);
		stragglers->total++;
		request->cut = true;
		(void)weir_token_cancel(&request->token, WEIR_REASON_SHUTDOWN, "forced");
		if (request->conn)
			weir__conn_close(acceptor, request->conn);
	}
	weir__linger_close_all(acceptor);
	run_rounds(acceptor);
}

void weir__intake_finish(struct weir__acceptor *acceptor, void *arg)
{
	weir_time until = *(const weir_time *)arg;
	weir_time least = weir_now() + LAST_WORDS;
	struct weir__list *node, *after;

	acceptor->cancelling = true;
	close_listeners(acceptor, WEIR_SCOPE_ADMIN);
	weir__list_each_safe (node, after, &acceptor->conns) {
		struct weir__conn *conn = weir__container(node, struct weir__conn, all);

		if (conn->request && conn->request->stage != WEIR__HEADER)
			continue;
		if (!conn->request && !conn->read_shut && conn->scope == WEIR_SCOPE_PUBLIC)
			weir__counter_add(&acceptor->counters[WEIR_SCOPE_PUBLIC].idle_closed, 1);
		conn->read_shut = true;
		(void)shutdown(conn->fd, SHUT_RD);
	}
	acceptor->finishing = true;
	acceptor->finish_by = until > least ? until : least;
	acceptor->mhd_ready = true;
}
