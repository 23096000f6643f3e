/* reloading.h: a weir process whose configuration is a file that the test writes anew.
 *
 * Its listeners are in the file: a.sock, which app->url is, and admin.sock; its log goes to stderr
 * unless the file says otherwise.
 */
#ifndef WEIR_TESTS_RELOADING_H
#define WEIR_TESTS_RELOADING_H

#include "app.h"

#include <stdbool.h>

/** Writes the file: the usual listeners, then this text. */
void reloading_write(struct app *app, const char *text);
/** The same without the listeners. */
void reloading_write_all(struct app *app, const char *text);

/** Starts with the file that was written, and these options (up to a NULL; may be NULL). */
void reloading_start(struct app *app, const char *const *options);

/** Sends SIGHUP and waits until the reload is done: generation `number` serves. */
void reloading_reload(struct app *app, unsigned number);
/** The same; it must fail: generation `number` serves on. Returns the rest of the line of the log,
 *  borrowed until the next. */
const char *reloading_fail(struct app *app, unsigned number);

/** The body of GET `target`; to be freed. NULL unless the status is 200. */
char *reloading_get(const struct app *app, const char *target);
/** Fails the test unless GET `target` says this. */
void reloading_expect(const struct app *app, const char *target, const char *body);

/** How many descriptors the process has open, without sockets: those of clients come and go. */
size_t reloading_descriptors(const struct app *app);
/** Waits until there are as many: a file is closed some time after its last byte was received. */
void reloading_await_descriptors(const struct app *app, size_t count);

#endif
