/* app.h: one weir process for one test, with a root and an admin socket of its own.
 *
 * Everything is in the test's scratch directory, which is also the process' working
 * directory: root/ is served, admin.sock is the admin listener, report.json the report.
 */
#ifndef WEIR_TESTS_APP_H
#define WEIR_TESTS_APP_H

#include "support/client.h"
#include "support/process.h"
#include "support/reply.h"
#include "support/scratch.h"

#include <stdint.h>

struct app {
	struct scratch scratch;
	struct process process;
	char url[128];
	char admin[PATH_MAX + 8];
	char *report; /* once stopped; owned */
};

/** Makes the scratch directory with an empty root/. */
void app_prepare(struct app *app);
/** Starts `weir serve` on a free port, with these options (up to a NULL) added, and waits
 *  until it is ready. */
void app_start(struct app *app, const char *const *options);
/** Both. */
void app_serve(struct app *app, const char *const *options);

/** Waits for the end; the exit code. The report, if there is one, is in app->report. */
int app_wait(struct app *app);
/** SIGTERM, and app_wait(). */
int app_stop(struct app *app);
/** Stops without a grace, by two signals: the request that is under way on `client` has to be
 *  answered with 503. Closes the client. */
void app_hurry(struct app *app, struct client *client);
/** Frees everything and removes the scratch directory. */
void app_destroy(struct app *app);
/** Stops, expects a clean end, destroys. */
void app_finish(struct app *app);

/** Runs weir with these words (up to a NULL) in the scratch directory to its end; the exit
 *  code. What it said is in app->process.text. */
int app_run(struct app *app, const char *const *words);

/** Sends a request with a body; `fields` are whole lines with their CRLF, or "". */
void app_request(struct client *client, const char *method, const char *target, const char *fields,
		 const char *body);
/** The same on a connection of its own, and reads the answer. */
void app_exchange(const struct app *app, const char *method, const char *target, const char *fields,
		  const char *body, struct reply *reply);
/** The same; the status alone. */
int app_status(const struct app *app, const char *method, const char *target, const char *fields,
	       const char *body);

/** Asks the admin listener until a series of its metrics has this value. */
void app_await_metric(const struct app *app, const char *series, uint64_t value);

/** A number of the report by its key. */
uint64_t app_report_number(const struct app *app, const char *key);
/** Fails the test unless the counts of the report add up. */
void app_report_check(const struct app *app);

#endif
