/* A stop from afar is confirmed, always: a thousand processes are asked to stop, and each of them
 * answers 202 and sends its report before it is gone. */
#include "instance.h"

#include "support/client.h"
#include "support/must.h"
#include "support/reply.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__ /* a start takes ten times as long */
#define RUNS 100
#else
#define RUNS 1000
#endif

#define TOKEN "0123456789abcdefghij"

struct afar {
	struct scratch scratch;
	struct process process;
	char url[128], admin[300];
	const char *authorization;
};

static void begin(struct afar *afar, bool tcp)
{
	const char *const argv[] = {WEIR_BINARY,
				    "serve",
				    "--listen",
				    "127.0.0.1:0",
				    "--root",
				    "root",
				    "--admin",
				    tcp ? "127.0.0.1:0" : "unix:admin.sock",
				    "--admin-token-file",
				    "token",
				    "--debug-routes",
				    "--grace",
				    "0",
				    NULL};
	process_start(&afar->process, afar->scratch.path, argv);
	const char *url = process_await_line(&afar->process, "listening url=");
	(void)snprintf(afar->url, sizeof afar->url, "%.*s", (int)strcspn(url, " "), url);
	url = process_await_line(&afar->process, "listening url=");
	if (tcp)
		(void)snprintf(afar->admin, sizeof afar->admin, "%.*s", (int)strcspn(url, " "),
			       url);
	else
		(void)snprintf(afar->admin, sizeof afar->admin, "unix:%.250s/admin.sock",
			       afar->scratch.path);
	afar->authorization = tcp ? "Authorization: Bearer " TOKEN "\r\n" : "";
	process_await_line(&afar->process, "ready ");
}

static void ask(const struct afar *afar, struct client *client, const char *line)
{
	client_printf(client, "%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", line,
		      afar->authorization);
}

static void confirmed(struct client *client, unsigned run)
{
	struct reply reply;
	client_receive(client, &reply);
	must(reply.status == 202 && reply.complete, "run %u: status %d, %s", run, reply.status,
	     reply.complete ? "whole" : "cut");
	must(strcmp(reply.body, "{\"stopping\":true,\"report\":\"/shutdown/report\"}\n") == 0,
	     "run %u: %s", run, reply.body);
	reply_free(&reply);
}

static void reported(struct client *client, unsigned run, bool busy)
{
	struct reply reply;
	client_receive(client, &reply);
	must(reply.status == 200 && reply.complete, "run %u: the report: status %d, %s", run,
	     reply.status, reply.complete ? "whole" : "cut");
	must(strstr(reply.body, "{\"outcome\":\"clean\"") == reply.body, "run %u: %s", run,
	     reply.body);
	must(strstr(reply.body, busy ? "\"cancelled\":1," : "\"cancelled\":0,") != NULL,
	     "run %u: %s", run, reply.body);
	reply_free(&reply);
	must(client_await_end(client) == CLIENT_CLOSED, "run %u: not closed in order", run);
	client_close(client);
}

/* Kinds of runs, by turns: by TCP or by a Unix socket, with a request in flight or without, and the
 * report asked for before the stop, or right behind it on the same connection. */
static void stop_once(struct afar *afar, unsigned run)
{
	struct client asker, waiter, busy;
	struct reply reply;
	bool tcp = run & 1, is_busy = run & 2, before = run & 4;
	begin(afar, tcp);
	if (is_busy) {
		client_open(&busy, afar->url);
		client_send_text(&busy, "GET /debug/sleep?ms=600000 HTTP/1.1\r\n"
					"Host: localhost\r\n\r\n");
	}
	client_open(&asker, afar->admin);
	if (is_busy) { /* until it is in flight */
		do {
			ask(afar, &asker, "GET /status");
			client_receive(&asker, &reply);
			bool there = strstr(reply.body, "\"doing\":\"sleeping\"") != NULL;
			reply_free(&reply);
			if (there)
				break;
		} while (true);
	}
	if (before) {
		client_open(&waiter, afar->admin);
		ask(afar, &waiter, "GET /shutdown/report");
	}
	ask(afar, &asker, "POST /shutdown");
	confirmed(&asker, run);
	if (before) {
		client_close(&asker);
		reported(&waiter, run, is_busy);
	} else {
		ask(afar, &asker, "GET /shutdown/report");
		reported(&asker, run, is_busy);
	}
	must(process_wait(&afar->process) == 0, "run %u:\n%s", run, afar->process.text);
	process_free(&afar->process);
	if (is_busy) {
		client_receive(&busy, &reply);
		must(reply.status == 503, "run %u: %d", run, reply.status);
		reply_free(&reply);
		client_close(&busy);
	}
}

Test(shutdown, is_always_confirmed)
{
	struct afar afar;
	memset(&afar, 0, sizeof afar);
	scratch_make(&afar.scratch);
	must(mkdirat(afar.scratch.fd, "root", 0755) == 0, "root cannot be made");
	scratch_write(&afar.scratch, "token", TOKEN "\n", sizeof TOKEN);
	must(fchmodat(afar.scratch.fd, "token", 0600, 0) == 0, "chmod: %s", strerror(errno));
	for (unsigned run = 0; run < RUNS; run++)
		stop_once(&afar, run);
	scratch_remove(&afar.scratch);
}
