/* drain/report.c: the report, to the letter. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/report.h>

#include "unit/faults.h"

TestSuite(report, .timeout = 60);

static void check_text(const struct weir_report *report, const char *expected)
{
	char *text = NULL;
	size_t size = 0;

	cr_assert_eq(weir_report_text(report, &text, &size), 0);
	cr_assert_str_eq(text, expected, "\n%s\n%s", text, expected);
	cr_assert_eq(size, strlen(expected));
	free(text);
}

static void check_json(const struct weir_report *report, const char *expected)
{
	char *text = NULL;
	size_t size = 0;

	cr_assert_eq(weir_report_json(report, &text, &size), 0);
	cr_assert_str_eq(text, expected, "\n%s\n%s", text, expected);
	cr_assert_eq(size, strlen(expected));
	free(text);
}

static const char *last_line(const char *text)
{
	static char line[512];
	size_t end = strlen(text) - 1, start = end;

	cr_assert_eq(text[end], '\n');
	while (start > 0 && text[start - 1] != '\n')
		start--;
	cr_assert_lt(end - start, sizeof(line));
	memcpy(line, text + start, end - start);
	line[end - start] = '\0';
	return line;
}

static void check_sentence(const struct weir_report *report, const char *expected)
{
	char *text = NULL;
	size_t size = 0;
	const char *line;

	cr_assert_eq(weir_report_text(report, &text, &size), 0);
	line = last_line(text);
	cr_assert_str_eq(line, expected);
	/* one sentence: one full stop, at its end */
	cr_assert_eq(line[strlen(line) - 1], '.');
	cr_assert_null(strstr(line, ". "));
	free(text);
}

Test(report, nothing_was_in_flight)
{
	struct weir_report report = {.outcome = WEIR_CLEAN,
				     .who = "SIGTERM",
				     .total = 1500 * WEIR_MICROSECOND,
				     .phase_time = {[WEIR_PHASE_CLOSING] = 300 * WEIR_MICROSECOND,
						    [WEIR_PHASE_TEARDOWN] = 1200000},
				     .counts = {.idle_closed = 2}};

	check_text(&report,
		   "drain report: outcome=clean asked-by=SIGTERM\n"
		   "  phases: closing 0.3 ms teardown 1.2 ms\n"
		   "  counts: in_flight=0 arrived=0 answered=0 refused=0 cancelled=0 cut=0 "
		   "abandoned=0 idle_closed=2\n"
		   "Stopped cleanly in 1.5 ms: nothing was in flight.\n");
	check_json(&report,
		   "{\"outcome\":\"clean\",\"exit_code\":0,\"asked_by\":\"SIGTERM\","
		   "\"total_seconds\":0.001500,"
		   "\"phase_seconds\":{\"closing\":0.000300,\"teardown\":0.001200},"
		   "\"counts\":{\"in_flight\":0,\"arrived\":0,\"answered\":0,\"refused\":0,"
		   "\"cancelled\":0,\"cut\":0,\"abandoned\":0,\"idle_closed\":2},"
		   "\"straggler_total\":0,\"stragglers\":[]}\n");
}

static const struct weir_straggler stragglers[] = {
	{.route = "GET /debug/stuck",
	 .path = "/debug/stuck?a=\"b\"\nforged",
	 .client = "127.0.0.1:4242",
	 .doing = "in handler",
	 .age = 25125 * WEIR_MILLISECOND,
	 .received = 12,
	 .sent = 0,
	 .abandoned = 1},
	{.route = "GET /files/{path}",
	 .path = "/files/\xff",
	 .client = "unix",
	 .doing = "sending",
	 .age = 250 * WEIR_MICROSECOND,
	 .received = 0,
	 .sent = UINT64_MAX,
	 .abandoned = 0},
};

Test(report, stragglers_are_named_and_cannot_forge_anything)
{
	struct weir_report report = {.outcome = WEIR_ABANDONED,
				     .who = "a\nb",
				     .total = 25 * WEIR_SECOND + 19 * WEIR_MILLISECOND,
				     .phase_time = {[WEIR_PHASE_GRACE] = 20 * WEIR_SECOND},
				     .counts = {.in_flight = 5,
						.arrived = 2,
						.answered = 1,
						.refused = 1,
						.cancelled = 2,
						.cut = 2,
						.abandoned = 1},
				     .stragglers = stragglers,
				     .straggler_count = 2,
				     .straggler_total = 3};

	check_text(&report,
		   "drain report: outcome=abandoned asked-by=\"a\\nb\"\n"
		   "  phases: grace 20.00 s\n"
		   "  counts: in_flight=5 arrived=2 answered=1 refused=1 cancelled=2 cut=2 "
		   "abandoned=1 idle_closed=0\n"
		   "  never came back: \"GET /debug/stuck\" "
		   "path=\"/debug/stuck?a=\\\"b\\\"\\nforged\" client=127.0.0.1:4242 "
		   "doing=\"in handler\" age=\"25.12 s\" received=12 sent=0\n"
		   "  cut: \"GET /files/{path}\" path=\"/files/\xef\xbf\xbd\" client=unix "
		   "doing=sending age=\"0.2 ms\" received=0 sent=18446744073709551615\n"
		   "  and 1 more\n"
		   "Stopped without waiting any longer in 25.01 s: of 7 requests, 1 answered, "
		   "1 refused, 2 cancelled, 2 cut, 1 abandoned in handlers that did not return.\n");
	check_json(&report,
		   "{\"outcome\":\"abandoned\",\"exit_code\":4,\"asked_by\":\"a\\nb\","
		   "\"total_seconds\":25.019000,\"phase_seconds\":{\"grace\":20.000000},"
		   "\"counts\":{\"in_flight\":5,\"arrived\":2,\"answered\":1,\"refused\":1,"
		   "\"cancelled\":2,\"cut\":2,\"abandoned\":1,\"idle_closed\":0},"
		   "\"straggler_total\":3,\"stragglers\":["
		   "{\"route\":\"GET /debug/stuck\","
		   "\"path\":\"/debug/stuck?a=\\\"b\\\"\\nforged\","
		   "\"client\":\"127.0.0.1:4242\",\"doing\":\"in handler\","
		   "\"age_seconds\":25.125000,\"received\":12,\"sent\":0,\"abandoned\":true},"
		   "{\"route\":\"GET /files/{path}\",\"path\":\"/files/\xef\xbf\xbd\","
		   "\"client\":\"unix\",\"doing\":\"sending\",\"age_seconds\":0.000250,"
		   "\"received\":0,\"sent\":18446744073709551615,\"abandoned\":false}]}\n");
}

Test(report, the_last_line_is_one_sentence_for_people)
{
	struct weir_report report = {.outcome = WEIR_CLEAN,
				     .who = "SIGTERM",
				     .total = WEIR_SECOND,
				     .counts = {.in_flight = 1, .answered = 1}};

	check_sentence(&report, "Stopped cleanly in 1.00 s: of 1 request, 1 answered.");
	report.counts = (struct weir_report_counts){.in_flight = 3, .answered = 1, .cancelled = 2};
	check_sentence(&report,
		       "Stopped cleanly in 1.00 s: of 3 requests, 1 answered, 2 cancelled.");
	report.outcome = WEIR_FORCED;
	report.counts = (struct weir_report_counts){.in_flight = 1, .arrived = 1, .cut = 2};
	check_sentence(&report, "Stopped by force in 1.00 s: of 2 requests, 0 answered, 2 cut.");
}

Test(report, each_outcome_and_phase_has_its_key)
{
	static const struct {
		enum weir_outcome outcome;
		const char *start;
	} outcomes[] = {
		{WEIR_CLEAN, "{\"outcome\":\"clean\",\"exit_code\":0,"},
		{WEIR_FORCED, "{\"outcome\":\"forced\",\"exit_code\":3,"},
		{WEIR_ABANDONED, "{\"outcome\":\"abandoned\",\"exit_code\":4,"},
		{WEIR_LEFT, "{\"outcome\":\"left\",\"exit_code\":5,"},
	};
	static const char *const phases[] = {"running", "closing",  "grace", "cancelling",
					     "forcing", "teardown", "done"};

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		struct weir_report report = {.outcome = outcomes[i].outcome};
		char *text = NULL;

		cr_assert_eq(weir_report_json(&report, &text, NULL), 0);
		cr_assert_eq(strncmp(text, outcomes[i].start, strlen(outcomes[i].start)), 0, "%s",
			     text);
		free(text);
	}
	for (int i = 0; i < WEIR_PHASE_COUNT; i++)
		cr_assert_str_eq(weir_phase_key(i), phases[i]);
	cr_assert_str_eq(weir_phase_key(-1), "unknown");
	cr_assert_str_eq(weir_phase_key(WEIR_PHASE_COUNT), "unknown");
}

Test(report, says_when_memory_is_short)
{
	struct weir_report report = {.outcome = WEIR_CLEAN};
	char *text = NULL;
	size_t size = 0;

	fault_set(FAULT_REALLOC, 0);
	cr_assert_eq(weir_report_text(&report, &text, &size), -ENOMEM);
	fault_set(FAULT_REALLOC, 1); /* it has grown once by then */
	report.stragglers = stragglers;
	report.straggler_count = report.straggler_total = 2;
	cr_assert_eq(weir_report_json(&report, &text, &size), -ENOMEM);
	cr_assert(fault_struck(FAULT_REALLOC));
	cr_assert_null(text);
}
