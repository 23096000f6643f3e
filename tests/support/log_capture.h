/* support/log_capture.h: a log sink that keeps what it was given, for tests to look at
 * and to wait for.
 *
 * Keeps the first LOG_CAPTURE_MAX records and counts the rest. Any thread.
 */
#ifndef WEIR_TESTS_LOG_CAPTURE_H
#define WEIR_TESTS_LOG_CAPTURE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <weir/log.h>

#define LOG_CAPTURE_MAX 1024

struct log_capture {
	pthread_mutex_t lock;
	pthread_cond_t added;
	struct weir_log_record *records[LOG_CAPTURE_MAX]; /**< copies, under the lock */
	size_t count;
	size_t dropped;
};

void log_capture_init(struct log_capture *log);
/** No thread may write any more. */
void log_capture_destroy(struct log_capture *log);

/** The sink; `arg` is the struct log_capture. */
void log_capture_write(void *arg, const struct weir_log_record *record);

/** How many records of `event` there are by now. */
size_t log_capture_count(struct log_capture *log, const char *event);
/** Waits until there are `count` records of `event`. */
void log_capture_await(struct log_capture *log, const char *event, size_t count);
/** The value of field `key` in the first record of `event`; NULL if there is none.
 *  Valid until destroy. */
const char *log_capture_field(struct log_capture *log, const char *event, const char *key);
/** Prints all of it to stderr: for tests that failed. */
void log_capture_dump(struct log_capture *log);

#endif
