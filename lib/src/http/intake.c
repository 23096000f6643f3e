/* intake.c: what a stop does on the acceptor's thread; drain/coordinator.h says when. */
#include <errno.h>
#include <microhttpd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/text.h"
#include "http/exchange.h"
#include "http/rehearsal.h"
#include "http/tls.h"
#include "http/upgrade.h"

#define SPARE_WORKERS 1u
/* Who has connected has a request to send, and sends it at once: its first segment comes right
 * behind the handshake's last. For so long it is not taken for one that will say nothing. */
#define NEWCOMER_PATIENCE (100 * WEIR_MILLISECOND)
/* ... and a TLS handshake in front of it takes up to two round trips, and a signature. */
#define HANDSHAKE_PATIENCE (400 * WEIR_MILLISECOND)
/* libmicrohttpd has this many rounds, or this much time if that is more, to send what it can or
 * to notice what is cut. It takes up to three to send a short answer and see that it was sent,
 * and one for each piece of a stream. */
#define ROUNDS 16
#define ROUNDS_TIME (10 * WEIR_MILLISECOND)
/* What a confirmation may take to leave even if the stop is late. */
#define LAST_WORDS (200 * WEIR_MILLISECOND)

static void close_listeners(struct weir__acceptor *acceptor, enum weir_scope scope)
{
	struct weir__list *node;

	weir__list_each (node, &acceptor->listeners->list) {
		struct weir__listener *listener = weir__container(node, struct weir__listener, all);

		if (listener->scope == scope && listener->fd >= 0)
			weir__accept_end(acceptor, listener);
	}
}

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
	close_listeners(acceptor, WEIR_SCOPE_PUBLIC);
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

static void run_rounds(struct weir__acceptor *acceptor)
{
	weir_time until = weir_after(ROUNDS_TIME);
	int i = 0;

	while (weir__exchange_run(acceptor) && (++i < ROUNDS || weir_now() < until))
		continue;
	acceptor->mhd_ready = true;
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

	run_rounds(acceptor); /* what has been sent, or can be, is not cut */
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
	run_rounds(acceptor);
	weir__upgrades_force(acceptor, stragglers);
}

/* Nothing of a request is there: the connection may be closed as it is. */
static bool may_end_with_thread(struct weir__conn *conn)
{
	int unread = 0;

	conn->idle_end = !conn->request && ioctl(conn->fd, FIONREAD, &unread) == 0 &&
			 unread == 0 && !weir__tls_has_unread(conn->tls);
	return conn->idle_end;
}

/* The workers have ended, but for those that never will: who waits for one waits in vain. */
static void give_up(struct weir__acceptor *acceptor)
{
	struct weir__list *node, *after;

	weir__reports_take(acceptor);
	weir__list_each_safe (node, after, &acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);

		if (!request->with_worker) {
			weir__request_cancel(request, WEIR_REASON_SHUTDOWN, NULL);
		} else if (request->conn) {
			request->cut = true;
			weir__conn_close(acceptor, request->conn);
		}
	}
}

void weir__intake_finish(struct weir__acceptor *acceptor, void *arg)
{
	weir_time until = *(const weir_time *)arg;
	weir_time least = weir_now() + LAST_WORDS;
	struct weir__list *node, *after;

	acceptor->cancelling = true;
	acceptor->refusing = true;
	close_listeners(acceptor, WEIR_SCOPE_ADMIN);
	give_up(acceptor);
	weir__list_each_safe (node, after, &acceptor->conns) {
		struct weir__conn *conn = weir__container(node, struct weir__conn, all);

		if (conn->request && conn->request->awaits_report) {
			conn->idle_end = true; /* waited for apart */
			conn->asked_stop = false;
			continue;
		}
		if (conn->asked_stop && !conn->request) {
			conn->idle_end = true; /* not closed in its face while it asks */
			acceptor->askers++;
			continue;
		}
		conn->asked_stop = false;
		acceptor->unfinished++;
		if (conn->upgraded) /* over TLS: it goes when its owner has closed it */
			continue;
		if (conn->request && conn->request->stage != WEIR__HEADER)
			continue;
		if (!conn->request && !conn->read_shut && conn->scope == WEIR_SCOPE_PUBLIC)
			weir__counter_add(&acceptor->counters[WEIR_SCOPE_PUBLIC].idle_closed, 1);
		if (may_end_with_thread(conn)) {
			acceptor->unfinished--;
			continue;
		}
		conn->read_shut = true;
		(void)shutdown(conn->fd, SHUT_RD);
		/* libmicrohttpd may overlook the end if it comes with something to read. */
		weir__conn_deadline(acceptor, conn, WEIR__DEADLINE_HANGUP);
	}
	acceptor->finishing = true;
	acceptor->finish_by = until > least ? until : least;
	acceptor->ask_by = least;
	acceptor->mhd_ready = true;
}

static void cut_all(struct weir__acceptor *acceptor)
{
	struct weir__list *node, *after;

	weir__list_each_safe (node, after, &acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);

		if (request->awaits_report && !acceptor->ended)
			continue;
		request->cut = true;
		if (request->conn)
			weir__conn_close(acceptor, request->conn);
	}
}

static void tell_report(weir_request *request, const struct weir__text *report)
{
	weir_response *response = &request->response;
	int error = report->error;

	request->awaits_report = false;
	request->tells_report = true;
	request->acceptor->telling++;
	weir__response_reset(response);
	if (!error)
		error = weir_response_header(response, "Content-Type", "application/json");
	if (!error)
		error = weir_response_body(response, report->data, report->size);
	request->result = error ? error : weir__reply_make(response);
	weir__answer_result(request);
}

void weir__intake_asked(struct weir__acceptor *acceptor)
{
	if (acceptor->inline_request && acceptor->inline_request->conn)
		acceptor->inline_request->conn->asked_stop = true;
}

void weir__intake_conclude(struct weir__acceptor *acceptor)
{
	struct weir__text report = WEIR__TEXT_EMPTY;
	struct weir__list *node, *after;

	run_rounds(acceptor); /* all may be sent, but not yet accounted for */
	cut_all(acceptor);
	run_rounds(acceptor);
	weir__reports_take(acceptor);
	weir__upgrades_take(acceptor);
	acceptor->upgrades->settled = true;
	acceptor->options.conclude(acceptor->options.arg, &report);
	weir__list_each_safe (node, after, &acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);

		if (request->awaits_report)
			tell_report(request, &report);
	}
	weir__text_free(&report);
	acceptor->finish_by = weir_after(LAST_WORDS);
	acceptor->mhd_ready = true;
}

/* libmicrohttpd closes what is idle without a word when its daemon ends. */
static void say_bye(struct weir__acceptor *acceptor)
{
	struct weir__list *node;

	weir__list_each (node, &acceptor->conns) {
		const struct weir__conn *conn = weir__container(node, struct weir__conn, all);

		if (!conn->request && !conn->upgraded)
			weir__tls_bye(conn->tls);
	}
}

/* Over TLS, what has been let go and is not gone. */
static void cut_upgraded(struct weir__acceptor *acceptor)
{
	struct weir__list *node;

	weir__list_each (node, &acceptor->conns) {
		const struct weir__conn *conn = weir__container(node, struct weir__conn, all);

		if (conn->upgraded)
			(void)shutdown(conn->fd, SHUT_RDWR);
	}
}

void weir__intake_end(struct weir__acceptor *acceptor)
{
	acceptor->ended = true;
	run_rounds(acceptor);
	cut_all(acceptor);
	weir__upgrades_let_go(acceptor);
	cut_upgraded(acceptor);
	run_rounds(acceptor);
	say_bye(acceptor);
	weir__reports_take(acceptor); /* deadlines that passed too late for anybody */
}
