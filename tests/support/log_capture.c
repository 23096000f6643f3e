/* support/log_capture.c: see log_capture.h.
 * `lock` protects everything; each write broadcasts `added`. */
#include "support/log_capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/must.h"

static char *copy_text(const char *text)
{
	char *copy = text != NULL ? strdup(text) : NULL;

	must(text == NULL || copy != NULL, "no memory for a log record");
	return copy;
}

static struct weir_log_record *copy_record(const struct weir_log_record *record)
{
	struct weir_log_record *copy = malloc(sizeof(*copy));
	struct weir_log_field *fields = calloc(record->field_count + 1, sizeof(*fields));

	must(copy != NULL && fields != NULL, "no memory for a log record");
	for (size_t i = 0; i < record->field_count; i++) {
		fields[i].key = copy_text(record->fields[i].key);
		fields[i].value = copy_text(record->fields[i].value);
	}
	*copy = (struct weir_log_record){.level = record->level,
					 .event = copy_text(record->event),
					 .message = copy_text(record->message),
					 .fields = fields,
					 .field_count = record->field_count};
	return copy;
}

static void free_record(struct weir_log_record *record)
{
	for (size_t i = 0; i < record->field_count; i++) {
		free((void *)record->fields[i].key);
		free((void *)record->fields[i].value);
	}
	free((void *)record->fields);
	free((void *)record->event);
	free((void *)record->message);
	free(record);
}

void log_capture_init(struct log_capture *log)
{
	pthread_condattr_t attributes;
	int rc;

	memset(log, 0, sizeof(*log));
	rc = pthread_condattr_init(&attributes);
	must(rc == 0, "pthread_condattr_init: %d", rc);
	rc = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	must(rc == 0, "pthread_condattr_setclock: %d", rc);
	rc = pthread_cond_init(&log->added, &attributes);
	must(rc == 0, "pthread_cond_init: %d", rc);
	pthread_condattr_destroy(&attributes);
	rc = pthread_mutex_init(&log->lock, NULL);
	must(rc == 0, "pthread_mutex_init: %d", rc);
}

void log_capture_destroy(struct log_capture *log)
{
	for (size_t i = 0; i < log->count; i++)
		free_record(log->records[i]);
	pthread_mutex_destroy(&log->lock);
	pthread_cond_destroy(&log->added);
}

void log_capture_write(void *arg, const struct weir_log_record *record)
{
	struct log_capture *log = arg;

	pthread_mutex_lock(&log->lock);
	if (log->count < LOG_CAPTURE_MAX)
		log->records[log->count++] = copy_record(record);
	else
		log->dropped++;
	pthread_cond_broadcast(&log->added);
	pthread_mutex_unlock(&log->lock);
}

static size_t count_locked(const struct log_capture *log, const char *event)
{
	size_t count = 0;

	for (size_t i = 0; i < log->count; i++)
		count += strcmp(log->records[i]->event, event) == 0;
	return count;
}

size_t log_capture_count(struct log_capture *log, const char *event)
{
	size_t count;

	pthread_mutex_lock(&log->lock);
	count = count_locked(log, event);
	pthread_mutex_unlock(&log->lock);
	return count;
}

void log_capture_await(struct log_capture *log, const char *event, size_t count)
{
	weir_time until = weir_after(MUST_PATIENCE);
	struct timespec at = {.tv_sec = until / WEIR_SECOND, .tv_nsec = until % WEIR_SECOND};
	int rc = 0;

	pthread_mutex_lock(&log->lock);
	while (count_locked(log, event) < count && rc == 0)
		rc = pthread_cond_timedwait(&log->added, &log->lock, &at);
	must(rc == 0, "%zu of %zu records \"%s\" came (%zu kept, %zu dropped): %s",
	     count_locked(log, event), count, event, log->count, log->dropped, strerror(rc));
	pthread_mutex_unlock(&log->lock);
}

static const char *field_of(const struct weir_log_record *record, const char *key)
{
	for (size_t i = 0; i < record->field_count; i++) {
		if (strcmp(record->fields[i].key, key) == 0)
			return record->fields[i].value;
	}
	return NULL;
}

const char *log_capture_field(struct log_capture *log, const char *event, const char *key)
{
	const char *value = NULL;

	pthread_mutex_lock(&log->lock);
	for (size_t i = 0; i < log->count; i++) {
		if (strcmp(log->records[i]->event, event) == 0) {
			value = field_of(log->records[i], key);
			break;
		}
	}
	pthread_mutex_unlock(&log->lock);
	return value;
}

void log_capture_dump(struct log_capture *log)
{
	pthread_mutex_lock(&log->lock);
	for (size_t i = 0; i < log->count; i++) {
		const struct weir_log_record *record = log->records[i];

		fprintf(stderr, "log: %s", record->event);
		for (size_t k = 0; k < record->field_count; k++)
			fprintf(stderr, " %s=%s", record->fields[k].key, record->fields[k].value);
		fprintf(stderr, " %s\n", record->message != NULL ? record->message : "");
	}
	pthread_mutex_unlock(&log->lock);
}
