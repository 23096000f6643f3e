/* finish.c: the end of the acceptor's own part of a stop, when nothing ordinary is in flight any
 * more or what was is cut: drain/coordinator.h calls that teardown.
 *
 *	weir__intake_finish()	no more clients, also for admins; `finishing`: the loop ends when
 *				`unfinished` answers have left, or at `finish_by`
 *	weir__intake_conclude()	what is left is cut, the report is made, and sent to those who wait
 *				for it; the loop goes on while one is being told (`telling`)
 *	weir__intake_end()	nothing may stay suspended: libmicrohttpd's daemon is stopped next
 *
 * All on the acceptor's thread, in this order, once.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/text.h"
#include "http/daemon.h"
#include "http/tls.h"
#include "http/upgrade.h"

/* What a confirmation may take to leave even if the stop is late. */
#define LAST_WORDS (200 * WEIR_MILLISECOND)

/* Nothing of a request is there: the connection may be closed as it is. */
static bool may_end_with_thread(struct weir__conn *conn)
{
	int unread = 0;

	conn->idle_end = !conn->request && ioctl(conn->fd, FIONREAD, &unread) == 0 && unread == 0 &&
			 !weir__tls_has_unread(conn->tls);
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
	weir__accept_end_all(acceptor, WEIR_SCOPE_ADMIN);
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

void weir__intake_conclude(struct weir__acceptor *acceptor)
{
	struct weir__text report = WEIR__TEXT_EMPTY;
	struct weir__list *node, *after;

	weir__daemon_settle(acceptor); /* all may be sent, but not yet accounted for */
	cut_all(acceptor);
	weir__daemon_settle(acceptor);
	weir__reports_take(acceptor);
	weir__upgrades_take(acceptor);
	acceptor->upgrades->settled = true;
	acceptor->concluded = true;
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
	weir__daemon_settle(acceptor);
	cut_all(acceptor);
	weir__upgrades_let_go(acceptor);
	cut_upgraded(acceptor);
	weir__daemon_settle(acceptor);
	say_bye(acceptor);
	weir__reports_take(acceptor); /* deadlines that passed too late for anybody */
}
