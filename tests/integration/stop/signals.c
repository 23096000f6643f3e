/* weir_server_run(): a first signal stops, a second cancels, a third leaves. The server
 * runs in a process of its own, which tells its URL, and what goes on, through a pipe. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

struct child {
	pid_t pid;
	int output;
	char url[128];
};

static int told; /* the child's end of the pipe */

static void tell(const char *text)
{
	ssize_t size = write(told, text, strlen(text));

	must(size == (ssize_t)strlen(text), "write: errno %d", errno);
}

/* The next line from the child. */
static void listen_to(struct child *child, char *line, size_t room)
{
	weir_time until = weir_after(MUST_PATIENCE);
	size_t size = 0;

	for (;;) {
		must(must_poll(child->output, POLLIN, until), "the child says nothing");
		must(size + 1 < room && read(child->output, line + size, 1) == 1,
		     "the child has ended");
		if (line[size] == '\n')
			break;
		size++;
	}
	line[size] = '\0';
}

static int tell_and_sleep(weir_request *request, weir_response *response, weir_token *token)
{
	int rc;

	(void)request;
	tell("sleeping\n");
	rc = weir_sleep(token, weir_after(MUST_PATIENCE));
	return rc != 0 ? rc : weir_response_printf(response, "slept\n");
}

static int tell_and_stay(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)response;
	tell("sleeping\n");
	weir_token_wait(token, weir_after(MUST_PATIENCE));
	tell("cancelled\n");
	return weir_sleep(NULL, weir_after(MUST_PATIENCE));
}

static void on_stop(void *arg)
{
	(void)arg;
	tell("stopping\n");
}

/* In the child: its exit code is the outcome; 100 and up are faults. */
static _Noreturn void serve(void)
{
	const struct weir_server_options options = {.listen = "127.0.0.1:0",
						    .grace = 3600 * WEIR_SECOND,
						    .drain_timeout = 3600 * WEIR_SECOND,
						    .on_stop = on_stop};
	const struct weir_report *report;
	weir_server *server;
	sigset_t mask;
	int rc = weir_server_create(&options, &server);

	if (rc == 0)
		rc = weir_server_route(server, "GET /hello", handle_hello, NULL, NULL);
	if (rc == 0)
		rc = weir_server_route(server, "GET /sleep", tell_and_sleep, NULL, NULL);
	if (rc == 0)
		rc = weir_server_route(server, "GET /stay", tell_and_stay, NULL, NULL);
	if (rc != 0)
		_exit(100);
	tell(weir_server_url(server, 0));
	tell("\n");
	rc = weir_server_run(server, &report);
	if (rc < 0 || sigprocmask(SIG_SETMASK, NULL, &mask) != 0)
		_exit(101);
	if (sigismember(&mask, SIGTERM) || sigismember(&mask, SIGINT))
		_exit(102);
	tell(report->who);
	tell("\n");
	weir_server_destroy(server);
	_exit(rc);
}

static void child_start(struct child *child)
{
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	told = ends[1];
	child->pid = fork();
	cr_assert_geq(child->pid, 0);
	if (child->pid == 0)
		serve();
	close(ends[1]);
	child->output = ends[0];
	listen_to(child, child->url, sizeof(child->url));
}

static void expect_line(struct child *child, const char *expected)
{
	char line[128];

	listen_to(child, line, sizeof(line));
	cr_assert_str_eq(line, expected);
}

static void child_end(struct child *child, int expected)
{
	int status;

	cr_assert_eq(waitpid(child->pid, &status, 0), child->pid);
	cr_assert(WIFEXITED(status), "status %#x", (unsigned)status);
	cr_assert_eq(WEXITSTATUS(status), expected);
	close(child->output);
}

/* The server is up once it has answered: a signal before that is not its business yet. */
static void await_service(struct child *child)
{
	struct client client;
	struct reply reply;

	client_open(&client, child->url);
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
}

static void one_signal(int number, const char *name)
{
	struct child child;

	child_start(&child);
	await_service(&child);
	cr_assert_eq(kill(child.pid, number), 0);
	expect_line(&child, "stopping");
	expect_line(&child, name);
	child_end(&child, WEIR_CLEAN);
}

Test(signals, sigterm_stops)
{
	one_signal(SIGTERM, "SIGTERM");
}

Test(signals, sigint_stops)
{
	one_signal(SIGINT, "SIGINT");
}

Test(signals, the_second_cancels)
{
	struct child child;
	struct client client;
	struct reply reply;

	child_start(&child);
	client_open(&client, child.url);
	client_send_text(&client, "GET /sleep HTTP/1.1\r\nHost: test\r\n\r\n");
	expect_line(&child, "sleeping");
	cr_assert_eq(kill(child.pid, SIGTERM), 0);
	expect_line(&child, "stopping");
	cr_assert_eq(kill(child.pid, SIGTERM), 0);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 503);
	reply_free(&reply);
	client_close(&client);
	expect_line(&child, "SIGTERM");
	child_end(&child, WEIR_CLEAN);
}

Test(signals, the_third_leaves)
{
	struct child child;
	struct client client;

	child_start(&child);
	client_open(&client, child.url);
	client_send_text(&client, "GET /stay HTTP/1.1\r\nHost: test\r\n\r\n");
	expect_line(&child, "sleeping");
	cr_assert_eq(kill(child.pid, SIGTERM), 0);
	expect_line(&child, "stopping");
	cr_assert_eq(kill(child.pid, SIGINT), 0);
	expect_line(&child, "cancelled");
	cr_assert_eq(kill(child.pid, SIGTERM), 0);
	child_end(&child, WEIR_LEFT);
	client_close(&client);
}
