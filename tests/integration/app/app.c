/* app.c: see app.h. */
#include "app.h"

#include "support/metrics.h"
#include "support/must.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WORDS_MAX 32

void app_prepare(struct app *app)
{
	*app = (struct app){.process = {.output = -1}};
	scratch_make(&app->scratch);
	must(mkdirat(app->scratch.fd, "root", 0755) == 0, "root cannot be made");
	must(snprintf(app->admin, sizeof app->admin, "unix:%s/admin.sock", app->scratch.path) > 0,
	     "the path is too long");
}

/* Appends words up to a NULL; returns how many there are now. */
static size_t append(const char **argv, size_t argc, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++) {
		must(argc < WORDS_MAX, "too many words");
		argv[argc++] = *words;
	}
	argv[argc] = NULL;
	return argc;
}

void app_start(struct app *app, const char *const *options)
{
	const char *argv[WORDS_MAX + 1];
	const char *const first[] = {WEIR_BINARY,      "serve",       "--listen", "127.0.0.1:0",
				     "--root",         "root",        "--admin",  app->admin,
				     "--drain-report", "report.json", NULL};
	append(argv, append(argv, 0, first), options);
	process_start(&app->process, app->scratch.path, argv);
	const char *url = process_await_line(&app->process, "listening url=");
	size_t length = strcspn(url, " ");
	must(length < sizeof app->url, "the URL is too long");
	memcpy(app->url, url, length);
	process_await_line(&app->process, "ready ");
}

void app_serve(struct app *app, const char *const *options)
{
	app_prepare(app);
	app_start(app, options);
}

int app_wait(struct app *app)
{
	int code = process_wait(&app->process);
	size_t size;
	app->report = scratch_read(&app->scratch, "report.json", &size);
	return code;
}

int app_stop(struct app *app)
{
	process_signal(&app->process, SIGTERM);
	return app_wait(app);
}

void app_hurry(struct app *app, struct client *client)
{
	struct reply reply;
	/* Two of one kind could become one. */
	process_signal(&app->process, SIGTERM);
	process_signal(&app->process, SIGINT);
	client_receive(client, &reply);
	cr_expect_eq(reply.status, 503);
	reply_free(&reply);
	client_close(client);
}

void app_destroy(struct app *app)
{
	process_free(&app->process);
	free(app->report);
	scratch_remove(&app->scratch);
}

void app_finish(struct app *app)
{
	int code = app_stop(app);
	cr_assert_eq(code, 0, "exit code %d:\n%s", code, app->process.text);
	app_report_check(app);
	app_destroy(app);
}

int app_run(struct app *app, const char *const *words)
{
	const char *argv[WORDS_MAX + 1] = {WEIR_BINARY};
	append(argv, 1, words);
	process_start(&app->process, app->scratch.path, argv);
	return process_wait(&app->process);
}

void app_request(struct client *client, const char *method, const char *target, const char *fields,
		 const char *body)
{
	if (body != NULL)
		client_printf(
			client,
			"%s %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %zu\r\n\r\n%s",
			method, target, fields, strlen(body), body);
	else
		client_printf(client, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", method, target,
			      fields);
}

void app_exchange(const struct app *app, const char *method, const char *target, const char *fields,
		  const char *body, struct reply *reply)
{
	struct client client;
	client_open(&client, app->url);
	app_request(&client, method, target, fields, body);
	if (strcmp(method, "HEAD") == 0)
		client_receive_head(&client, reply);
	else
		client_receive(&client, reply);
	client_close(&client);
}

int app_status(const struct app *app, const char *method, const char *target, const char *fields,
	       const char *body)
{
	struct reply reply;
	app_exchange(app, method, target, fields, body, &reply);
	int status = reply.status;
	reply_free(&reply);
	return status;
}

void app_await_metric(const struct app *app, const char *series, uint64_t value)
{
	weir_time until = weir_after(MUST_PATIENCE);
	struct client client;
	client_open(&client, app->admin);
	for (;;) {
		struct reply reply;
		client_get(&client, "/metrics", &reply);
		must(reply.status == 200, "/metrics: %d", reply.status);
		uint64_t now = metrics_value(reply.body, series);
		bool close = reply_says_close(&reply);
		reply_free(&reply);
		if (now == value)
			break;
		must(weir_now() < until, "%s never became %ju", series, (uintmax_t)value);
		if (close) { /* every answer during a stop says so */
			client_close(&client);
			client_open(&client, app->admin);
		}
	}
	client_close(&client);
}

uint64_t app_report_number(const struct app *app, const char *key)
{
	char pattern[64];
	must(app->report != NULL, "there is no report");
	int length = snprintf(pattern, sizeof pattern, "\"%s\":", key);
	must(length > 0 && (size_t)length < sizeof pattern, "the key is too long");
	const char *found = strstr(app->report, pattern);
	must(found != NULL, "no %s in %s", key, app->report);
	return strtoull(found + length, NULL, 10);
}

void app_report_check(const struct app *app)
{
	uint64_t begun = app_report_number(app, "in_flight") + app_report_number(app, "arrived");
	uint64_t ended = app_report_number(app, "answered") + app_report_number(app, "refused") +
			 app_report_number(app, "cancelled") + app_report_number(app, "cut") +
			 app_report_number(app, "abandoned");
	cr_assert_eq(begun, ended, "the counts do not add up: %s", app->report);
}
