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
		   "abandoned=0 idle_closed=2 upgraded=0 upgraded_cut=0\n"
		   "Stopped cleanly in 1.5 ms: nothing was in flight.\n");
	check_json(&report,
		   "{\"outcome\":\"clean\",\"exit_code\":0,\"asked_by\":\"SIGTERM\","
		   "\"total_seconds\":0.001500,"
		   "\"phase_seconds\":{\"closing\":0.000300,\"teardown\":0.001200},"
		   "\"counts\":{\"in_flight\":0,\"arrived\":0,\"answered\":0,\"refused\":0,"
		   "\"cancelled\":0,\"cut\":0,\"abandoned\":0,\"idle_closed\":2,\"upgraded\":0,"
		   "\"upgraded_cut\":0},"
		   "\"since_start\":{\"accepted\":0,\"answered\":0,\"refused\":0,"
		   "\"cancelled\":0,\"cut\":0,\"responses\":{\"1xx\":0,\"2xx\":0,\"3xx\":0,"
		   "\"4xx\":0,\"5xx\":0}},"
		   "\"straggler_total\":0,\"stragglers\":[],\"task_total\":0,\"tasks\":[],"
		   "\"stages\":[]}\n");
}

static const struct weir_straggler stragglers[] = {
	{.route = "GET /debug/stuck",
	 .path = "/debug/stuck?a=\"b\"\nforged",
	 .client = "127.0.0.1:4242",
	 .doing = "in handler",
	 .age = 25125 * WEIR_MILLISECOND,
	 .received = 12,
	 .sent = 0,
	 .looked_at = "stuck.c:41",
	 .looked_ago = 3200 * WEIR_MILLISECOND,
	 .abandoned = 1,
	 .stack = "libc.so.6!read+0x4f\n\"quoted\" (stuck.c:40)"},
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
				     .served = {.accepted = 97,
						.answered = 50,
						.refused = 40,
						.cancelled = 4,
						.cut = 2,
						.responses = {0, 1, 45, 3, 42, 5}},
				     .stragglers = stragglers,
				     .straggler_count = 2,
				     .straggler_total = 3};

	check_text(&report,
		   "drain report: outcome=abandoned asked-by=\"a\\nb\"\n"
		   "  phases: grace 20.00 s\n"
		   "  counts: in_flight=5 arrived=2 answered=1 refused=1 cancelled=2 cut=2 "
		   "abandoned=1 idle_closed=0 upgraded=0 upgraded_cut=0\n"
		   "  never came back: \"GET /debug/stuck\" "
		   "path=\"/debug/stuck?a=\\\"b\\\"\\nforged\" client=127.0.0.1:4242 "
		   "doing=\"in handler\" age=\"25.12 s\" received=12 sent=0 "
		   "token=\"last looked at 3.20 s ago at stuck.c:41\"\n"
		   "      libc.so.6!read+0x4f\n"
		   "      \"quoted\" (stuck.c:40)\n"
		   "  cut: \"GET /files/{path}\" path=\"/files/\xef\xbf\xbd\" client=unix "
		   "doing=sending age=\"0.2 ms\" received=0 sent=18446744073709551615\n"
		   "  and 1 more\n"
		   "Stopped without waiting any longer in 25.01 s: of 7 requests, 1 answered, "
		   "1 refused, 2 cancelled, 2 cut, 1 abandoned in handlers that did not return.\n");
	check_json(&report,
		   "{\"outcome\":\"abandoned\",\"exit_code\":4,\"asked_by\":\"a\\nb\","
		   "\"total_seconds\":25.019000,\"phase_seconds\":{\"grace\":20.000000},"
		   "\"counts\":{\"in_flight\":5,\"arrived\":2,\"answered\":1,\"refused\":1,"
		   "\"cancelled\":2,\"cut\":2,\"abandoned\":1,\"idle_closed\":0,\"upgraded\":0,"
		   "\"upgraded_cut\":0},"
		   "\"since_start\":{\"accepted\":97,\"answered\":50,\"refused\":40,"
		   "\"cancelled\":4,\"cut\":2,\"responses\":{\"1xx\":1,\"2xx\":45,\"3xx\":3,"
		   "\"4xx\":42,\"5xx\":5}},"
		   "\"straggler_total\":3,\"stragglers\":["
		   "{\"route\":\"GET /debug/stuck\","
		   "\"path\":\"/debug/stuck?a=\\\"b\\\"\\nforged\","
		   "\"client\":\"127.0.0.1:4242\",\"doing\":\"in handler\",\"upgraded\":false,"
		   "\"age_seconds\":25.125000,\"received\":12,\"sent\":0,\"abandoned\":true,"
		   "\"looked_at\":\"stuck.c:41\",\"looked_seconds_ago\":3.200000,"
		   "\"waiting\":false,"
		   "\"stack\":[\"libc.so.6!read+0x4f\",\"\\\"quoted\\\" (stuck.c:40)\"]},"
		   "{\"route\":\"GET /files/{path}\",\"path\":\"/files/\xef\xbf\xbd\","
		   "\"client\":\"unix\",\"doing\":\"sending\",\"upgraded\":false,\"age_seconds\":0."
		   "000250,"
		   "\"received\":0,\"sent\":18446744073709551615,\"abandoned\":false,"
		   "\"looked_at\":null,\"looked_seconds_ago\":null,\"waiting\":false,"
		   "\"stack\":[]}],"
		   "\"task_total\":0,\"tasks\":[],\"stages\":[]}\n");
}

Test(report, a_handler_that_waits_or_has_never_looked_is_told)
{
	static const struct weir_straggler looks[] = {
		{.route = "a",
		 .looked_at = "weir_sleep()",
		 .looked_ago = 40 * WEIR_MILLISECOND,
		 .waiting = 1,
		 .abandoned = 1},
		{.route = "b", .abandoned = 1},
	};
	struct weir_report report = {.stragglers = looks, .straggler_count = 2};
	char *text = NULL;

	cr_assert_eq(weir_report_text(&report, &text, NULL), 0);
	cr_assert_not_null(strstr(text, " token=\"waited on for 40.0 ms in weir_sleep()\"\n"));
	cr_assert_not_null(strstr(text, " token=\"never looked at\"\n"));
	free(text);
	cr_assert_eq(weir_report_json(&report, &text, NULL), 0);
	cr_assert_not_null(strstr(text, "\"looked_at\":\"weir_sleep()\","
					"\"looked_seconds_ago\":0.040000,\"waiting\":true,"));
	cr_assert_not_null(strstr(text, "\"looked_at\":null,\"looked_seconds_ago\":null,"
					"\"waiting\":false,"));
	free(text);
}

static const struct weir_task_left tasks[] = {
	{"tick\ner", 4 * WEIR_SECOND, "tick\nrun"},
	{"feed", WEIR_MILLISECOND, NULL},
};

static const struct weir_stage stages[] = {
	{.name = "cache", .share = 2 * WEIR_SECOND, .time = 300 * WEIR_MICROSECOND},
	{.name = "log",
	 .result = WEIR_STAGE_FAILED,
	 .error = -ENOSPC,
	 .share = WEIR_SECOND,
	 .time = WEIR_MILLISECOND},
	{.name = "pool 1",
	 .result = WEIR_STAGE_OVERRUN,
	 .error = -ECANCELED,
	 .share = WEIR_SECOND,
	 .time = 1500 * WEIR_MILLISECOND},
	{.name = "queue",
	 .result = WEIR_STAGE_ABANDONED,
	 .share = WEIR_SECOND,
	 .time = 2 * WEIR_SECOND,
	 .stack = "close_queue"},
	{.name = "files", .result = WEIR_STAGE_SKIPPED, .share = WEIR_SECOND, .because = "queue"},
	{.name = "db", .result = WEIR_STAGE_SKIPPED, .share = WEIR_SECOND, .because = "queue"},
};

Test(report, tasks_and_stages_are_named)
{
	struct weir_report report = {.outcome = WEIR_ABANDONED,
				     .who = "SIGTERM",
				     .total = 5 * WEIR_SECOND,
				     .tasks = tasks,
				     .task_count = 2,
				     .task_total = 3,
				     .stages = stages,
				     .stage_count = 6};

	check_text(&report,
		   "drain report: outcome=abandoned asked-by=SIGTERM\n"
		   "  phases:\n"
		   "  counts: in_flight=0 arrived=0 answered=0 refused=0 cancelled=0 cut=0 "
		   "abandoned=0 idle_closed=0 upgraded=0 upgraded_cut=0\n"
		   "  never came back: task=\"tick\\ner\" age=\"4.00 s\"\n"
		   "      tick\n"
		   "      run\n"
		   "  never came back: task=feed age=\"1.0 ms\"\n"
		   "  and 1 more tasks\n"
		   "  teardown: stage=cache result=ok time=\"0.3 ms\" share=\"2.00 s\"\n"
		   "  teardown: stage=log result=failed errno=28 time=\"1.0 ms\" share=\"1.00 s\"\n"
		   "  teardown: stage=\"pool 1\" result=overrun errno=125 time=\"1.50 s\" "
		   "share=\"1.00 s\"\n"
		   "  teardown: stage=queue result=abandoned time=\"2.00 s\" share=\"1.00 s\"\n"
		   "      close_queue\n"
		   "  teardown: stage=files result=skipped because=queue\n"
		   "  teardown: stage=db result=skipped because=queue\n"
		   "Stopped without waiting any longer in 5.00 s: nothing was in flight, "
		   "3 tasks abandoned, 1 teardown stage failed, 1 teardown stage overran, "
		   "1 teardown stage abandoned, 2 teardown stages skipped.\n");
	check_json(&report,
		   "{\"outcome\":\"abandoned\",\"exit_code\":4,\"asked_by\":\"SIGTERM\","
		   "\"total_seconds\":5.000000,\"phase_seconds\":{},"
		   "\"counts\":{\"in_flight\":0,\"arrived\":0,\"answered\":0,\"refused\":0,"
		   "\"cancelled\":0,\"cut\":0,\"abandoned\":0,\"idle_closed\":0,\"upgraded\":0,"
		   "\"upgraded_cut\":0},"
		   "\"since_start\":{\"accepted\":0,\"answered\":0,\"refused\":0,"
		   "\"cancelled\":0,\"cut\":0,\"responses\":{\"1xx\":0,\"2xx\":0,\"3xx\":0,"
		   "\"4xx\":0,\"5xx\":0}},"
		   "\"straggler_total\":0,\"stragglers\":[],\"task_total\":3,\"tasks\":["
		   "{\"name\":\"tick\\ner\",\"age_seconds\":4.000000,\"stack\":[\"tick\",\"run\"]},"
		   "{\"name\":\"feed\",\"age_seconds\":0.001000,\"stack\":[]}],\"stages\":["
		   "{\"name\":\"cache\",\"result\":\"ok\",\"errno\":0,\"because\":\"\","
		   "\"seconds\":0.000300,\"share_seconds\":2.000000,\"stack\":[]},"
		   "{\"name\":\"log\",\"result\":\"failed\",\"errno\":28,\"because\":\"\","
		   "\"seconds\":0.001000,\"share_seconds\":1.000000,\"stack\":[]},"
		   "{\"name\":\"pool 1\",\"result\":\"overrun\",\"errno\":125,\"because\":\"\","
		   "\"seconds\":1.500000,\"share_seconds\":1.000000,\"stack\":[]},"
		   "{\"name\":\"queue\",\"result\":\"abandoned\",\"errno\":0,\"because\":\"\","
		   "\"seconds\":2.000000,\"share_seconds\":1.000000,"
		   "\"stack\":[\"close_queue\"]},"
		   "{\"name\":\"files\",\"result\":\"skipped\",\"errno\":0,"
		   "\"because\":\"queue\",\"seconds\":0.000000,\"share_seconds\":1.000000,"
		   "\"stack\":[]},"
		   "{\"name\":\"db\",\"result\":\"skipped\",\"errno\":0,"
		   "\"because\":\"queue\",\"seconds\":0.000000,\"share_seconds\":1.000000,"
		   "\"stack\":[]}]}\n");
}

Test(report, each_stage_result_has_its_key)
{
	static const char *const keys[] = {"ok", "failed", "overrun", "abandoned", "skipped"};

	for (int i = 0; i < WEIR_STAGE_RESULT_COUNT; i++)
		cr_assert_str_eq(weir_stage_result_key(i), keys[i]);
	cr_assert_str_eq(weir_stage_result_key(-1), "unknown");
	cr_assert_str_eq(weir_stage_result_key(WEIR_STAGE_RESULT_COUNT), "unknown");
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
	static const char *const phases[] = {"running",    "lame_duck", "closing",  "grace",
					     "cancelling", "forcing",   "teardown", "done"};

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
