/* A server that root has started goes on as somebody else, whatever becomes of it; who writes the
 * configuration, what is secret, and what stands in the log. */
#include "app.h"
#include "support/must.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/time.h>

#define USER "nobody"

/* A root that the user may write to; skips the test where there are no rights to give up. */
static const struct passwd *prepare(struct app *app)
{
	const struct passwd *user = getpwnam(USER);
	if (geteuid() != 0)
		cr_skip_test("needs to be started by root");
	if (user == NULL)
		cr_skip_test("there is no user " USER);
	app_prepare(app);
	must(chown(app->scratch.path, user->pw_uid, user->pw_gid) == 0 &&
		     fchownat(app->scratch.fd, "root", user->pw_uid, user->pw_gid, 0) == 0,
	     "chown: %s", strerror(errno));
	return user;
}

/* A port that only root may bind, at a loopback address of this process's own, so that it is free.
 */
static const char *privileged_port(void)
{
	static char listen[64];
	unsigned id = (unsigned)getpid();
	(void)snprintf(listen, sizeof listen, "127.%u.%u.%u:83", 64 + (id >> 16) % 64,
		       (id >> 8) % 256, 1 + id % 254);
	return listen;
}

static void read_status(pid_t pid, char *out, size_t size)
{
	char path[64];
	(void)snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0, "%s: %s", path, strerror(errno));
	ssize_t got = read(fd, out, size - 1);
	must(got > 0, "%s: %s", path, strerror(errno));
	out[got] = '\0';
	(void)close(fd);
}

static void is_the_user(pid_t pid, const struct passwd *user)
{
	char text[4096], expected[128];
	unsigned u = user->pw_uid, g = user->pw_gid;
	read_status(pid, text, sizeof text);
	(void)snprintf(expected, sizeof expected, "\nUid:\t%u\t%u\t%u\t%u\n", u, u, u, u);
	cr_expect_not_null(strstr(text, expected), "%s", text);
	(void)snprintf(expected, sizeof expected, "\nGid:\t%u\t%u\t%u\t%u\n", g, g, g, g);
	cr_expect_not_null(strstr(text, expected), "%s", text);
	(void)snprintf(expected, sizeof expected, "\nGroups:\t%u \n", g);
	cr_expect_not_null(strstr(text, expected), "%s", text);
	cr_expect_not_null(strstr(text, "\nCapPrm:\t0000000000000000\n"), "%s", text);
	cr_expect_not_null(strstr(text, "\nCapEff:\t0000000000000000\n"), "%s", text);
	cr_expect_not_null(strstr(text, "\nNoNewPrivs:\t1\n"), "%s", text);
}

/* Its files are its own; a port that only root may bind is bound; a reload goes on with it. */
Test(privilege, is_given_up_once_the_port_is_bound)
{
	struct app app;
	struct stat status;
	const struct passwd *user = prepare(&app);
	app_start(&app, (const char *const[]){"--user", USER, "--listen", privileged_port(), NULL});
	is_the_user(app.process.pid, user);
	cr_expect_eq(app_status(&app, "PUT", "/file", "", "text"), 201);
	must(fstatat(app.scratch.fd, "root/file", &status, 0) == 0, "stat: %s", strerror(errno));
	cr_expect_eq(status.st_uid, user->pw_uid);
	process_signal(&app.process, SIGHUP);
	process_await_line(&app.process, "reloaded");
	cr_expect_eq(app_status(&app, "GET", "/file", "", ""), 200);
	app_finish(&app);
}

Test(privilege, is_not_had_back_by_an_upgrade)
{
	struct app app;
	int status;
	const struct passwd *user = prepare(&app);
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "prctl: %s", strerror(errno));
	app_start(&app, (const char *const[]){"--user", USER, "--listen", privileged_port(),
					      "--pid-file", "pid", NULL});
	process_signal(&app.process, SIGUSR2);
	const char *said = process_await_line(&app.process, "upgraded pid=");
	pid_t next = (pid_t)strtol(said, NULL, 10);
	must(waitpid(app.process.pid, &status, 0) == app.process.pid, "waitpid: %s",
	     strerror(errno));
	app.process.pid = next;
	is_the_user(next, user);
	cr_expect_eq(app_status(&app, "PUT", "/file", "", "text"), 201);
	app_finish(&app);
}

static void refused(struct app *app, const char *const *options, const char *message)
{
	const char *words[16] = {"serve", "--listen", "127.0.0.1:0", "--root", "root"};
	for (size_t i = 5; *options != NULL; i++)
		words[i] = *options++;
	cr_expect_eq(app_run(app, words), 2);
	cr_expect_not_null(strstr(app->process.text, message), "%s", app->process.text);
	process_free(&app->process);
}

Test(privilege, that_cannot_be_given_up_starts_nothing)
{
	struct app app;
	(void)prepare(&app);
	refused(&app, (const char *const[]){"--user", "no one\n", NULL}, "there is no such user");
	refused(&app, (const char *const[]){"--user", "root", NULL}, "is root: name another");
	refused(&app, (const char *const[]){"--user", "0", NULL}, "is root: name another");
	refused(&app, (const char *const[]){"--user", USER, "--group", "root", NULL},
		"is root: name another");
	refused(&app, (const char *const[]){"--user", USER, "--group", "no-such", NULL},
		"there is no such group");
	refused(&app, (const char *const[]){"--user", "4000000001", NULL},
		"has no group of its own: add --group GROUP");
	refused(&app, (const char *const[]){"--group", USER, NULL}, "goes with --user");
	refused(&app, (const char *const[]){"--user", "", NULL}, "the name is empty");
	app_destroy(&app);
}

Test(privilege, of_somebody_else_is_not_taken)
{
	struct app app;
	(void)prepare(&app);
	const char *const argv[] = {
		"/usr/bin/setpriv", "--reuid",     USER,     "--regid", "nogroup",
		"--clear-groups",   WEIR_BINARY,   "serve",  "--root",  "root",
		"--listen",         "127.0.0.1:0", "--user", "daemon",  NULL};
	process_start(&app.process, app.scratch.path, argv);
	cr_expect_eq(process_wait(&app.process), 2);
	cr_expect_not_null(strstr(app.process.text, "only root can become another user"), "%s",
			   app.process.text);
	app_destroy(&app);
}

#define ROUTES "routes: [{path: '/{p...}', kind: files, root: root}]\n"

Test(configuration, that_everybody_may_write_is_refused)
{
	struct app app;
	app_prepare(&app);
	scratch_write(&app.scratch, "c.yaml", ROUTES, strlen(ROUTES));
	must(fchmodat(app.scratch.fd, "c.yaml", 0666, 0) == 0, "chmod: %s", strerror(errno));
	static const char *const commands[][4] = {{"check", "c.yaml", NULL},
						  {"serve", "--config", "c.yaml", NULL}};
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(app_run(&app, commands[i]), 2);
		cr_expect_not_null(
			strstr(app.process.text,
			       "c.yaml: is refused: everybody may write to it: chmod o-w it"),
			"%s", app.process.text);
		process_free(&app.process);
	}
	must(fchmodat(app.scratch.fd, "c.yaml", 0644, 0) == 0, "chmod: %s", strerror(errno));
	app_start(&app, (const char *const[]){"--config", "c.yaml", NULL});
	must(fchmodat(app.scratch.fd, "c.yaml", 0646, 0) == 0, "chmod: %s", strerror(errno));
	process_signal(&app.process, SIGHUP);
	cr_expect_not_null(strstr(process_await_line(&app.process, "reload-failed"),
				  "everybody may write to it"));
	app_finish(&app);
}

static void expect_refused(struct app *app, const char *file)
{
	cr_expect_eq(app_run(app, (const char *const[]){"check", file, NULL}), 2);
	cr_expect_not_null(strstr(app->process.text, "is refused: everybody may exchange it"), "%s",
			   app->process.text);
	process_free(&app->process);
}

static void expect_taken(struct app *app, const char *file)
{
	cr_expect_eq(app_run(app, (const char *const[]){"check", file, NULL}), 0, "%s",
		     app->process.text);
	process_free(&app->process);
}

static void set_mode(const struct app *app, const char *name, mode_t mode)
{
	must(fchmodat(app->scratch.fd, name, mode, 0) == 0, "chmod: %s", strerror(errno));
}

/* Who may write to a directory may put another file in its place; in a sticky one only who owns
 * the file. */
Test(configuration, in_a_directory_that_everybody_may_write_to_is_refused)
{
	struct app app;
	app_prepare(&app);
	must(mkdirat(app.scratch.fd, "open", 0755) == 0 &&
		     mkdirat(app.scratch.fd, "open/in", 0755) == 0 &&
		     mkdirat(app.scratch.fd, "links", 0755) == 0,
	     "mkdir: %s", strerror(errno));
	scratch_write(&app.scratch, "open/in/c.yaml", ROUTES, strlen(ROUTES));
	must(symlinkat("../open/in/c.yaml", app.scratch.fd, "links/c.yaml") == 0, "symlink: %s",
	     strerror(errno));
	expect_taken(&app, "open/in/c.yaml");
	expect_taken(&app, "links/c.yaml");
	set_mode(&app, "open/in", 0777);
	expect_refused(&app, "open/in/c.yaml");
	expect_refused(&app, "links/c.yaml");
	set_mode(&app, "open/in", 01777);
	expect_taken(&app, "open/in/c.yaml");
	set_mode(&app, "open/in", 0755);
	set_mode(&app, "open", 0777);
	expect_refused(&app, "links/c.yaml");
	set_mode(&app, "open", 0755);
	set_mode(&app, "links", 0777);
	expect_refused(&app, "links/c.yaml");
	expect_taken(&app, "open/in/c.yaml");
	app_destroy(&app);
}

/* The volume of a ConfigMap is a directory of mode 0777 on a mount that is read-only. */
Test(configuration, in_a_directory_that_is_mounted_read_only_is_taken)
{
	struct app app;
	app_prepare(&app);
	must(mkdirat(app.scratch.fd, "volume", 0755) == 0, "mkdir: %s", strerror(errno));
	scratch_write(&app.scratch, "volume/c.yaml", ROUTES, strlen(ROUTES));
	set_mode(&app, "volume", 0777);
	expect_refused(&app, "volume/c.yaml");
	const char *const argv[] = {"/usr/bin/unshare",
				    "--mount",
				    "/bin/sh",
				    "-c",
				    "mount --bind -o ro volume volume || exit 77; exec \"$@\"",
				    "sh",
				    WEIR_BINARY,
				    "check",
				    "volume/c.yaml",
				    NULL};
	process_start(&app.process, app.scratch.path, argv);
	int code = process_wait(&app.process);
	bool allowed = code != 77 && strstr(app.process.text, "unshare:") == NULL;
	cr_expect(!allowed || code == 0, "%s", app.process.text);
	app_destroy(&app);
	if (!allowed)
		cr_skip_test("SKIPPED: nothing can be mounted here");
}

/* It does not end when it is asked to, so that its request is still there at the deadline. */
#define SLEEP                                                                                      \
	"routes: [{path: '/sleep/{name}', method: GET, kind: run,"                                 \
	" command: [/bin/sh, -c, 'trap \"\" TERM; echo ready; sleep 60']}]\n"

/* What a client sends stands in the log as one value of one line: who is still there at the
 * deadline is named with its path. */
Test(log_lines, are_not_forged_by_a_request)
{
	struct app app;
	struct client client;
	app_prepare(&app);
	scratch_write(&app.scratch, "c.yaml", SLEEP, strlen(SLEEP));
	app_start(&app, (const char *const[]){"--config", "c.yaml", "--grace", "0",
					      "--drain-timeout", "0", NULL});
	cr_expect_eq(app_status(&app, "GET", "/sleep/x%0Aforged=1", "", ""), 400);
	cr_expect_eq(app_status(&app, "GET", "/sleep/x%1b%5b31m", "", ""), 400);
	client_open(&client, app.url);
	client_send_text(&client, "GET /sleep/x%22%20forged=2%22%ff%5c HTTP/1.1\r\n"
				  "Host: x\r\n\r\n");
	client_await_text(&client, "ready"); /* the signal is ignored from here on */
	(void)app_stop(&app);
	cr_expect_not_null(strstr(app.process.text, " path=\"/sleep/x\\\" forged=2\\\"\xef\xbf\xbd"
						    "\\\\\" client="),
			   "%s", app.process.text);
	client_close(&client);
	app_destroy(&app);
}
