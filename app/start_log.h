/* start_log.h: the log of the binary: one of the library's sinks, and one record more.
 *
 * The library says `listening` for every listener when it starts. After the last of them
 * this sink adds `ready`, which tells a person what to try next.
 */
#ifndef WEIR_APP_START_LOG_H
#define WEIR_APP_START_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <weir/log.h>
#include <weir/server.h>

struct start_log {
	_Atomic(weir_log_fn) sink; /* relaxed: each record takes the one or the other */
	int fd;
	char hint[1024]; /* written before the start, read-only after */
	/* Listeners that have not been announced yet. Whoever takes it from 1 to 0 says
	 * `ready`; the counter alone orders them, so relaxed operations do. */
	atomic_size_t silent;
};

/** Prepares a log on descriptor `fd`. */
void start_log_init(struct start_log *log, int fd, weir_log_fn sink);

/** Another sink from now on. Any thread. */
void start_log_sink(struct start_log *log, weir_log_fn sink);

/** Prepares the record `ready`; `files`: files can be put at "/". Call it between the last
 *  listen and the start. */
void start_log_expect(struct start_log *log, const weir_server *server, bool files);

/** The sink, for weir_server_options.log with a struct start_log. */
void start_log_write(void *arg, const struct weir_log_record *record);

#endif
