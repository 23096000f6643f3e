/* POST /reload, and what /status says of reloads. */
#include "reloading.h"

#include "support/must.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void begin(struct app *app)
{
	app_prepare(app);
	reloading_write(app, "");
	reloading_start(app, NULL);
}

static void ask(const struct app *app, const char *method, const char *target, const char *fields,
		struct reply *reply)
{
	struct client client;
	client_open(&client, app->admin);
	app_request(&client, method, target, fields, NULL);
	client_receive(&client, reply);
	client_close(&client);
}

static void expect(const struct app *app, const char *fields, int status, const char *body)
{
	struct reply reply;
	ask(app, "POST", "/reload", fields, &reply);
	cr_expect_eq(reply.status, status, "%d: %s", reply.status, reply.body);
	cr_expect_str_eq(reply.body, body);
	reply_free(&reply);
}

static void expect_status(const struct app *app, const char *part)
{
	struct reply reply;
	ask(app, "GET", "/status", "", &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect_not_null(strstr(reply.body, part), "%s", reply.body);
	cr_expect_not_null(strstr(reply.body, "}\n"));
	reply_free(&reply);
}

Test(reload_admin, answers_when_it_is_done)
{
	struct app app;
	begin(&app);
	expect_status(&app, ",\"generation\":1,\"old_generations\":0,\"reload\":null}\n");
	expect(&app, "", 200, "{\"generation\":2}\n");
	expect_status(&app, ",\"generation\":2,");
	expect_status(&app, "Z\",\"ok\":true,\"error\":null}}\n");
	reloading_write(&app, "workers: \"0\"\n");
	expect(&app, "", 409,
	       "{\"error\":\"weir.yaml:4: workers: \\\"0\\\": expected a number from 1 to "
	       "4096, or two as in 16..64\"}\n");
	expect_status(&app, ",\"generation\":2,");
	expect_status(&app, "\"ok\":false,\"error\":\"weir.yaml:4: workers: ");
	cr_expect_eq(app_stop(&app), 0);
	app_destroy(&app);
}

Test(reload_admin, is_not_for_web_pages)
{
	struct app app;
	begin(&app);
	struct reply reply;
	ask(&app, "POST", "/reload", "Origin: http://localhost\r\n", &reply);
	cr_expect_eq(reply.status, 403);
	reply_free(&reply);
	expect_status(&app, ",\"generation\":1,");
	cr_expect_eq(app_status(&app, "POST", "/reload", "", ""), 404); /* nor for the public */
	cr_expect_eq(app_stop(&app), 0);
	app_destroy(&app);
}

/* The listener through which it was asked for goes with it. */
Test(reload_admin, answers_on_a_listener_that_it_closes)
{
	struct app app;
	begin(&app);
	reloading_write_all(&app, "listeners:\n"
				  "  - address: unix:a.sock\n"
				  "  - {address: 'unix:other.sock', admin: true}\n");
	expect(&app, "", 200, "{\"generation\":2}\n");
	cr_expect_not(scratch_has(&app.scratch, "admin.sock"));
	must(snprintf(app.admin, sizeof app.admin, "unix:%s/other.sock", app.scratch.path) > 0,
	     "no URL");
	expect(&app, "", 200, "{\"generation\":3}\n");
	cr_expect_eq(app_stop(&app), 0);
	app_destroy(&app);
}

#ifdef WEIR_TEST_QUERY_PQ
/* Somebody who takes connections and never says a word. */
static int listen_silently(unsigned *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 1) == 0 &&
		     getsockname(fd, (struct sockaddr *)&address, &size) == 0,
	     "no listener");
	*port = ntohs(address.sin_port);
	return fd;
}

/* A stop that comes while a reload waits for a database ends it, and is not held up by it. */
Test(reload_admin, is_ended_by_a_stop)
{
	struct app app;
	struct client client;
	struct reply reply;
	char text[512];
	unsigned port;
	begin(&app);
	int database = listen_silently(&port);
	(void)snprintf(
		text, sizeof text,
		"databases: [{name: d, url: 'postgresql://127.0.0.1:%u/d'}]\n"
		"statements: [{name: s, database: d, sql: SELECT 1}]\n"
		"routes: [{path: /e, kind: events}, {path: /s, kind: query, statement: s}]\n",
		port);
	reloading_write(&app, text);
	client_open(&client, app.admin);
	app_request(&client, "POST", "/reload", "", NULL);
	must(must_poll(database, POLLIN, weir_after(MUST_PATIENCE)), "nobody asks the database");
	weir_time began = weir_now();
	process_signal(&app.process, SIGTERM);
	client_receive(&client, &reply);
	/* From the reload, or from a stop that was quicker than its answer. */
	cr_expect(reply.status == 409 || reply.status == 503, "%d", reply.status);
	cr_expect_str_eq(reply.body, "{\"error\":\"the server is stopping\"}\n");
	reply_free(&reply);
	client_close(&client);
	cr_expect_eq(app_wait(&app), 0, "%s", app.process.text);
	cr_expect_lt(weir_now() - began, 5 * WEIR_SECOND); /* connecting has ten */
	(void)close(database);
	app_destroy(&app);
}
#endif
