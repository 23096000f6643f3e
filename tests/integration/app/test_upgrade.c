/* Upgrades that go wrong leave the old process serving, with the reason told and logged. */
#include "app.h"

#include "support/must.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The program on the disk is the test's own copy, so that it can be exchanged. */
static void install(const struct app *app, const char *text)
{
	int fd = openat(app->scratch.fd, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	must(fd >= 0, "new: %s", strerror(errno));
	size_t size = strlen(text);
	must(write(fd, text, size) == (ssize_t)size, "write: %s", strerror(errno));
	must(close(fd) == 0, "close: %s", strerror(errno));
	must(renameat(app->scratch.fd, "new", app->scratch.fd, "weir") == 0, "rename: %s",
	     strerror(errno));
}

static void begin(struct app *app, const char *timeout)
{
	char program[PATH_MAX + 8];
	app_prepare(app);
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "prctl: %s", strerror(errno));
	scratch_write(&app->scratch, "root/hello", "hello\n", 6);
	scratch_write(&app->scratch, "weir.yaml", "workers: 4\n", 11);
	must(linkat(AT_FDCWD, WEIR_BINARY, app->scratch.fd, "weir", 0) == 0, "link: %s",
	     strerror(errno));
	(void)snprintf(program, sizeof program, "%s/weir", app->scratch.path);
	const char *const argv[] = {program,          "serve",
				    "--config",       "weir.yaml",
				    "--listen",       "127.0.0.1:0",
				    "--root",         "root",
				    "--admin",        app->admin,
				    "--debug-routes", "--pid-file",
				    "weir.pid",       "--drain-report",
				    "report.json",    "--upgrade-timeout",
				    timeout,          NULL};
	process_start(&app->process, app->scratch.path, argv);
	const char *url = process_await_line(&app->process, "listening url=");
	(void)snprintf(app->url, sizeof app->url, "%.*s", (int)strcspn(url, " "), url);
	process_await_line(&app->process, "ready ");
}

static void ask(const struct app *app, struct client *client)
{
	client_open(client, app->admin);
	client_send_text(client, "POST /upgrade HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

/* POST /upgrade, which is answered 409 with this in its reason. */
static void fails(struct app *app, const char *reason)
{
	struct client client;
	struct reply reply;
	ask(app, &client);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 409, "%d %s", reply.status, reply.body);
	cr_assert_not_null(strstr(reply.body, reason), "%s", reply.body);
	reply_free(&reply);
	client_close(&client);
	const char *line = process_await_line(&app->process, "upgrade-failed ");
	cr_assert_not_null(strstr(line, reason), "%s", line);
	cr_assert_eq(app_status(app, "GET", "/hello", "", NULL), 200);
	/* No zombie, and none that lives on: the server has one child at most, and has none. */
	char path[64], text[64] = "";
	(void)snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)app->process.pid,
		       (long)app->process.pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) { /* not every kernel is built with it */
		cr_assert_eq(read(fd, text, sizeof text - 1), 0, "children: %s", text);
		(void)close(fd);
	}
}

static pid_t pid_in_file(const struct app *app)
{
	size_t size;
	char *text = scratch_read(&app->scratch, "weir.pid", &size);
	must(text != NULL, "there is no pid file");
	pid_t pid = (pid_t)strtol(text, NULL, 10);
	free(text);
	return pid;
}

Test(upgrade, of_a_program_that_crashes)
{
	struct app app;
	begin(&app, "10s");
	install(&app, "#!/bin/sh\nkill -SEGV $$\n");
	fails(&app, "was ended by signal 11 before it was ready");
	cr_assert_eq(pid_in_file(&app), app.process.pid);
	app_finish(&app);
}

Test(upgrade, of_a_program_that_ends)
{
	struct app app;
	begin(&app, "10s");
	install(&app, "#!/bin/sh\nexit 7\n");
	fails(&app, "ended with exit code 7 before it was ready");
	app_finish(&app);
}

Test(upgrade, of_a_program_that_hangs)
{
	struct app app;
	begin(&app, "200ms");
	install(&app, "#!/bin/sh\nexec sleep 1000\n");
	fails(&app, "was not ready in time");
	app_finish(&app);
}

Test(upgrade, of_a_program_that_hangs_and_cannot_be_asked_to_end)
{
	struct app app;
	begin(&app, "200ms");
	install(&app, "#!/bin/sh\nkill -STOP $$\n");
	fails(&app, "was not ready in time");
	app_finish(&app);
}

Test(upgrade, of_a_program_that_is_not_there)
{
	struct app app;
	begin(&app, "10s");
	must(unlinkat(app.scratch.fd, "weir", 0) == 0, "unlink: %s", strerror(errno));
	fails(&app, "the program cannot be started");
	app_finish(&app);
}

Test(upgrade, of_a_program_that_talks_nonsense)
{
	struct app app;
	begin(&app, "10s");
	install(&app, "#!/bin/sh\neval \"echo hello >&$WEIR_HANDOVER_FD\"; exec sleep 1000\n");
	fails(&app, "said nonsense");
	app_finish(&app);
}

Test(upgrade, to_a_configuration_with_a_mistake)
{
	struct app app;
	begin(&app, "10s");
	scratch_write(&app.scratch, "weir.yaml", "wokers: 4\n", 10);
	fails(&app, "weir.yaml:1: \\\"wokers\\\" is not a key here");
	/* ... and when that is mended it goes well. */
	scratch_write(&app.scratch, "weir.yaml", "workers: 5\n", 11);
	struct client client;
	struct reply reply;
	ask(&app, &client);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200, "%s", reply.body);
	reply_free(&reply);
	client_close(&client);
	pid_t next = pid_in_file(&app);
	cr_assert_neq(next, app.process.pid);
	cr_assert_eq(app_status(&app, "GET", "/hello", "", NULL), 200);
	must(kill(next, SIGTERM) == 0, "kill: %s", strerror(errno));
	cr_assert_eq(app_wait(&app), 0);
	int status;
	cr_assert_eq(waitpid(next, &status, 0), next);
	cr_assert_eq(status, 0);
	app_destroy(&app);
}

Test(upgrade, one_at_a_time)
{
	struct app app;
	struct client first, second;
	struct reply reply;
	begin(&app, "1s");
	install(&app, "#!/bin/sh\necho started >&2\nexec sleep 1000\n");
	ask(&app, &first);
	process_await_line(&app.process, "started");
	ask(&app, &second);
	client_receive(&second, &reply);
	cr_assert_eq(reply.status, 409);
	cr_assert_not_null(strstr(reply.body, "an upgrade is under way"), "%s", reply.body);
	reply_free(&reply);
	client_close(&second);
	client_receive(&first, &reply);
	cr_assert_eq(reply.status, 409);
	reply_free(&reply);
	client_close(&first);
	app_finish(&app);
}

/* The stop goes first: the new process is ended, and nothing waits for it. */
Test(upgrade, gives_way_to_a_stop)
{
	struct app app;
	struct client client;
	struct reply reply;
	begin(&app, "1h");
	install(&app, "#!/bin/sh\necho started >&2\nexec sleep 1000\n");
	ask(&app, &client);
	process_await_line(&app.process, "started");
	process_signal(&app.process, SIGTERM);
	client_receive(&client, &reply);
	cr_assert(reply.status == 409 || reply.status == 503, "%d", reply.status);
	reply_free(&reply);
	client_close(&client);
	cr_assert_eq(app_wait(&app), 0, "%s", app.process.text);
	app_destroy(&app);
}

Test(upgrade, is_refused_while_stopping)
{
	struct app app;
	struct client client, busy;
	struct reply reply;
	begin(&app, "10s");
	client_open(&busy, app.url);
	app_request(&busy, "GET", "/debug/sleep?ms=60000", "", NULL);
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 1);
	process_signal(&app.process, SIGTERM);
	process_await_line(&app.process, "stopping ");
	process_signal(&app.process, SIGUSR2);
	process_await_line(&app.process, "upgrade-failed ");
	ask(&app, &client);
	client_receive(&client, &reply);
	cr_assert(reply.status == 409 || reply.status == 503, "%d", reply.status);
	reply_free(&reply);
	client_close(&client);
	process_signal(&app.process, SIGTERM);
	client_receive(&busy, &reply);
	reply_free(&reply);
	client_close(&busy);
	cr_assert_eq(app_wait(&app), 0);
	app_destroy(&app);
}

Test(upgrade, is_not_for_web_pages)
{
	struct app app;
	struct client client;
	struct reply reply;
	begin(&app, "10s");
	client_open(&client, app.admin);
	client_send_text(&client, "POST /upgrade HTTP/1.1\r\nHost: localhost\r\nOrigin: "
				  "http://example.com\r\n\r\n");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 403);
	reply_free(&reply);
	client_close(&client);
	app_finish(&app);
}
