/* log.h: how the library's own modules log. */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H

#include <stddef.h>

#include <weir/log.h>

/* Fixed after init; shared by all threads. */
struct weir__logger {
	weir_log_fn fn;
	void *arg;
	enum weir_log_level level;
};

static inline int weir__log_wants(const struct weir__logger *logger, enum weir_log_level level)
{
	return logger->fn && level <= logger->level;
}

/* Fields are pairs of strings, ended by NULL: weir__log(l, WEIR_LOG_INFO, "listening",
 * NULL, "url", url, NULL). At most 8 pairs; a NULL value ends the list too. */
void weir__log(const struct weir__logger *logger, enum weir_log_level level, const char *event,
	       const char *message, ...) __attribute__((sentinel));

/* Writes a whole line to the log's descriptor. What cannot be written is lost: there is nowhere
 * left to say so. Async-signal-safe. */
void weir__log_write(int fd, const char *line, size_t size);

#endif
