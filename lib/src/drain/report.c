/* report.c: the drain report as text and as JSON. */
#include <weir/report.h>

#include <inttypes.h>

#include "base/text.h"
#include "drain/straggler.h"

static const struct {
	const char *key, *text;
} phases[] = {
#define WEIR_PHASE_ROW(name, key, text) {key, text},
	WEIR_PHASES(WEIR_PHASE_ROW)
#undef WEIR_PHASE_ROW
};

const char *weir_phase_key(int phase)
{
	return phase >= 0 && phase < WEIR_PHASE_COUNT ? phases[phase].key : "unknown";
}

const char *weir_stage_result_key(int result)
{
	static const char *const keys[] = {
#define STAGE_RESULT_KEY(name, key, text) key,
		WEIR_STAGE_RESULTS(STAGE_RESULT_KEY)
#undef STAGE_RESULT_KEY
	};

	return result >= 0 && result < WEIR_STAGE_RESULT_COUNT ? keys[result] : "unknown";
}

static const char *outcome_key(enum weir_outcome outcome)
{
	switch (outcome) {
	case WEIR_CLEAN:
		return "clean";
	case WEIR_FORCED:
		return "forced";
	case WEIR_ABANDONED:
		return "abandoned";
	case WEIR_LEFT:
		break;
	}
	return "left";
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* The counts in the order in which the report tells them. */
#define REPORT_COUNTS(X)                                                                           \
	X(in_flight)                                                                               \
	X(arrived)                                                                                 \
	X(answered)                                                                                \
	X(refused)                                                                                 \
	X(cancelled)                                                                               \
	X(cut)                                                                                     \
	X(abandoned)                                                                               \
	X(idle_closed)                                                                             \
	X(upgraded)                                                                                \
	X(upgraded_cut)

static void text_straggler(struct weir__text *text, const struct weir_straggler *straggler)
{
	weir__text_printf(text, "  %s ", straggler->abandoned ? "never came back:" : "cut:");
	weir__straggler_text(text, straggler);
	weir__text_append(text, "\n", 1);
	weir__text_lines(text, "      ", straggler->stack);
}

static void text_task(struct weir__text *text, const struct weir_task_left *task)
{
	weir__text_append(text, "  never came back: task=", 24);
	weir__text_logfmt(text, task->name);
	weir__text_append(text, " age=\"", 6);
	weir__text_duration(text, task->age);
	weir__text_append(text, "\"\n", 2);
	weir__text_lines(text, "      ", task->stack);
}

static void text_stage(struct weir__text *text, const struct weir_stage *stage)
{
	weir__text_append(text, "  teardown: stage=", 18);
	weir__text_logfmt(text, stage->name);
	weir__text_printf(text, " result=%s", weir_stage_result_key((int)stage->result));
	if (stage->error)
		weir__text_printf(text, " errno=%d", -stage->error);
	if (stage->result == WEIR_STAGE_SKIPPED) {
		weir__text_append(text, " because=", 9);
		weir__text_logfmt(text, stage->because);
		weir__text_append(text, "\n", 1);
		return;
	}
	weir__text_append(text, " time=\"", 7);
	weir__text_duration(text, stage->time);
	weir__text_append(text, "\" share=\"", 9);
	weir__text_duration(text, stage->share);
	weir__text_append(text, "\"\n", 2);
	weir__text_lines(text, "      ", stage->stack);
}

static size_t stages_that(const struct weir_report *report, enum weir_stage_result result)
{
	size_t i, found = 0;

	for (i = 0; i < report->stage_count; i++)
		found += report->stages[i].result == result;
	return found;
}

/* What did not go well at the very end, for the last sentence. */
static void text_teardown(struct weir__text *text, const struct weir_report *report)
{
	static const struct {
		enum weir_stage_result result;
		const char *words;
	} told[] = {
		{WEIR_STAGE_FAILED, "failed"},
		{WEIR_STAGE_OVERRUN, "overran"},
		{WEIR_STAGE_ABANDONED, "abandoned"},
		{WEIR_STAGE_SKIPPED, "skipped"},
	};
	size_t i;

	if (report->task_total)
		weir__text_printf(text, ", %zu task%s abandoned", report->task_total,
				  plural(report->task_total));
	for (i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		size_t count = stages_that(report, told[i].result);

		if (count)
			weir__text_printf(text, ", %zu teardown stage%s %s", count, plural(count),
					  told[i].words);
	}
}

/* Connections that had left HTTP. */
static void text_upgraded(struct weir__text *text, const struct weir_report_counts *counts,
			  const char *before)
{
	if (!counts->upgraded)
		return;
	weir__text_printf(text, "%s%" PRIu64 " upgraded connection%s", before, counts->upgraded,
			  plural(counts->upgraded));
	if (counts->upgraded_cut)
		weir__text_printf(text, " (%" PRIu64 " cut)", counts->upgraded_cut);
	else
		weir__text_append(text, " closed", 7);
}

static void text_summary(struct weir__text *text, const struct weir_report *report)
{
	const struct weir_report_counts *n = &report->counts;
	uint64_t all = n->in_flight + n->arrived;

	weir__text_append(text, "Stopped ", 8);
	switch (report->outcome) {
	case WEIR_CLEAN:
		weir__text_append(text, "cleanly", 7);
		break;
	case WEIR_FORCED:
		weir__text_append(text, "by force", 8);
		break;
	case WEIR_ABANDONED:
	case WEIR_LEFT:
		weir__text_append(text, "without waiting any longer", 26);
		break;
	}
	weir__text_append(text, " in ", 4);
	weir__text_duration(text, report->total);
	if (all == 0) {
		weir__text_append(text, ": nothing was in flight", n->upgraded ? 2 : 23);
		text_upgraded(text, n, "");
		text_teardown(text, report);
		weir__text_append(text, ".\n", 2);
		return;
	}
	weir__text_printf(text, ": of %" PRIu64 " request%s, %" PRIu64 " answered", all,
			  plural(all), n->answered);
	if (n->refused)
		weir__text_printf(text, ", %" PRIu64 " refused", n->refused);
	if (n->cancelled)
		weir__text_printf(text, ", %" PRIu64 " cancelled", n->cancelled);
	if (n->cut)
		weir__text_printf(text, ", %" PRIu64 " cut", n->cut);
	if (n->abandoned)
		weir__text_printf(text, ", %" PRIu64 " abandoned in handlers that did not return",
				  n->abandoned);
	text_upgraded(text, n, ", ");
	text_teardown(text, report);
	weir__text_append(text, ".\n", 2);
}

int weir_report_text(const struct weir_report *report, char **out, size_t *size)
{
	struct weir__text text = WEIR__TEXT_EMPTY;
	size_t i;

	weir__text_printf(&text,
			  "drain report: outcome=%s asked-by=", outcome_key(report->outcome));
	weir__text_logfmt(&text, report->who);
	weir__text_append(&text, "\n  phases:", 10);
	for (i = 0; i < WEIR_PHASE_COUNT; i++)
		if (report->phase_time[i] > 0) {
			weir__text_printf(&text, " %s ", phases[i].key);
			weir__text_duration(&text, report->phase_time[i]);
		}
	weir__text_append(&text, "\n  counts:", 10);
#define REPORT_COUNT(field) weir__text_printf(&text, " " #field "=%" PRIu64, report->counts.field);
	REPORT_COUNTS(REPORT_COUNT)
#undef REPORT_COUNT
	weir__text_append(&text, "\n", 1);
	for (i = 0; i < report->straggler_count; i++)
		text_straggler(&text, &report->stragglers[i]);
	if (report->straggler_total > report->straggler_count)
		weir__text_printf(&text, "  and %zu more\n",
				  report->straggler_total - report->straggler_count);
	for (i = 0; i < report->task_count; i++)
		text_task(&text, &report->tasks[i]);
	if (report->task_total > report->task_count)
		weir__text_printf(&text, "  and %zu more tasks\n",
				  report->task_total - report->task_count);
	for (i = 0; i < report->stage_count; i++)
		text_stage(&text, &report->stages[i]);
	text_summary(&text, report);
	return weir__text_take(&text, out, size);
}

static void json_tasks(struct weir__text *text, const struct weir_report *report)
{
	size_t i;

	weir__text_printf(text, "],\"task_total\":%zu,\"tasks\":[", report->task_total);
	for (i = 0; i < report->task_count; i++) {
		weir__text_printf(text, "%s{\"name\":", i ? "," : "");
		weir__text_json(text, report->tasks[i].name);
		weir__text_append(text, ",\"age_seconds\":", 15);
		weir__text_seconds(text, report->tasks[i].age);
		weir__text_stack(text, report->tasks[i].stack);
		weir__text_append(text, "}", 1);
	}
}

static void json_stages(struct weir__text *text, const struct weir_report *report)
{
	size_t i;

	weir__text_append(text, "],\"stages\":[", 12);
	for (i = 0; i < report->stage_count; i++) {
		const struct weir_stage *stage = &report->stages[i];

		weir__text_printf(text, "%s{\"name\":", i ? "," : "");
		weir__text_json(text, stage->name);
		weir__text_printf(text, ",\"result\":\"%s\",\"errno\":%d,\"because\":",
				  weir_stage_result_key((int)stage->result), -stage->error);
		weir__text_json(text, stage->because);
		weir__text_append(text, ",\"seconds\":", 11);
		weir__text_seconds(text, stage->time);
		weir__text_append(text, ",\"share_seconds\":", 17);
		weir__text_seconds(text, stage->share);
		weir__text_stack(text, stage->stack);
		weir__text_append(text, "}", 1);
	}
}

static void json_served(struct weir__text *text, const struct weir_report_served *served)
{
	int i;

	weir__text_printf(text,
			  "},\"since_start\":{\"accepted\":%" PRIu64 ",\"answered\":%" PRIu64
			  ",\"refused\":%" PRIu64 ",\"cancelled\":%" PRIu64 ",\"cut\":%" PRIu64
			  ",\"responses\":{",
			  served->accepted, served->answered, served->refused, served->cancelled,
			  served->cut);
	for (i = 1; i < 6; i++)
		weir__text_printf(text, "%s\"%dxx\":%" PRIu64, i > 1 ? "," : "", i,
				  served->responses[i]);
	weir__text_append(text, "}", 1);
}

int weir_report_json(const struct weir_report *report, char **out, size_t *size)
{
	struct weir__text text = WEIR__TEXT_EMPTY;
	const char *comma = "";
	size_t i;

	weir__text_printf(&text, "{\"outcome\":\"%s\",\"exit_code\":%d,\"asked_by\":",
			  outcome_key(report->outcome), (int)report->outcome);
	weir__text_json(&text, report->who);
	weir__text_append(&text, ",\"total_seconds\":", 17);
	weir__text_seconds(&text, report->total);
	weir__text_append(&text, ",\"phase_seconds\":{", 18);
	for (i = 0; i < WEIR_PHASE_COUNT; i++)
		if (report->phase_time[i] > 0) {
			weir__text_printf(&text, "%s\"%s\":", comma, phases[i].key);
			weir__text_seconds(&text, report->phase_time[i]);
			comma = ",";
		}
	weir__text_append(&text, "},\"counts\":{", 12);
	comma = "";
#define REPORT_COUNT(field)                                                                        \
	weir__text_printf(&text, "%s\"" #field "\":%" PRIu64, comma, report->counts.field);        \
	comma = ",";
	REPORT_COUNTS(REPORT_COUNT)
#undef REPORT_COUNT
	json_served(&text, &report->served);
	weir__text_printf(&text, "},\"straggler_total\":%zu,\"stragglers\":[",
			  report->straggler_total);
	for (i = 0; i < report->straggler_count; i++) {
		if (i)
			weir__text_append(&text, ",", 1);
		weir__straggler_json(&text, &report->stragglers[i]);
	}
	json_tasks(&text, report);
	json_stages(&text, report);
	weir__text_append(&text, "]}\n", 3);
	return weir__text_take(&text, out, size);
}
