/* report.c: faults, as lines for people. */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A handler with more than this is known to be wrong. */
#define FAULTS_MAX 200

static const struct {
	const char *key, *text;
} faults[] = {
#define FAULT_ROW(name, key, text) {key, text},
	WEIR_TESTING_FAULTS(FAULT_ROW)
#undef FAULT_ROW
};

const char *weir_testing_fault_text(enum weir_testing_fault_kind kind)
{
	return (unsigned)kind < WEIR_TESTING_FAULT_COUNT ? faults[kind].text : "?";
}

const char *weir_testing_fault_key(enum weir_testing_fault_kind kind)
{
	return (unsigned)kind < WEIR_TESTING_FAULT_COUNT ? faults[kind].key : "?";
}

static void print_point(struct weir__text *text, const struct weir__testing_run *run)
{
	const char *where = atomic_load(&run->where);

	if (!atomic_load(&run->real_tripped_at))
		weir__text_printf(text, ", in a run without a trip");
	else if (atomic_load(&run->endless))
		weir__text_printf(text, ", tripped from outside");
	else
		weir__text_printf(text, ", tripped at %s %u",
				  run->target.drain ? "the drain token's point" : "point",
				  run->target.look);
	if (*where)
		weir__text_printf(text, " (%s)", where);
}

static int reserve(struct weir__testing_findings *findings)
{
	size_t room = findings->room ? findings->room * 2 : 16;
	struct weir_testing_fault *list;

	if (findings->report.fault_count < findings->room)
		return 0;
	list = reallocarray(findings->list, room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	findings->list = list;
	findings->room = room;
	return 0;
}

void weir__testing_find(struct weir__testing_findings *findings,
			const struct weir__testing_run *run, enum weir_testing_fault_kind kind,
			const char *format, ...)
{
	struct weir__text text = WEIR__TEXT_EMPTY;
	struct weir_testing_fault *fault;
	va_list arguments;
	char *line;
	size_t size;

	if (findings->overlook & 1u << kind || findings->report.fault_count == FAULTS_MAX)
		return;
	weir__text_printf(&text, "%s: %s", faults[kind].key, faults[kind].text);
	if (*format) {
		weir__text_append(&text, ": ", 2);
		va_start(arguments, format);
		weir__text_vprintf(&text, format, arguments);
		va_end(arguments);
	}
	print_point(&text, run);
	findings->error = weir__text_take(&text, &line, &size);
	if (findings->error)
		return;
	findings->error = reserve(findings);
	if (findings->error) {
		free(line);
		return;
	}
	fault = &findings->list[findings->report.fault_count++];
	*fault = (struct weir_testing_fault){
		.kind = kind,
		.point = run->target.look,
		.drain = run->target.drain,
		.where = run->target.look > 0 ? atomic_load(&run->where) : "",
		.text = line,
	};
}

void weir_testing_report_print(const struct weir_testing_report *report, FILE *out)
{
	size_t i;

	fprintf(out, "%u points and %u of the drain token's, %u runs, %zu faults%s%s%s\n",
		report->points, report->drain_points, report->runs, report->fault_count,
		report->endless ? "; it has no end of its own" : "",
		report->changed ? "; it does not always go the same way" : "",
		report->abandoned ? "; it has not come back" : "");
	for (i = 0; i < report->fault_count; i++)
		fprintf(out, "  %s\n", report->faults[i].text);
}

void weir_testing_report_free(struct weir_testing_report *report)
{
	size_t i;

	if (!report)
		return;
	for (i = 0; i < report->fault_count; i++)
		free((void *)report->faults[i].text);
	free((void *)report->faults);
	free(report);
}
