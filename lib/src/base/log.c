/* log.c: records, and the two ready sinks. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define MAX_FIELDS 8

static const char *level_name(enum weir_log_level level)
{
	switch (level) {
	case WEIR_LOG_ERROR:
		return "error";
	case WEIR_LOG_WARNING:
		return "warning";
	case WEIR_LOG_INFO:
		return "info";
	case WEIR_LOG_DEBUG:
		break;
	}
	return "debug";
}

void weir__log(const struct weir__logger *logger, enum weir_log_level level, const char *event,
	       const char *message, ...)
{
	struct weir_log_field fields[MAX_FIELDS];
	struct weir_log_record record = {.level = level, .event = event, .message = message};
	va_list arguments;

	if (!weir__log_wants(logger, level))
		return;
	va_start(arguments, message);
	while (record.field_count < MAX_FIELDS) {
		const char *key = va_arg(arguments, const char *);
		const char *value = key ? va_arg(arguments, const char *) : NULL;

		if (!value)
			break;
		fields[record.field_count++] = (struct weir_log_field){key, value};
	}
	va_end(arguments);
	record.fields = fields;
	logger->fn(logger->arg, &record);
}

void weir__log_write(int fd, const char *line, size_t size)
{
	while (size > 0) {
		ssize_t done = write(fd, line, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			break;
		line += done;
		size -= (size_t)done;
	}
}

/* One write for the line. */
static void emit(int fd, struct weir__text *line)
{
	if (!line->error)
		weir__log_write(fd, line->data, line->size);
	weir__text_free(line);
}

void weir_log_text(void *arg, const struct weir_log_record *record)
{
	struct weir__text line = WEIR__TEXT_EMPTY;
	size_t i;

	weir__text_append(&line, "", 0);
	weir__text_printf(&line, "%s", record->event);
	for (i = 0; i < record->field_count; i++) {
		weir__text_printf(&line, " %s=", record->fields[i].key);
		weir__text_logfmt(&line, record->fields[i].value);
	}
	if (record->level <= WEIR_LOG_WARNING)
		weir__text_printf(&line, " level=%s", level_name(record->level));
	if (record->message) {
		weir__text_append(&line, " message=", 9);
		weir__text_logfmt(&line, record->message);
	}
	weir__text_append(&line, "\n", 1);
	emit(*(const int *)arg, &line);
}

void weir_log_json(void *arg, const struct weir_log_record *record)
{
	struct weir__text line = WEIR__TEXT_EMPTY;
	struct timespec now;
	struct tm utc;
	char stamp[32];
	size_t i;

	if (clock_gettime(CLOCK_REALTIME, &now) || !gmtime_r(&now.tv_sec, &utc) ||
	    !strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc))
		stamp[0] = '\0';
	weir__text_printf(&line, "{\"time\":\"%s.%06ldZ\",\"level\":\"%s\",\"event\":", stamp,
			  now.tv_nsec / 1000, level_name(record->level));
	weir__text_json(&line, record->event);
	for (i = 0; i < record->field_count; i++) {
		weir__text_append(&line, ",", 1);
		weir__text_json(&line, record->fields[i].key);
		weir__text_append(&line, ":", 1);
		weir__text_json(&line, record->fields[i].value);
	}
	if (record->message) {
		weir__text_append(&line, ",\"message\":", 11);
		weir__text_json(&line, record->message);
	}
	weir__text_append(&line, "}\n", 2);
	emit(*(const int *)arg, &line);
}
