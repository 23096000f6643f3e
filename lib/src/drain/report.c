/* report.c: the drain report as text and as JSON. */
#include <weir/report.h>

#include <inttypes.h>

#include "base/text.h"

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

/* Without %f, whose decimal point depends on the program's locale. */
static void text_duration(struct weir__text *text, weir_time duration)
{
	if (duration < WEIR_SECOND)
		weir__text_printf(text, "%" PRId64 ".%" PRId64 " ms", duration / WEIR_MILLISECOND,
				  duration % WEIR_MILLISECOND / (WEIR_MILLISECOND / 10));
	else
		weir__text_printf(text, "%" PRId64 ".%02" PRId64 " s", duration / WEIR_SECOND,
				  duration % WEIR_SECOND / (WEIR_SECOND / 100));
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
	X(idle_closed)

static void text_straggler(struct weir__text *text, const struct weir_straggler *straggler)
{
	weir__text_printf(text, "  %s ", straggler->abandoned ? "never came back:" : "cut:");
	weir__text_logfmt(text, straggler->route);
	weir__text_append(text, " path=", 6);
	weir__text_logfmt(text, straggler->path);
	weir__text_append(text, " client=", 8);
	weir__text_logfmt(text, straggler->client);
	weir__text_append(text, " doing=", 7);
	weir__text_logfmt(text, straggler->doing);
	weir__text_append(text, " age=\"", 6);
	text_duration(text, straggler->age);
	weir__text_printf(text, "\" received=%" PRIu64 " sent=%" PRIu64 "\n", straggler->received,
			  straggler->sent);
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
	text_duration(text, report->total);
	if (all == 0) {
		weir__text_append(text, ": nothing was in flight.\n", 25);
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
			text_duration(&text, report->phase_time[i]);
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
	text_summary(&text, report);
	return weir__text_take(&text, out, size);
}

static void json_straggler(struct weir__text *text, const struct weir_straggler *straggler)
{
	weir__text_append(text, "{\"route\":", 9);
	weir__text_json(text, straggler->route);
	weir__text_append(text, ",\"path\":", 8);
	weir__text_json(text, straggler->path);
	weir__text_append(text, ",\"client\":", 10);
	weir__text_json(text, straggler->client);
	weir__text_append(text, ",\"doing\":", 9);
	weir__text_json(text, straggler->doing);
	weir__text_append(text, ",\"age_seconds\":", 15);
	weir__text_seconds(text, straggler->age);
	weir__text_printf(text, ",\"received\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"abandoned\":%s}",
			  straggler->received, straggler->sent,
			  straggler->abandoned ? "true" : "false");
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
	weir__text_printf(&text, "},\"straggler_total\":%zu,\"stragglers\":[",
			  report->straggler_total);
	for (i = 0; i < report->straggler_count; i++) {
		if (i)
			weir__text_append(&text, ",", 1);
		json_straggler(&text, &report->stragglers[i]);
	}
	weir__text_append(&text, "]}\n", 3);
	return weir__text_take(&text, out, size);
}
