/* support/must.h: how a helper fails.
 *
 * A helper may run on any thread, a Criterion assertion only on the test's own, and
 * some tests are plain programs. So helpers print what was wrong and abort(): Criterion
 * reports the test as crashed, the line on stderr says why.
 */
#ifndef WEIR_TESTS_MUST_H
#define WEIR_TESTS_MUST_H

#include <stdbool.h>

#include <weir/time.h>

/** How long a test waits for what has to happen. Only a failing test ever waits so long. */
#define MUST_PATIENCE (30 * WEIR_SECOND)

/** Aborts with file, line, the condition and a message, unless `condition` holds. */
#define must(condition, ...)                                                                       \
	do {                                                                                       \
		if (!(condition))                                                                  \
			must_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);                    \
	} while (0)

_Noreturn void must_fail(const char *file, int line, const char *condition, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** What else is to be told: `tell` is called once, by the thread that fails first, before it
 * aborts. */
void must_tell(void (*tell)(void));

/** Milliseconds from now to `until`, rounded up, for poll(); 0 if it has passed. */
int must_poll_timeout(weir_time until);
/** Waits for one of these events of poll(), until `until`: whether one came. */
bool must_poll(int fd, short events, weir_time until);

#endif
