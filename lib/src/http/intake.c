/* intake.c: what a stop does to clients and requests, on the acceptor's thread, from its begin to
 * the cut; drain/coordinator.h says when. finish.c has what comes after.
 */
#include <errno.h>

#include "http/daemon.h"
#include "http/rehearsal.h"
#include "http/tls.h"
#include "http/upgrade.h"

#define SPARE_WORKERS 1u
/* Who has connected has a request to send, and sends it at once: its first segment comes right
 * behind the handshake's last. For so long it is not taken for one that will say nothing. */
#define NEWCOMER_PATIENCE (100 * WEIR_MILLISECOND)
/* ... and a TLS handshake in front of it takes up to two round trips, and a signature. */
#define HANDSHAKE_PATIENCE (400 * WEIR_MILLISECOND)

void weir__intake_refuse_clients(struct weir__acceptor *acceptor, void *ports)
{
	struct weir__list *node;

	weir__list_each (node, &acceptor->listeners->list) {
		struct weir__listener *listener = weir__container(node, struct weir__listener, all);

		if (listener->scope != WEIR_SCOPE_PUBLIC || listener->fd < 0)
			continue;
		weir__accept_rest(acceptor, listener);
		weir__listener_ports(listener, ports);
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
void weir__request_cancel(weir_request *request, enum weir_reason reason, const char *detail)
{
	if (request->awaits_report)
		return;
	(void)weir_token_cancel(&request->token, (int)reason, detail);
	if (!request->conn || request->stage == WEIR__REPLYING)
		return;
	if (!request->with_worker || weir__request_recall(request))
		weir__answer_cancelled(request);
}

void weir__intake_shrink(struct weir__acceptor *acceptor)
{
	uint64_t in_flight = weir__counter_get(&acceptor->in_flight);
	uint64_t open =
		weir__counter_get(&acceptor->connections) + weir__counter_get(&acceptor->upgraded);
	/* Each request needs a worker at most, and each connection may still bring one: those
	 * that were in the backlog have not said anything yet. */
	uint64_t needed = in_flight > open ? in_flight : open;

	/* Once workers are being joined, the pool is not touched from here. */
	acceptor->shrink = false;
	if (!acceptor->refusing && needed < weir__pool_now(acceptor->options.pool))
		weir__pool_shrink(acceptor->options.pool, (unsigned)needed + SPARE_WORKERS);
}

void weir__intake_progress(struct weir__acceptor *acceptor)
{
	uint64_t in_flight = weir__counter_get(&acceptor->in_flight);

	acceptor->shrink = true;
	if (in_flight == 0 && weir__counter_get(&acceptor->lingering) == 0 &&
	    weir__counter_get(&acceptor->upgraded) == 0)
		acceptor->options.idle(acceptor->options.arg);
}

void weir__intake_stop(struct weir__acceptor *acceptor, void *unused)
{
	struct weir__list *node, *after;

	(void)unused;
	weir__rehearsal_end(acceptor, -ECANCELED); /* the real thing goes first */
	acceptor->draining = true;
	weir__queue_settle(acceptor->options.queue);
	/* Nobody is let go yet, but nobody looks for more work any longer than needed. */
	weir__pool_shrink(acceptor->options.pool, acceptor->options.pool->options.maximum);
	/* With nothing in flight the next thing is the end, which closes them for less. */
	if (!weir__list_empty(&acceptor->requests))
		close_idle(acceptor);
	weir__intake_progress(acceptor);
	weir__list_each_safe (node, after, &acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);

		if (request->route && request->route->options.cancel_at == WEIR_CANCEL_AT_DRAIN)
			weir__request_cancel(request, WEIR_REASON_DRAINING, NULL);
	}
}

void weir__intake_shut(struct weir__acceptor *acceptor, void *unused)
{
	(void)unused;
	weir__accept_end_all(acceptor, WEIR_SCOPE_PUBLIC);
}

/* Connections are in the order in which they came. */
void weir__intake_newcomers(struct weir__acceptor *acceptor, void *newcomers)
{
	weir_time since = weir_now() - NEWCOMER_PATIENCE;
	unsigned *count = newcomers;
	struct weir__list *node;

	*count = 0;
	for (node = acceptor->conns.prev; node != &acceptor->conns; node = node->prev) {
		const struct weir__conn *conn = weir__container(node, struct weir__conn, all);

		if (conn->came < since - HANDSHAKE_PATIENCE)
			break;
		if (conn->came < since && !(conn->tls && weir__tls_is_fresh(conn->tls, since)))
			continue;
		*count += !conn->used && !conn->request && !conn->gone &&
			  conn->scope == WEIR_SCOPE_PUBLIC;
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
			weir__request_cancel(request, WEIR_REASON_SHUTDOWN, NULL);
	}
}

void weir__intake_refuse(struct weir__acceptor *acceptor, void *unused)
{
	struct weir__list *node, *after;

	(void)unused;
	acceptor->cancelling = true;
	acceptor->refusing = true;
	weir__list_each_safe (node, after, &acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);

		/* An ordinary one that a worker has came when nothing seemed to be in flight any
		 * more; it has its time like any other. */
		if (request->scope == WEIR_SCOPE_ADMIN || !request->with_worker)
			weir__request_cancel(request, WEIR_REASON_SHUTDOWN, NULL);
	}
}

static void name_straggler(struct weir__acceptor *acceptor, struct weir__stragglers *stragglers,
			   weir_request *request)
{
	stragglers->total++;
	if (stragglers->count == stragglers->capacity)
		return;
	weir__straggler_describe(acceptor, request, &stragglers->list[stragglers->count]);
	(void)weir_token_ref(&request->token);
	stragglers->jobs[stragglers->count] = &request->job;
	stragglers->requests[stragglers->count++] = request;
}

void weir__stragglers_settle(struct weir__stragglers *stragglers)
{
	size_t i;

	for (i = 0; i < stragglers->count; i++) {
		weir_request *request = stragglers->requests[i];

		if (!request)
			continue; /* its end has told: upgraded.c */
		stragglers->list[i].abandoned = !weir__list_empty(&request->in_flight);
		weir_token_unref(&request->token);
	}
}

void weir__intake_force(struct weir__acceptor *acceptor, void *arg)
{
	struct weir__stragglers *stragglers = arg;
	struct weir__list *node, *after;

	weir__daemon_settle(acceptor); /* what has been sent, or can be, is not cut */
	weir__list_each_safe (node, after, &acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);

		if (request->scope != WEIR_SCOPE_PUBLIC)
			continue;
		name_straggler(acceptor, stragglers, request);
		request->cut = true;
		(void)weir_token_cancel(&request->token, WEIR_REASON_SHUTDOWN, "forced");
		if (request->conn)
			weir__conn_close(acceptor, request->conn);
	}
	weir__linger_close_all(acceptor);
	weir__daemon_settle(acceptor);
	weir__upgrades_force(acceptor, stragglers);
}

void weir__intake_asked(struct weir__acceptor *acceptor)
{
	if (acceptor->inline_request && acceptor->inline_request->conn)
		acceptor->inline_request->conn->asked_stop = true;
}
