/* stop.c: what the coordinator drives: one part and the stages of teardown.
 *
 * The part is the acceptor: it has all that is in flight. The stages run in reverse order of
 * registration: the workers are joined; the background tasks, for which handlers may have had
 * work, are cancelled and joined; the program's own stages run; last the acceptor ends, so that
 * admin listeners answer until everything else is over, and the answer to a remote stop leaves.
 *
 * All functions here but weir__stop_idle() and weir__stop_beat() run on the coordinator's
 * thread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include <weir/io.h>

#include "server/server_private.h"
#include "server/stacks.h"

/* A stop that is late still leaves tasks and stages this much: enough to close a file. */
#define LEAST_SHARE (100 * WEIR_MILLISECOND)
/* ... and who has a connection that was cut at the deadline this much, to be scheduled and close
 * it. */
#define CUT_SHARE (500 * WEIR_MILLISECOND)
/* How often newcomers are looked at, who for a moment are waited for: there is no event for "has
 * begun to speak" that the coordinator would not have to be told for each connection. */
#define NEWCOMER_LOOK (2 * WEIR_MILLISECOND)

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

static void stop_now(struct weir__acceptor *acceptor, void *arg)
{
	struct weir_server *server = arg;

	weir__intake_refuse_clients(acceptor, &server->refused_ports);
	if (!server->counted_from_lame_duck)
		weir__snapshot_take(acceptor, &server->at_stop);
	weir__intake_stop(acceptor, NULL);
}

static void stop_intake(void *arg)
{
	struct weir_server *server = arg;

	weir__acceptor_call(&server->acceptor, stop_now, server);
}

static void shut_intake(void *arg)
{
	struct weir_server *server = arg;

	weir__listen_settle(server, &server->refused_ports,
			    weir_after(weir__drain_left(&server->drain)));
	weir__acceptor_call(&server->acceptor, weir__intake_shut, NULL);
}

static uint64_t count(void *arg)
{
	const struct weir_server *server = arg;

	return weir__counter_get(&server->acceptor.in_flight) +
	       weir__counter_get(&server->acceptor.lingering) +
	       weir__counter_get(&server->acceptor.upgraded);
}

static void cancel(void *arg)
{
	struct weir_server *server = arg;

	weir__acceptor_call(&server->acceptor, weir__intake_cancel, NULL);
}

/* Of these and no others: a request that came to its end while its thread was asked is none of
 * the stragglers. */
static void keep_stacks(struct weir_server *server, const struct weir__stacks *stacks)
{
	struct weir__names *names = weir__names_create(server);
	size_t i, j;

	for (i = 0; names && i < server->stragglers.count; i++)
		for (j = 0; j < stacks->running.count; j++)
			if (stacks->running.entries[j].job == server->stragglers.jobs[i])
				server->stragglers.list[i].stack = weir__stacks_keep(
					server, weir__names_of(names, &stacks->running.traces[j]));
	free(names);
}

/* Threads are asked before anything is cut, which would let some of them go on; names are looked
 * for afterwards. */
static void name_and_cut(struct weir_server *server)
{
	struct weir__stacks stacks;
	int error = weir__stacks_list(server, WEIR__MAX_STRAGGLERS, 0, false, &stacks);

	if (!error)
		weir__stacks_ask(stacks.running.traces, stacks.running.count);
	weir__acceptor_call(&server->acceptor, weir__intake_force, &server->stragglers);
	if (error)
		return; /* no memory: no stacks */
	keep_stacks(server, &stacks);
	weir__stacks_release(&stacks);
}

static void force(void *arg)
{
	struct weir_server *server = arg;
	size_t i;

	name_and_cut(server);
	for (i = 0; i < server->stragglers.count; i++) {
		const struct weir_straggler *straggler = &server->stragglers.list[i];
		char stack[WEIR__STACK_LINE];

		weir__stack_line(straggler->stack, stack);
		weir__log(&server->logger, WEIR_LOG_WARNING, "straggler", NULL, "route",
			  straggler->route, "path", straggler->path, "client", straggler->client,
			  "doing", straggler->doing, "stack", stack[0] ? stack : NULL, NULL);
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

/* A worker that has a connection of an upgrade learns from its cut that its time is over: it has
 * to have some left to close it. So has one that has nothing any more and is on its way out. */
static weir_time since_cut(struct weir_server *server, weir_time until)
{
	weir_time least = weir_after(CUT_SHARE);
	bool in_handlers = weir__counter_get(&server->acceptor.in_flight) > 0;
	bool upgraded = weir__counter_get(&server->acceptor.upgraded) > 0;

	return (upgraded || !in_handlers) && until < least ? least : until;
}

/* Who has only just connected is about to send a request: that is served yet. Nobody comes any
 * more, so it is not for long. */
static void serve_newcomers(struct weir_server *server, weir_time until)
{
	unsigned newcomers;

	weir__acceptor_call(&server->acceptor, weir__intake_newcomers, &newcomers);
	while ((newcomers > 0 || count(server) > 0) && weir_now() < until) {
		(void)weir_sleep(NULL, weir_after(NEWCOMER_LOOK));
		weir__acceptor_call(&server->acceptor, weir__intake_newcomers, &newcomers);
	}
}

static enum weir_stage_result join_workers(void *arg, weir_time until, weir_time give_up)
{
	struct weir_server *server = arg;

	(void)give_up; /* they have been cancelled before, or are here */
	serve_newcomers(server, undisturbed_until(server, until));
	/* A request that comes now would find no worker. */
	weir__acceptor_call(&server->acceptor, weir__intake_refuse, NULL);
	weir__pool_stop(&server->pool);
	server->abandoned = weir__pool_join(&server->pool, undisturbed_until(server, until));
	if (server->abandoned > 0) {
		weir__acceptor_call(&server->acceptor, weir__intake_cancel, NULL);
		server->abandoned = weir__pool_join(&server->pool, since_cut(server, until));
	}
	return server->abandoned > 0 ? WEIR_STAGE_ABANDONED : WEIR_STAGE_OK;
}

static void name_tasks(struct weir_server *server)
{
	struct weir_report *report = &server->report;
	struct weir__backtrace traces[WEIR__MAX_TASKS_NAMED];
	struct weir__names *names;
	char stack[WEIR__STACK_LINE];
	size_t i;

	report->task_total =
		weir__tasks_name(&server->tasks, server->tasks_left, traces, WEIR__MAX_TASKS_NAMED);
	report->task_count = report->task_total < WEIR__MAX_TASKS_NAMED ? report->task_total
									: WEIR__MAX_TASKS_NAMED;
	weir__stacks_ask(traces, report->task_count);
	names = weir__names_create(server);
	for (i = 0; i < report->task_count; i++) {
		weir__traced_unref(traces[i].traced);
		if (names)
			server->tasks_left[i].stack =
				weir__stacks_keep(server, weir__names_of(names, &traces[i]));
		weir__stack_line(server->tasks_left[i].stack, stack);
		weir__log(&server->logger, WEIR_LOG_WARNING, "task-abandoned", NULL, "task",
			  server->tasks_left[i].name, "stack", stack[0] ? stack : NULL, NULL);
	}
	free(names);
}

/* Also when a handler was abandoned: a task ends only its own work. */
static enum weir_stage_result join_tasks(void *arg, weir_time until, weir_time give_up)
{
	struct weir_server *server = arg;

	(void)give_up; /* they are cancelled at the beginning */
	if (weir__tasks_stop(&server->tasks, until) == 0)
		return WEIR_STAGE_OK;
	name_tasks(server);
	return WEIR_STAGE_ABANDONED;
}

static enum weir_stage_result end_acceptor(void *arg, weir_time until, weir_time give_up)
{
	struct weir_server *server = arg;

	(void)give_up; /* it takes nothing of the program's time */
	weir__acceptor_call(&server->acceptor, weir__intake_finish, &until);
	(void)pthread_join(server->acceptor.thread, NULL);
	return WEIR_STAGE_OK;
}

/* Those who had come in before the listeners were handed over have all gone. */
static bool deserted(void *arg)
{
	struct weir_server *server = arg;

	return server->handed_over && weir__counter_get(&server->acceptor.connections) == 0;
}

static void beat_now(struct weir__acceptor *acceptor, void *unused)
{
	(void)unused;
	acceptor->beat_at = 0;
}

/* Who sees the phase, and sends a request because of it, must find it counted as arrived. */
static void entering(void *arg, enum weir_phase phase)
{
	struct weir_server *server = arg;

	if (phase != WEIR_PHASE_LAME_DUCK)
		return;
	server->counted_from_lame_duck = true;
	weir__acceptor_call(&server->acceptor, weir__snapshot_take, &server->at_stop);
}

static void entered(void *arg, enum weir_phase phase)
{
	struct weir_server *server = arg;

	weir__log(&server->logger, WEIR_LOG_DEBUG, "drain-phase", NULL, "phase",
		  weir_phase_key((int)phase), NULL);
	if (phase == WEIR_PHASE_LAME_DUCK ||
	    (phase == WEIR_PHASE_CLOSING && !server->counted_from_lame_duck)) {
		weir__systemd_stopping(server);
		weir__acceptor_call(&server->acceptor, beat_now, NULL);
	}
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
		.lame_duck = server->options.lame_duck,
		.grace = server->options.grace,
		.timeout = server->options.drain_timeout,
		.now = now,
		.deserted = deserted,
		.entering = entering,
		.entered = entered,
		.arg = server,
	};
	const struct weir__drain_part part = {
		.name = "http",
		.arg = server,
		.stop_intake = stop_intake,
		.shut_intake = shut_intake,
		.count = count,
		.cancel = cancel,
		.force = force,
	};
	int error = weir__drain_init(&server->drain, &options);

	if (error)
		return error;
	server->stragglers.list = server->straggler_list;
	server->stragglers.requests = server->straggler_requests;
	server->stragglers.jobs = server->straggler_jobs;
	server->stragglers.capacity = WEIR__MAX_STRAGGLERS;
	error = weir__drain_add_part(&server->drain, &part);
	if (error)
		weir__drain_fini(&server->drain);
	return error;
}

static int plan_teardown(struct weir_server *server)
{
	struct weir__teardown *teardown = &server->teardown;
	int error = 0;
	size_t i;

	for (i = 0; i < teardown->count && !error; i++) {
		struct weir__teardown_stage *of = &teardown->stages[i];
		const struct weir__drain_stage stage = {.name = of->name,
							.arg = of,
							.share = of->share,
							.least = LEAST_SHARE,
							.run = weir__teardown_run};

		error = weir__drain_add_stage(&server->drain, &stage);
	}
	return error;
}

int weir__stop_plan(struct weir_server *server)
{
	const struct weir__drain_stage acceptor = {
		.name = "acceptor", .arg = server, .always = true, .run = end_acceptor};
	const struct weir__drain_stage tasks = {.name = "tasks",
						.arg = server,
						.least = LEAST_SHARE,
						.always = true,
						.run = join_tasks};
	const struct weir__drain_stage workers = {
		.name = "workers", .arg = server, .always = true, .run = join_workers};
	int error;

	weir__drain_clear_stages(&server->drain);
	error = weir__drain_add_stage(&server->drain, &acceptor);
	if (!error)
		error = plan_teardown(server);
	if (!error)
		error = weir__drain_add_stage(&server->drain, &tasks);
	if (!error)
		error = weir__drain_add_stage(&server->drain, &workers);
	return error;
}

bool weir__stop_abandoned(const struct weir_server *server)
{
	return server->drain.abandoned != NULL || server->report.outcome == WEIR_ABANDONED;
}

weir_time weir__stop_beat(void *server)
{
	return weir__systemd_beat(server);
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
	weir__teardown_end(&server->teardown);
	(void)pthread_mutex_lock(&server->lock);
	server->state = WEIR__STOPPED;
	if (server->stopped_fd >= 0)
		(void)eventfd_write(server->stopped_fd, 1);
	(void)pthread_cond_broadcast(&server->stopped);
	(void)pthread_mutex_unlock(&server->lock);
	return NULL;
}
