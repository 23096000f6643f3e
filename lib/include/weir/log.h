/* weir/log.h: what the library has to say, one record an event.
 *
 * Nothing is printed unless the program asks: a server without a `log` option is
 * silent. A record is an event name and a few fields; two ready sinks write it to
 * a descriptor as one line, by one write(2), so lines of several threads do not
 * mix and nothing is left in a buffer when the process ends abruptly.
 */
#ifndef WEIR_LOG_H
#define WEIR_LOG_H

#include <stddef.h>

#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

enum weir_log_level { WEIR_LOG_ERROR, WEIR_LOG_WARNING, WEIR_LOG_INFO, WEIR_LOG_DEBUG };

struct weir_log_field {
	const char *key;
	const char *value;
};

/** One event. Borrowed for the length of the call. */
struct weir_log_record {
	enum weir_log_level level;
	const char *event;   /**< a short name, like "listening" */
	const char *message; /**< a sentence for people, or NULL */
	const struct weir_log_field *fields;
	size_t field_count;
};

/** A sink. May be called from any thread, several at once; must not block for long
 *  and must not call back into the server. */
typedef void (*weir_log_fn)(void *arg, const struct weir_log_record *record);

/** Ready sinks; `arg` points to an int, the descriptor to write to.
 *  Text: `event key=value key="two words" level=warning message="as it is"`, the level
 *  from warnings upwards. Values are quoted where needed, and control characters escaped,
 *  so a line cannot be forged by what a client sent. */
WEIR_API void weir_log_text(void *arg, const struct weir_log_record *record);
/** JSON: one object a line, with time (RFC 3339, UTC), level, event and the fields. */
WEIR_API void weir_log_json(void *arg, const struct weir_log_record *record);

#ifdef __cplusplus
}
#endif

#endif
