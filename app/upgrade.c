/* upgrade.c: see upgrade.h. */
#include "upgrade.h"
#include "control.h"
#include "handlers/outcome.h"
#include "pid_file.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/handover.h>
#include <weir/systemd.h>
#include <weir/task.h>

struct upgrade {
	struct service *service;
	char program[PATH_MAX]; /* absolute; what is there may be another file by now */
	atomic_bool under_way;  /* asked for, and not failed: one at a time */
};

/* The first executable file of this name on PATH. */
static int search_path(const char *name, char out[PATH_MAX])
{
	const char *at = getenv("PATH");
	for (; at != NULL && *at != '\0'; at += strcspn(at, ":"), at += *at == ':') {
		int size = (int)strcspn(at, ":");
		if (size > 0 && snprintf(out, PATH_MAX, "%.*s/%s", size, at, name) < PATH_MAX &&
		    access(out, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

/* Where the program is: what was typed may have been looked up on PATH, and the working directory
 * may be another one later. Links are left as they are: a deploy may be a link that is turned. */
static int find_program(const char *name, char out[PATH_MAX])
{
	char here[PATH_MAX];
	if (strchr(name, '/') == NULL)
		return search_path(name, out);
	if (*name == '/')
		return snprintf(out, PATH_MAX, "%s", name) < PATH_MAX ? 0 : -ENAMETOOLONG;
	if (getcwd(here, sizeof here) == NULL)
		return -errno;
	return snprintf(out, PATH_MAX, "%s/%s", here, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static void say(struct upgrade *upgrade, enum weir_log_level level, const char *event,
		const char *message, const char *key, const char *value)
{
	const struct weir_log_field field = {key, value};
	const struct weir_log_record record = {.level = level,
					       .event = event,
					       .message = message,
					       .fields = &field,
					       .field_count = key != NULL};
	start_log_write(&upgrade->service->log, &record);
}

/* The server serves: whoever waits for that is told. What was inherited and is not named in the
 * configuration any more goes. */
static int become_service(void *arg, weir_token *token)
{
	struct upgrade *upgrade = arg;
	const char *path = upgrade->service->given->pid_file;
	(void)token;
	int error = path != NULL ? pid_file_write(path) : 0;
	if (error != 0) {
		char line[COMPLAIN_SIZE];
		(void)snprintf(line, sizeof line, "--pid-file: %s cannot be written: %s", path,
			       strerror(-error));
		say(upgrade, WEIR_LOG_ERROR, "pid-file", line, NULL, NULL);
		if (weir_handover_expected()) {
			(void)weir_handover_failed(line);
			weir_server_stop(upgrade->service->server, "pid-file");
			return 0;
		}
	}
	(void)weir_inherited_close();
	return weir_handover_ready();
}

int upgrade_create(struct service *service, struct upgrade **out)
{
	struct upgrade *upgrade = calloc(1, sizeof *upgrade);
	if (upgrade == NULL)
		return -ENOMEM;
	upgrade->service = service;
	int error = find_program(service->given->argv[0], upgrade->program);
	if (error == 0)
		error = weir_task_start(service->server, "ready", become_service, upgrade);
	if (error != 0)
		free(upgrade);
	else
		*out = upgrade;
	return error;
}

void upgrade_destroy(struct upgrade *upgrade)
{
	if (upgrade == NULL)
		return;
	if (upgrade->service->given->pid_file != NULL)
		pid_file_remove(upgrade->service->given->pid_file);
	free(upgrade);
}

static void upgrade_now(void *arg, weir_token *token, weir_later *answer)
{
	struct upgrade *upgrade = arg;
	weir_server *server = upgrade->service->server;
	const struct weir_handover_options options = {
		.path = upgrade->program,
		.argv = upgrade->service->given->argv,
		.timeout = upgrade->service->given->upgrade_timeout,
		.token = token,
	};
	struct weir_handover result;
	char number[24];
	say(upgrade, WEIR_LOG_INFO, "upgrading", NULL, "program", upgrade->program);
	int error = weir_server_handover(server, &options, &result);
	(void)snprintf(number, sizeof number, "%ld", (long)result.pid);
	if (error != 0) {
		say(upgrade, WEIR_LOG_ERROR, "upgrade-failed", result.reason, NULL, NULL);
		atomic_store(&upgrade->under_way, false);
	} else {
		say(upgrade, WEIR_LOG_INFO, "upgraded", NULL, "pid", number);
	}
	if (answer != NULL)
		outcome_answer(answer, "pid", (uint64_t)result.pid,
			       error != 0 ? result.reason : NULL);
	if (error == 0) {
		weir_systemd_main_pid(server, result.pid);
		weir_server_stop(server, "upgrade");
	}
}

int upgrade_ask(struct upgrade *upgrade, weir_later *answer)
{
	if (atomic_exchange(&upgrade->under_way, true))
		return -EALREADY;
	int error = control_ask(upgrade->service->admin.control, CONTROL_CHANGE, upgrade_now,
				upgrade, answer);
	if (error != 0)
		atomic_store(&upgrade->under_way, false);
	return error;
}

const char *upgrade_problem(int error)
{
	switch (error) {
	case -EALREADY:
		return "an upgrade is under way";
	case -ECANCELED:
		return "the server is stopping";
	case -EBUSY:
		return "too much is waiting to be done";
	default:
		return "out of memory";
	}
}

void upgrade_on_signal(weir_server *server, int number, void *arg)
{
	struct upgrade *upgrade = arg;
	(void)number;
	int error = weir_server_stopping(server) ? -ECANCELED : upgrade_ask(upgrade, NULL);
	if (error != 0)
		say(upgrade, WEIR_LOG_ERROR, "upgrade-failed", upgrade_problem(error), NULL, NULL);
}
