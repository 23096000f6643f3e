/* service.c: see service.h. */
#include "service.h"
#include "control.h"
#include "log_file.h"
#include "privilege.h"
#include "reload.h"
#include "upgrade.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/stack.h>
#include <weir/systemd.h>

static void say_not_made(int error, char line[COMPLAIN_SIZE])
{
	(void)snprintf(line, COMPLAIN_SIZE, "weir serve: the server cannot be made: %s",
		       strerror(-error));
}

static weir_time or_none(weir_time duration)
{
	return duration == 0 ? WEIR_NONE : duration;
}

static int make_server(const struct serve_config *config, struct start_log *log,
		       const struct stack_names *names, weir_server **out, char line[COMPLAIN_SIZE])
{
	struct weir_server_options options = {
		.workers = config->workers,
		.workers_max = config->workers_max,
		.queue = config->queue,
		.queue_age = or_none(config->queue_age),
		.queue_target = or_none(config->queue_target),
		.queue_interval = config->queue_interval,
		.lame_duck = or_none(config->lame_duck),
		.grace = or_none(config->grace),
		.drain_timeout = or_none(config->drain_timeout),
		.first_byte_timeout = config->first_byte,
		.header_timeout = config->header,
		.body_timeout = config->body,
		.keepalive_timeout = config->keepalive,
		.write_timeout = config->write,
		.deadline_header = config->deadline_header,
		.errors = WEIR_ERRORS_JSON,
		.log = start_log_write,
		.log_arg = log,
		.log_level = config->log_debug ? WEIR_LOG_DEBUG : WEIR_LOG_INFO,
		.symbolizer = names->find,
		.symbolizer_arg = names->arg,
	};
	limits_apply(&config->limits, &options);
	int error = weir_server_create(&options, out);
	if (error != 0)
		say_not_made(error, line);
	return error;
}

static int keep_text(const char **text)
{
	if (*text == NULL)
		return 0;
	*text = strdup(*text);
	return *text == NULL ? -ENOMEM : 0;
}

/* Other generations are compared with it; its own strings may be gone by then. */
static int keep_started(struct service *service)
{
	struct serve_config *started = &service->started;
	*started = service->current->config;
	/* All of them in any case: end_control() frees them. */
	int header = keep_text(&started->deadline_header);
	int user = keep_text(&started->user);
	int group = keep_text(&started->group);
	int limits = limits_keep(&started->limits);
	return header != 0 ? header : user != 0 ? user : group != 0 ? group : limits;
}

/* What an operator can ask for while it runs. Before the start. */
static int add_control(struct service *service, char line[COMPLAIN_SIZE])
{
	struct admin *admin = &service->admin;
	int error = keep_started(service);
	if (error == 0)
		error = control_create(service->server, &admin->control);
	if (error == 0)
		error = reload_create(service, &admin->reload);
	if (error == 0)
		error = weir_server_on_signal(service->server, SIGHUP, reload_on_signal,
					      admin->reload);
	if (error == 0)
		error = upgrade_create(service, &admin->upgrade);
	if (error == 0)
		error = weir_server_on_signal(service->server, SIGUSR2, upgrade_on_signal,
					      admin->upgrade);
	if (error != 0)
		say_not_made(error, line);
	return error;
}

/* The server is gone. */
static void end_control(struct service *service)
{
	control_destroy(service->admin.control);
	reload_destroy(service->admin.reload);
	upgrade_destroy(service->admin.upgrade);
	free((char *)service->started.deadline_header);
	free((char *)service->started.user);
	free((char *)service->started.group);
	limits_drop(&service->started.limits);
}

/* Returns 0, or a negative errno with the line to print. What needs root's rights is had by now. */
static int put_together(struct service *service, char line[COMPLAIN_SIZE])
{
	weir_routes *none;
	int error = generation_open(service->current, &service->admin, NULL, NULL, line);
	if (error != 0)
		return error;
	error = generation_serve(service->current, service->server, &none);
	if (error != 0) {
		(void)snprintf(line, COMPLAIN_SIZE, "weir serve: the routes cannot be set up: %s",
			       strerror(-error));
		return error;
	}
	weir_routes_destroy(none);
	return generation_start(service->current, service->server, line);
}

/* The ports that only root may bind, and then no root any more. */
static int listen_and_drop(struct service *service, char line[COMPLAIN_SIZE])
{
	const struct serve_config *config = &service->current->config;
	struct privilege privilege;
	int error = privilege_find(config->user, config->group, &privilege, line);
	weir_server_set_tls(service->server, service->current->tls);
	if (error == 0)
		error = listeners_open(&service->listeners, service->server, config, line);
	return error == 0 ? privilege_drop(&privilege, line) : error;
}

static int open_log(struct service *service, char line[COMPLAIN_SIZE])
{
	const struct serve_config *config = &service->current->config;
	int fd = log_file_open(config->log_file);
	if (fd < 0) {
		log_file_problem(config->log_file, fd, line);
		return fd;
	}
	start_log_init(&service->log, fd, config->log_json ? weir_log_json : weir_log_text);
	/* A sanitizer has a report of its own. */
	(void)weir_stack_report_overflow(fd, config->log_json);
	return 0;
}

/* Whoever can reach an admin listener can stop the server: a Unix socket's file says who that is, a
 * port does not. */
static int read_token(struct service *service, char line[COMPLAIN_SIZE])
{
	const struct serve_config *config = &service->current->config;
	if (config->admin_token_file != NULL)
		return admin_token_read(config->admin_token_file, "--admin-token-file",
					&service->admin.token, line);
	if (config->admin == NULL || strncmp(config->admin, "unix:", 5) == 0 ||
	    strncmp(config->admin, "systemd", 7) == 0)
		return 0;
	(void)snprintf(line, COMPLAIN_SIZE,
		       "weir serve: --admin %.200s: whoever reaches it could stop the server: add "
		       "--admin-token-file FILE, or use unix:PATH",
		       config->admin);
	return -EINVAL;
}

int service_open(struct service *service, const struct serve_config *given,
		 char line[COMPLAIN_SIZE])
{
	*service = (struct service){.given = given};
	int error = generation_read(given, &service->current, line);
	if (error != 0)
		return error;
	error = open_log(service, line);
	if (error != 0)
		goto close_generation;
	error = read_token(service, line);
	if (error != 0)
		goto close_log;
	reload_history_init(&service->reloads);
	service->admin.reloads = &service->reloads;
	stack_names_open(&service->names);
	error = make_server(&service->current->config, &service->log, &service->names,
			    &service->server, line);
	if (error != 0)
		goto close_names;
	error = weir_systemd_attach(service->server);
	if (error != 0) {
		(void)snprintf(
			line, COMPLAIN_SIZE,
			"weir serve: NOTIFY_SOCKET, WATCHDOG_USEC or WATCHDOG_PID: %s: start it "
			"without them, or by what sets them",
			strerror(-error));
		service_close(service);
		return error;
	}
	error = listen_and_drop(service, line);
	if (error == 0)
		error = put_together(service, line);
	if (error == 0)
		error = add_control(service, line);
	if (error != 0) {
		service_close(service);
		return error;
	}
	start_log_expect(&service->log, service->server, service->current->root);
	return 0;

close_names:
	stack_names_close(&service->names);
close_log:
	(void)close(service->log.fd);
close_generation:
	generation_close(service->current, true);
	return error;
}

void service_close(struct service *service)
{
	weir_server_destroy(service->server);
	end_control(service);
	listeners_free(&service->listeners);
	stack_names_close(&service->names);
	(void)close(service->log.fd);
	generation_close(service->current, true);
}
