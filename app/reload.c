/* reload.c: see reload.h.
 *
 *	old ones swept -> generation opened -> log file opened -> listeners bound
 *	-> tasks started -> routes swapped | log, certificates, stop's times
 *	-> other listeners closed -> old generation retired
 *
 * Up to the bar each step is undone if a later one fails. What is behind it cannot fail.
 *
 * Lock: `lock` guards the list of retired generations; the lock of a table of routes and that of
 * the history are taken under it, and it is held for some loads and stores only. `waiting` is by
 * itself: a signal that comes while a reload waits for its turn asks for nothing new.
 */
#include "reload.h"
#include "control.h"
#include "handlers/outcome.h"
#include "log_file.h"
#include "reload_compare.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/routes.h>
#include <weir/stack.h>
#include <weir/sync.h>
#include <weir/systemd.h>
#include <weir/task.h>

/* Most old generations at a time. Each keeps what it has opened. */
#define RETIRED_MAX 16

/* A generation that does not serve any more, and who waits for its last request. */
struct retired {
	struct reload *reload;
	struct generation *generation;
	bool watched; /* by a task, which closes it */
	struct retired *next;
};

struct reload {
	/* Fixed. */
	struct service *service;

	atomic_bool waiting; /* a signal's reload that has not begun */

	weir_mutex lock;
	/* under the lock */
	struct retired *retired;
	unsigned count; /* of these */
};

static void lock(struct reload *reload)
{
	(void)weir_mutex_lock(&reload->lock, NULL, WEIR_NEVER); /* without a token it cannot fail */
}

int reload_create(struct service *service, struct reload **out)
{
	struct reload *reload = calloc(1, sizeof *reload);
	if (reload == NULL)
		return -ENOMEM;
	reload->service = service;
	*out = reload;
	return 0;
}

void reload_destroy(struct reload *reload)
{
	if (reload == NULL)
		return;
	while (reload->retired != NULL) {
		struct retired *retired = reload->retired;
		reload->retired = retired->next;
		generation_close(retired->generation, true);
		free(retired);
	}
	free(reload);
}

static void say(struct reload *reload, enum weir_log_level level, const char *event,
		const char *message, const char *key, const char *value)
{
	const struct weir_log_field field = {key, value};
	const struct weir_log_record record = {
		.level = level,
		.event = event,
		.message = message,
		.fields = &field,
		.field_count = key != NULL,
	};
	start_log_write(&reload->service->log, &record);
}

static void count_locked(struct reload *reload, unsigned count)
{
	reload->count = count;
	reload_history_old(reload->service->admin.reloads, count);
}

/* Takes it out of the list, and closes it. */
static void close_retired(struct retired *retired)
{
	struct reload *reload = retired->reload;
	lock(reload);
	struct retired **at = &reload->retired;
	while (*at != retired)
		at = &(*at)->next;
	*at = retired->next;
	count_locked(reload, reload->count - 1);
	weir_mutex_unlock(&reload->lock);
	generation_close(retired->generation, false);
	free(retired);
}

/* The task of one old generation. A stop leaves it to reload_destroy(). */
static int await_last(void *arg, weir_token *token)
{
	struct retired *retired = arg;
	if (weir_routes_wait(retired->generation->routes, WEIR_NEVER, token) == 0)
		close_retired(retired);
	return 0;
}

/* One that no request uses any more and no task has; NULL: none. *used: how many are in use; one
 * whose task is on its way to close it is not. */
static struct retired *find_over(struct reload *reload, unsigned *used)
{
	struct retired *over = NULL;
	*used = 0;
	lock(reload);
	for (struct retired *at = reload->retired; at != NULL; at = at->next) {
		if (weir_routes_wait(at->generation->routes, 0, NULL) != 0)
			++*used;
		else if (!at->watched)
			over = at;
	}
	weir_mutex_unlock(&reload->lock);
	return over;
}

/* Closes what nobody else will. Returns how many are in use. */
static unsigned sweep(struct reload *reload)
{
	struct retired *over;
	unsigned used;
	while ((over = find_over(reload, &used)) != NULL)
		close_retired(over);
	return used;
}

/* Without a task the next sweep, or the end, finds it. */
static void retire(struct reload *reload, struct retired *retired, weir_routes *routes)
{
	struct service *service = reload->service;
	generation_retire(retired->generation, routes);
	lock(reload);
	retired->next = reload->retired;
	reload->retired = retired;
	retired->watched = true;
	count_locked(reload, reload->count + 1);
	weir_mutex_unlock(&reload->lock);
	if (weir_task_start(service->server, "old routes", await_last, retired) == 0)
		return;
	lock(reload);
	retired->watched = false;
	weir_mutex_unlock(&reload->lock);
}

/* What is open for a change and not yet in use. */
struct change {
	struct generation *next;
	struct retired *retired; /* for the one that serves now */
	int log;                 /* -1: the old one goes on */
};

/* The same file again is for logrotate(8): if it cannot be had, the old one is better than none.
 * Another one is what the configuration asks for. */
static int open_log(struct reload *reload, struct change *change, char line[COMPLAIN_SIZE])
{
	const char *now = reload->service->current->config.log_file;
	const char *next = change->next->config.log_file;
	bool same = now != NULL && next != NULL && strcmp(now, next) == 0;
	change->log = log_file_open(next);
	if (change->log >= 0)
		return 0;
	int error = change->log;
	log_file_problem(next, error, line);
	change->log = -1;
	if (!same)
		return error;
	say(reload, WEIR_LOG_WARNING, "log-kept", line, "file", next);
	return 0;
}

/* Returns 0; or a negative errno with the line, and nothing has changed. */
static int open_change(struct reload *reload, weir_token *token, struct change *change,
		       char line[COMPLAIN_SIZE])
{
	struct service *service = reload->service;
	int error = weir_token_check(token);
	if (error == 0)
		error = generation_read(service->given, &change->next, line);
	if (error != 0)
		return error;
	error = generation_open(change->next, &service->admin, service->current, token, line);
	if (error != 0)
		goto close_generation;
	change->retired = calloc(1, sizeof *change->retired);
	if (change->retired == NULL) {
		error = -ENOMEM;
		goto close_generation;
	}
	error = open_log(reload, change, line);
	if (error != 0)
		goto free_retired;
	if (service->current->tls == NULL) /* nobody uses it before there is a listener for it */
		weir_server_set_tls(service->server, change->next->tls);
	error = listeners_open(&service->listeners, service->server, &change->next->config, line);
	if (error != 0)
		goto close_log;
	error = generation_start(change->next, service->server, line);
	if (error != 0)
		goto undo_listeners;
	return 0;

undo_listeners:
	listeners_undo(&service->listeners, service->server);
close_log:
	if (change->log >= 0)
		(void)close(change->log);
free_retired:
	free(change->retired);
close_generation:
	generation_close(change->next, false);
	return error;
}

static void undo_change(struct reload *reload, struct change *change)
{
	listeners_undo(&reload->service->listeners, reload->service->server);
	if (change->log >= 0)
		(void)close(change->log);
	free(change->retired);
	generation_close(change->next, false);
}

static void use_log(struct service *service, const struct change *change)
{
	const struct serve_config *config = &change->next->config;
	if (change->log >= 0)
		log_file_replace(service->log.fd, change->log);
	start_log_sink(&service->log, config->log_json ? weir_log_json : weir_log_text);
	(void)weir_stack_report_overflow(service->log.fd, config->log_json);
}

static weir_time or_none(weir_time duration)
{
	return duration == 0 ? WEIR_NONE : duration;
}

/* The routes are exchanged. A stop that comes now goes by the times that it finds. */
static void settle(struct reload *reload, const struct change *change, weir_routes *old)
{
	struct service *service = reload->service;
	const struct serve_config *config = &change->next->config;
	use_log(service, change);
	weir_server_set_tls(service->server, change->next->tls);
	(void)weir_server_set_stop_times(service->server, or_none(config->lame_duck),
					 or_none(config->grace), or_none(config->drain_timeout));
	listeners_settle(&service->listeners, service->server);
	*change->retired = (struct retired){.reload = reload, .generation = service->current};
	service->current = change->next;
	char names[RELOAD_NAMES_SIZE];
	if (reload_compare(&service->started, config, names))
		say(reload, WEIR_LOG_WARNING, "reload-needs-restart",
		    "these take effect with the next restart or upgrade", "options", names);
	retire(reload, change->retired, old);
}

int reload_take(struct reload *reload, weir_token *token, char line[COMPLAIN_SIZE])
{
	struct change change;
	weir_routes *old;
	if (sweep(reload) >= RETIRED_MAX) {
		(void)snprintf(line, COMPLAIN_SIZE,
			       "%u earlier configurations are still used by requests: wait for "
			       "these, or restart",
			       RETIRED_MAX);
		return -EBUSY;
	}
	int error = open_change(reload, token, &change, line);
	if (error != 0)
		return error;
	error = generation_serve(change.next, reload->service->server, &old);
	if (error != 0) {
		undo_change(reload, &change);
		return error;
	}
	settle(reload, &change, old);
	return 0;
}

/* What a person reads: without the name of a command that was not given. */
static void shorten(char line[COMPLAIN_SIZE], int error)
{
	static const char command[] = "weir serve: ";
	size_t skipped = sizeof command - 1;
	if (error == -ECANCELED)
		(void)snprintf(line, COMPLAIN_SIZE, "the server is stopping");
	else if (line[0] == '\0')
		(void)snprintf(line, COMPLAIN_SIZE, "%s", strerror(-error));
	else if (strncmp(line, command, skipped) == 0)
		memmove(line, line + skipped, strlen(line + skipped) + 1);
	complain_clean(line);
}

static void finish(struct reload *reload, int error, char line[COMPLAIN_SIZE], weir_later *answer)
{
	if (error != 0)
		shorten(line, error);
	uint64_t generation =
		reload_history_add(reload->service->admin.reloads, error != 0 ? line : NULL);
	char number[24];
	(void)snprintf(number, sizeof number, "%" PRIu64, generation);
	if (error != 0)
		say(reload, WEIR_LOG_ERROR, "reload-failed", line, "generation", number);
	else
		say(reload, WEIR_LOG_INFO, "reloaded", NULL, "generation", number);
	if (answer != NULL)
		outcome_answer(answer, "generation", generation, error != 0 ? line : NULL);
}

static void reload_now(void *arg, weir_token *token, weir_later *answer)
{
	struct reload *reload = arg;
	char line[COMPLAIN_SIZE] = "";
	/* Before the file is read: who writes it and then sends a signal is heard. */
	atomic_store(&reload->waiting, false);
	say(reload, WEIR_LOG_INFO, "reloading", NULL, NULL, NULL);
	weir_systemd_reloading(reload->service->server);
	int error = reload_take(reload, token, line);
	weir_systemd_reloaded(reload->service->server);
	finish(reload, error, line, answer);
}

int reload_ask(struct reload *reload, weir_later *answer)
{
	return control_ask(reload->service->admin.control, CONTROL_CHANGE, reload_now, reload,
			   answer);
}

void reload_on_signal(weir_server *server, int number, void *arg)
{
	(void)number;
	struct reload *reload = arg;
	bool stopping = weir_server_stopping(server); /* then whoever waits will not have a turn */
	if (!stopping && atomic_exchange(&reload->waiting, true))
		return;
	int error = stopping ? -ECANCELED : reload_ask(reload, NULL);
	if (error == 0)
		return;
	atomic_store(&reload->waiting, false);
	say(reload, WEIR_LOG_ERROR, "reload-failed",
	    error == -ECANCELED ? "the server is stopping" : "too much is waiting to be done", NULL,
	    NULL);
}
