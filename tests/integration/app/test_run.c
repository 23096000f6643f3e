/* The kind "run": a command for each request. */
#include "app.h"

#include "support/must.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `long` tells its process id through a FIFO, which holds it until the test has it. */
static const char config[] =
	"routes:\n"
	"  - {path: /cat, kind: run, command: [cat], content_type: text/x-test,\n"
	"     body_limit: 16MiB}\n"
	"  - {path: '/args/{one}', method: GET, kind: run,\n"
	"     command: [printf, '<%s>', '{one}', 'x{?two}', '{{}', '']}\n"
	"  - {path: /fails, kind: run, command: ['false']}\n"
	"  - {path: /killed, kind: run, command: [sh, -c, 'kill -9 $$']}\n"
	"  - {path: /late, kind: run, command: [sh, -c, 'echo some; exit 1']}\n"
	"  - {path: /silent, kind: run, command: ['true']}\n"
	"  - {path: /long, kind: run, command: [sh, -c, 'echo $$ >pid; exec sleep 3600']}\n"
	"  - {path: /slow, kind: run, deadline: 50ms, command: [sleep, '3600']}\n";

static void begin(struct app *app)
{
	app_prepare(app);
	must(mkfifoat(app->scratch.fd, "pid", 0600) == 0, "no FIFO");
	scratch_write(&app->scratch, "weir.yaml", config, strlen(config));
	app_start(app, (const char *const[]){"--config", "weir.yaml", "--grace", "1h",
					     "--drain-timeout", "1h", NULL});
}

static pid_t child_of(const struct app *app)
{
	char text[32] = "";
	int fd = openat(app->scratch.fd, "pid", O_RDONLY | O_CLOEXEC);
	must(fd >= 0, "the FIFO cannot be opened");
	must(read(fd, text, sizeof text - 1) > 0, "no process id");
	close(fd);
	pid_t pid = (pid_t)strtol(text, NULL, 10);
	must(pid > 1 && kill(pid, 0) == 0, "there is no process %s", text);
	return pid;
}

static void expect_gone(pid_t pid)
{
	cr_expect(kill(pid, 0) == -1 && errno == ESRCH, "the child is still there");
}

static void expect(const struct app *app, const char *method, const char *target, const char *body,
		   int status, const char *answer)
{
	struct reply reply;
	app_exchange(app, method, target, "", body, &reply);
	cr_expect_eq(reply.status, status, "%s: %d %s", target, reply.status, reply.body);
	cr_expect_str_eq(reply.body, answer);
	cr_expect(reply.complete);
	reply_free(&reply);
}

Test(run, the_body_goes_in_and_the_output_comes_out)
{
	struct app app;
	struct reply reply;
	begin(&app);
	app_exchange(&app, "POST", "/cat", "", "what comes in", &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect_str_eq(reply.body, "what comes in");
	cr_expect_str_eq(reply_header(&reply, "Content-Type"), "text/x-test");
	reply_free(&reply);
	static char large[(8 << 20) + 1];
	memset(large, 'x', sizeof large - 1);
	expect(&app, "POST", "/cat", large, 200, large);
	expect(&app, "POST", "/silent", "", 200, "");
	app_finish(&app);
}

Test(run, words_stay_words)
{
	struct app app;
	begin(&app);
	expect(&app, "GET", "/args/a%20b?two=*", NULL, 200, "<a b><x*><{}><>");
	expect(&app, "GET", "/args/%3Bid?two=$(id)%27%22", NULL, 200, "<;id><x$(id)'\"><{}><>");
	expect(&app, "GET", "/args/a?two=-v", NULL, 200, "<a><x-v><{}><>");
	app_finish(&app);
}

Test(run, bad_input_is_refused)
{
	struct app app;
	begin(&app);
	expect(&app, "GET", "/args/a", NULL, 400,
	       "{\"error\":\"the query parameter \\\"two\\\" is missing\"}\n");
	expect(&app, "GET", "/args/-rf?two=x", NULL, 400,
	       "{\"error\":\"\\\"one\\\" must not begin with \\\"-\\\"\"}\n");
	app_finish(&app);
}

Test(run, a_command_that_fails_is_a_bad_gateway)
{
	struct app app;
	begin(&app);
	expect(&app, "POST", "/fails", "", 502,
	       "{\"error\":\"the command failed with exit code 1\"}\n");
	expect(&app, "POST", "/killed", "", 502,
	       "{\"error\":\"the command was ended by signal 9\"}\n");
	app_finish(&app);
}

Test(run, one_that_fails_later_is_cut)
{
	struct app app;
	struct reply reply;
	begin(&app);
	app_exchange(&app, "POST", "/late", "", "", &reply);
	cr_expect_not(reply.complete);
	reply_free(&reply);
	app_stop(&app);
	app_report_check(&app);
	app_destroy(&app);
}

Test(run, a_deadline_ends_it)
{
	struct app app;
	begin(&app);
	cr_expect_eq(app_status(&app, "POST", "/slow", "", ""), 504);
	app_finish(&app);
}

Test(run, a_client_that_goes_ends_it)
{
	struct app app;
	struct client client;
	begin(&app);
	client_open(&client, app.url);
	app_request(&client, "POST", "/long", "", "");
	pid_t pid = child_of(&app);
	client_reset(&client);
	app_await_metric(&app, "weir_requests_in_flight{phase=\"running\"}", 0);
	expect_gone(pid);
	app_finish(&app);
}

Test(run, a_stop_ends_it)
{
	struct app app;
	struct client client;
	begin(&app);
	client_open(&client, app.url);
	app_request(&client, "POST", "/long", "", "");
	pid_t pid = child_of(&app);
	app_hurry(&app, &client);
	expect_gone(pid);
	cr_expect_eq(app_wait(&app), 0, "%s", app.process.text);
	cr_expect_eq(app_report_number(&app, "cancelled"), 1, "%s", app.report);
	app_report_check(&app);
	app_destroy(&app);
}
