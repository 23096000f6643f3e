/* stop.c: what the coordinator drives: one part and two stages of teardown.
 *
 * The part is the acceptor: it has all that is in flight. The stages run in reverse order
 * of registration: first the workers are joined, then the acceptor ends, so that admin
 * listeners answer until everything else is over, and the answer to a remote stop leaves.
 *
 * All functions here but weir__stop_idle() run on the coordinator's thread.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "server/server_private.h"

static weir_time now(void *server)
{
	(void)server;
	return weir_now();
}

void weir__stop_idle(void *arg)
{
	struct weir_server *server = arg;

	weir__drain_notify(&server->drain);
}

static void take_snapshot(struct weir__acceptor *acceptor, void *arg)
{
	struct weir__snapshot *out = arg;
	const struct weir__counters *counters = &acceptor->counters[WEIR_SCOPE_PUBLIC];
	int reason;

	out->in_flight = weir__counter_get(&acceptor->in_flight);
	out->accepted = weir__counter_get(&counters->requests_accepted);
	out->answered = weir__counter_get(&counters->requests_answered);
	out->refused = weir__counter_get(&counters->requests_refused);
	out->cut = weir__counter_get(&counters->requests_cut);
	out->idle_closed = weir__counter_get(&counters->idle_closed);
	out->cancelled = 0;
	for (reason = 0; reason < WEIR_REASON_COUNT; reason++)
		out->cancelled += weir__counter_get(&counters->requests_cancelled[reason]);
}

static void snapshot_and_stop(struct weir__acceptor *acceptor, void *snapshot)
{
	take_snapshot(acceptor, snapshot);
	weir__intake_stop(acceptor, NULL);
}

static void stop_intake(void *arg)
{
	struct weir_server *server = arg;

	weir__acceptor_call(&server->acceptor, snapshot_and_stop, &server->at_stop);
}

static uint64_t count(void *arg)
{
	const struct weir_server *server = arg;

	return weir__counter_get(&server->acceptor.in_flight) +
	       weir__counter_get(&server->acceptor.lingering);
}

static void cancel(void *arg)
{
	struct weir_server *server = arg;

	weir__acceptor_call(&server->acceptor, weir__intake_cancel, NULL);
}

static void force(void *arg)
{
	struct weir_server *server = arg;
	size_t i;

	weir__acceptor_call(&server->acceptor, weir__intake_force, &server->stragglers);
	for (i = 0; i < server->stragglers.count; i++) {
		const struct weir_straggler *straggler = &server->stragglers.list[i];

		weir__log(&server->logger, WEIR_LOG_WARNING, "straggler", NULL, "route",
			  straggler->route, "path", straggler->path, "client", straggler->client,
			  "doing", straggler->doing, NULL);
	}
}

/* A request that came just before the end, from a connection that was not idle, is left alone
 * for what the stop has left of its grace, but not for more than half of the time there is. */
static weir_time undisturbed_until(struct weir_server *server, weir_time until)
{
	weir_time now = weir_now(), half = now + (until - now) / 2;
	weir_time grace = weir__drain_grace_end(&server->drain);

	return grace < half ? grace : half;
}

static void join_workers(void *arg, weir_time until)
{
	struct weir_server *server = arg;

	/* A request that comes now would find no worker. */
	weir__acceptor_call(&server->acceptor, weir__intake_refuse, NULL);
	weir__pool_stop(&server->pool);
	server->abandoned = weir__pool_join(&server->pool, undisturbed_until(server, until));
	if (server->abandoned > 0) {
		weir__acceptor_call(&server->acceptor, weir__intake_cancel, NULL);
		server->abandoned = weir__pool_join(&server->pool, until);
	}
}

static void end_acceptor(void *arg, weir_time until)
{
	struct weir_server *server = arg;

	weir__acceptor_call(&server->acceptor, weir__intake_finish, &until);
	(void)pthread_join(server->acceptor.thread, NULL);
}

static void entered(void *arg, enum weir_phase phase)
{
	struct weir_server *server = arg;

	weir__log(&server->logger, WEIR_LOG_DEBUG, "drain-phase", NULL, "phase",
		  weir_phase_key((int)phase), NULL);
	if (phase == WEIR_PHASE_GRACE) {
		(void)weir_token_cancel(server->drain_token, WEIR_REASON_DRAINING, NULL);
		if (server->options.on_stop)
			server->options.on_stop(server->options.on_stop_arg);
	} else if (phase == WEIR_PHASE_CANCELLING) {
		(void)weir_token_cancel(server->shutdown_token, WEIR_REASON_SHUTDOWN, NULL);
	}
}

int weir__stop_init(struct weir_server *server)
{
	const struct weir__drain_options options = {
		.grace = server->options.grace,
		.timeout = server->options.drain_timeout,
		.now = now,
		.entered = entered,
		.arg = server,
	};
	const struct weir__drain_part part = {"http", server, stop_intake, count, cancel, force};
	const struct weir__drain_stage acceptor = {"acceptor", server, end_acceptor};
	const struct weir__drain_stage workers = {"workers", server, join_workers};
	int error = weir__drain_init(&server->drain, &options);

	if (error)
		return error;
	server->stragglers.list = server->straggler_list;
	server->stragglers.requests = server->straggler_requests;
	server->stragglers.capacity = WEIR__MAX_STRAGGLERS;
	error = weir__drain_add_part(&server->drain, &part);
	if (!error)
		error = weir__drain_add_stage(&server->drain, &acceptor);
	if (!error)
		error = weir__drain_add_stage(&server->drain, &workers);
	if (error)
		weir__drain_fini(&server->drain);
	return error;
}

static void make_report(struct weir_server *server)
{
	const struct weir__snapshot *before = &server->at_stop;
	struct weir_report *report = &server->report;
	struct weir__snapshot after;

	weir__stragglers_settle(&server->stragglers);
	take_snapshot(&server->acceptor, &after); /* its thread has ended */
	report->counts = (struct weir_report_counts){
		.in_flight = before->in_flight,
		.arrived = after.accepted - before->accepted,
		.answered = after.answered - before->answered,
		.refused = after.refused - before->refused,
		.cancelled = after.cancelled - before->cancelled,
		.cut = after.cut - before->cut,
		.abandoned = after.in_flight,
		.idle_closed = after.idle_closed - before->idle_closed,
	};
	if (server->abandoned > 0 || after.in_flight > 0)
		report->outcome = WEIR_ABANDONED;
	else
		report->outcome = report->counts.cut > 0 ? WEIR_FORCED : WEIR_CLEAN;
	(void)snprintf(report->who, sizeof(report->who), "%s", server->drain.who);
	report->total = weir_now() - server->drain.requested_at;
	memcpy(report->phase_time, server->drain.phase_time, sizeof(report->phase_time));
	report->stragglers = server->stragglers.list;
	report->straggler_count = server->stragglers.count;
	report->straggler_total = server->stragglers.total;
}

/* The server whose coordinator this thread is. */
static _Thread_local const struct weir_server *own_server;

bool weir__stop_is_self(const struct weir_server *server)
{
	return own_server == server;
}

/* False if the start has failed. */
static bool await_start(struct weir_server *server)
{
	bool started;

	(void)pthread_mutex_lock(&server->lock);
	while (server->state == WEIR__STARTING)
		(void)pthread_cond_wait(&server->stopped, &server->lock);
	started = server->state == WEIR__STARTED;
	(void)pthread_mutex_unlock(&server->lock);
	return started;
}

void *weir__stop_thread(void *arg)
{
	struct weir_server *server = arg;

	own_server = server;
	if (!await_start(server))
		return NULL;
	weir__drain_run(&server->drain);
	make_report(server);
	(void)pthread_mutex_lock(&server->lock);
	server->state = WEIR__STOPPED;
	if (server->stopped_fd >= 0)
		(void)eventfd_write(server->stopped_fd, 1);
	(void)pthread_cond_broadcast(&server->stopped);
	(void)pthread_mutex_unlock(&server->lock);
	return NULL;
}
