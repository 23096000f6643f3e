/* base/log.c: the two sinks: one line a record, by one write, that no value can forge. */
#include <criterion/criterion.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

TestSuite(log, .timeout = 60);

/* A sink that keeps datagrams: each recv() gives back what one write() wrote. */
struct sink {
	int ends[2];
	char line[8192];
};

static void sink_open(struct sink *sink)
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, sink->ends), 0);
}

static const char *sink_take(struct sink *sink)
{
	ssize_t size = recv(sink->ends[0], sink->line, sizeof(sink->line) - 1, MSG_DONTWAIT);

	cr_assert_gt(size, 0, "nothing was written");
	sink->line[size] = '\0';
	cr_assert_eq(strlen(sink->line), (size_t)size);
	return sink->line;
}

static void sink_close(struct sink *sink)
{
	char rest;

	cr_assert_eq(recv(sink->ends[0], &rest, 1, MSG_DONTWAIT), -1, "more than one write");
	(void)close(sink->ends[0]);
	(void)close(sink->ends[1]);
}

static void check_text(enum weir_log_level level, const char *message,
		       const struct weir_log_field *fields, size_t count, const char *expected)
{
	struct weir_log_record record = {level, "event", message, fields, count};
	struct sink sink;

	sink_open(&sink);
	weir_log_text(&sink.ends[1], &record);
	cr_assert_str_eq(sink_take(&sink), expected);
	sink_close(&sink);
}

/* The JSON line without its time, whose form is checked. */
static void check_json(enum weir_log_level level, const char *message,
		       const struct weir_log_field *fields, size_t count, const char *expected)
{
	struct weir_log_record record = {level, "event", message, fields, count};
	const char *form = "{\"time\":\"dddd-dd-ddTdd:dd:dd.ddddddZ\",";
	struct sink sink;
	const char *line;
	size_t i;

	sink_open(&sink);
	weir_log_json(&sink.ends[1], &record);
	line = sink_take(&sink);
	for (i = 0; form[i]; i++)
		if (form[i] == 'd' && i > 8)
			cr_assert(line[i] >= '0' && line[i] <= '9', "%s", line);
		else
			cr_assert_eq(line[i], form[i], "%s", line);
	cr_assert_str_eq(line + i, expected);
	sink_close(&sink);
}

Test(log, text_is_event_fields_message)
{
	static const struct weir_log_field fields[] = {{"url", "http://127.0.0.1:8080"},
						       {"who", "two words"}};

	check_text(WEIR_LOG_INFO, NULL, NULL, 0, "event\n");
	check_text(WEIR_LOG_INFO, NULL, fields, 2,
		   "event url=http://127.0.0.1:8080 who=\"two words\"\n");
	check_text(WEIR_LOG_WARNING, "it is so", fields, 1,
		   "event url=http://127.0.0.1:8080 level=warning message=\"it is so\"\n");
	check_text(WEIR_LOG_ERROR, NULL, NULL, 0, "event level=error\n");
	check_text(WEIR_LOG_DEBUG, "done", NULL, 0, "event message=done\n");
}

Test(log, json_is_one_object)
{
	static const struct weir_log_field fields[] = {{"url", "http://127.0.0.1:8080"},
						       {"who", "\"two\" words"}};

	check_json(WEIR_LOG_INFO, NULL, NULL, 0, "\"level\":\"info\",\"event\":\"event\"}\n");
	check_json(WEIR_LOG_ERROR, "it is so", fields, 2,
		   "\"level\":\"error\",\"event\":\"event\",\"url\":\"http://127.0.0.1:8080\","
		   "\"who\":\"\\\"two\\\" words\",\"message\":\"it is so\"}\n");
	check_json(WEIR_LOG_WARNING, NULL, NULL, 0, "\"level\":\"warning\",\"event\":\"event\"}\n");
	check_json(WEIR_LOG_DEBUG, NULL, NULL, 0, "\"level\":\"debug\",\"event\":\"event\"}\n");
}

Test(log, no_value_forges_a_line_or_a_field)
{
	static const struct weir_log_field fields[] = {
		{"path", "/x\nlistening url=http://evil"},
		{"agent", "a\" level=\"error"},
		{"empty", ""},
	};

	check_text(WEIR_LOG_INFO, "m\r\nforged", fields, 3,
		   "event path=\"/x\\nlistening url=http://evil\" agent=\"a\\\" level=\\\"error\" "
		   "empty=\"\" message=\"m\\u000d\\nforged\"\n");
	check_json(WEIR_LOG_INFO, "m\nforged", fields, 3,
		   "\"level\":\"info\",\"event\":\"event\","
		   "\"path\":\"/x\\nlistening url=http://evil\","
		   "\"agent\":\"a\\\" level=\\\"error\",\"empty\":\"\","
		   "\"message\":\"m\\nforged\"}\n");
}

Test(log, a_long_record_is_still_one_write)
{
	char value[4000];
	struct weir_log_field field = {"long", value};
	struct weir_log_record record = {WEIR_LOG_INFO, "event", NULL, &field, 1};
	struct sink sink;

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	sink_open(&sink);
	weir_log_text(&sink.ends[1], &record);
	cr_assert_eq(strlen(sink_take(&sink)), strlen("event long=\n") + strlen(value));
	sink_close(&sink);
}

Test(log, a_descriptor_that_cannot_be_written_loses_the_line_and_no_more)
{
	struct weir_log_record record = {WEIR_LOG_INFO, "event", NULL, NULL, 0};
	int closed = -1;

	weir_log_text(&closed, &record);
	weir_log_json(&closed, &record);
}

/* What the library's own modules use. */
struct kept {
	unsigned times;
	struct weir_log_record record;
	struct weir_log_field fields[16];
};

static void keep(void *arg, const struct weir_log_record *record)
{
	struct kept *kept = arg;

	kept->times++;
	kept->record = *record;
	memcpy(kept->fields, record->fields, record->field_count * sizeof(*record->fields));
}

Test(log, a_logger_filters_by_level)
{
	struct kept kept = {.times = 0};
	struct weir__logger logger = {keep, &kept, WEIR_LOG_WARNING}, silent = {NULL, NULL, 0};

	weir__log(&logger, WEIR_LOG_INFO, "no", NULL, NULL);
	weir__log(&silent, WEIR_LOG_ERROR, "no", NULL, NULL);
	cr_assert_eq(kept.times, 0);
	weir__log(&logger, WEIR_LOG_WARNING, "yes", "because", "key", "value", NULL);
	cr_assert_eq(kept.times, 1);
	cr_assert_str_eq(kept.record.event, "yes");
	cr_assert_str_eq(kept.record.message, "because");
	cr_assert_eq(kept.record.level, WEIR_LOG_WARNING);
	cr_assert_eq(kept.record.field_count, 1);
	cr_assert_str_eq(kept.fields[0].key, "key");
	cr_assert_str_eq(kept.fields[0].value, "value");
}

Test(log, a_logger_takes_eight_fields_and_stops_at_null)
{
	struct kept kept = {.times = 0};
	struct weir__logger logger = {keep, &kept, WEIR_LOG_DEBUG};

	weir__log(&logger, WEIR_LOG_INFO, "e", NULL, "1", "a", "2", NULL, "3", "c", NULL);
	cr_assert_eq(kept.record.field_count, 1);
	weir__log(&logger, WEIR_LOG_INFO, "e", NULL, "1", "a", "2", "b", "3", "c", "4", "d", "5",
		  "e", "6", "f", "7", "g", "8", "h", "9", "i", NULL);
	cr_assert_eq(kept.record.field_count, 8);
	cr_assert_str_eq(kept.fields[7].value, "h");
}
