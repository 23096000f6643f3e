/* conclude.c: the drain report: counts at the begin of a stop and at its end, and what is between.
 *
 * It is made on the acceptor's thread, when nothing is left to be counted, while the coordinator
 * waits for that thread to end; see weir__stop_conclude(). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/server_private.h"
#include "server/stacks.h"

void weir__snapshot_take(struct weir__acceptor *acceptor, void *arg)
{
	struct weir__snapshot *out = arg;
	const struct weir__counters *counters = &acceptor->counters[WEIR_SCOPE_PUBLIC];
	int reason, hundreds;

	out->in_flight = weir__counter_get(&acceptor->in_flight);
	out->accepted = weir__counter_get(&counters->requests_accepted);
	out->answered = weir__counter_get(&counters->requests_answered);
	out->refused = weir__counter_get(&counters->requests_refused);
	out->cut = weir__counter_get(&counters->requests_cut);
	out->idle_closed = weir__counter_get(&counters->idle_closed);
	out->upgraded_open = weir__counter_get(&acceptor->upgraded);
	out->upgraded = weir__counter_get(&counters->upgraded);
	out->upgraded_cut = weir__counter_get(&counters->upgraded_cut);
	out->cancelled = 0;
	for (reason = 0; reason < WEIR_REASON_COUNT; reason++)
		out->cancelled += weir__counter_get(&counters->requests_cancelled[reason]);
	for (hundreds = 0; hundreds < 6; hundreds++)
		out->responses[hundreds] = weir__counter_get(&counters->responses[hundreds]);
}

static const char *stack_of_stage(struct weir_server *server, const void *stage)
{
	struct weir__backtrace trace = {.traced = server->teardown.traced, .subject = stage};
	struct weir__names *names;
	const char *stack = NULL;

	weir__stacks_ask(&trace, 1);
	names = weir__names_create(server);
	if (names)
		stack = weir__stacks_keep(server, weir__names_of(names, &trace));
	free(names);
	return stack;
}

static void log_stage(const struct weir_server *server, const struct weir_stage *stage)
{
	char text[32];

	if (stage->result == WEIR_STAGE_OK)
		return;
	(void)snprintf(text, sizeof(text), "%d", -stage->error);
	weir__log(&server->logger, WEIR_LOG_WARNING, "teardown", NULL, "stage", stage->name,
		  "result", weir_stage_result_key((int)stage->result),
		  stage->error ? "errno" : "because",
		  stage->error                          ? text
		  : stage->result == WEIR_STAGE_SKIPPED ? stage->because
							: NULL,
		  NULL);
}

/* The program's stages, in the order of their turns. */
static void report_stages(struct weir_server *server)
{
	const struct weir__drain *drain = &server->drain;
	size_t left;

	for (left = drain->stage_count; left > 0; left--) {
		const struct weir__drain_stage *planned = &drain->stages[left - 1];
		const struct weir__drain_stage_end *end = &drain->stage_ends[left - 1];
		struct weir_stage *out = &server->stages[server->report.stage_count];

		if (planned->run != weir__teardown_run)
			continue;
		(void)snprintf(out->name, sizeof(out->name), "%s", planned->name);
		(void)snprintf(out->because, sizeof(out->because), "%s",
			       end->because ? end->because : "");
		out->result = end->result;
		out->share = end->share;
		out->time = end->time;
		if (end->result == WEIR_STAGE_ABANDONED)
			out->stack = stack_of_stage(server, planned->arg);
		if (end->result < WEIR_STAGE_ABANDONED)
			out->error = ((const struct weir__teardown_stage *)planned->arg)->error;
		server->report.stage_count++;
		log_stage(server, out);
	}
}

static void make_report(struct weir_server *server)
{
	const struct weir__snapshot *before = &server->at_stop;
	struct weir_report *report = &server->report;
	struct weir__snapshot after;
	weir_time now = weir_now();

	weir__stragglers_settle(&server->stragglers);
	weir__snapshot_take(&server->acceptor, &after);
	report->counts = (struct weir_report_counts){
		.in_flight = before->in_flight,
		.arrived = after.accepted - before->accepted,
		.answered = after.answered - before->answered,
		.refused = after.refused - before->refused,
		.cancelled = after.cancelled - before->cancelled,
		.cut = after.cut - before->cut,
		.abandoned = after.in_flight,
		.idle_closed = after.idle_closed - before->idle_closed,
		.upgraded = before->upgraded_open + after.upgraded - before->upgraded,
		.upgraded_cut = after.upgraded_cut - before->upgraded_cut,
	};
	report->served = (struct weir_report_served){
		.accepted = after.accepted,
		.answered = after.answered,
		.refused = after.refused,
		.cancelled = after.cancelled,
		.cut = after.cut,
	};
	memcpy(report->served.responses, after.responses, sizeof(after.responses));
	if (weir__stop_abandoned(server) || after.in_flight > 0 || after.upgraded_open > 0)
		report->outcome = WEIR_ABANDONED;
	else if (report->counts.cut > 0 || report->counts.upgraded_cut > 0)
		report->outcome = WEIR_FORCED;
	else
		report->outcome = WEIR_CLEAN;
	(void)snprintf(report->who, sizeof(report->who), "%s", server->drain.who);
	report->total = now - server->drain.requested_at;
	memcpy(report->phase_time, server->drain.phase_time, sizeof(report->phase_time));
	report->phase_time[WEIR_PHASE_TEARDOWN] = now - server->drain.entered_at;
	report->stragglers = server->stragglers.list;
	report->straggler_count = server->stragglers.count;
	report->straggler_total = server->stragglers.total;
	report->tasks = server->tasks_left;
	report->stages = server->stages;
	report_stages(server);
}

void weir__stop_conclude(void *arg, struct weir__text *out)
{
	struct weir_server *server = arg;
	char *text;
	size_t size;

	make_report(server);
	out->error = weir_report_json(&server->report, &text, &size);
	if (out->error)
		return;
	weir__text_append(out, text, size);
	free(text);
}
