/* status.c: `weir status`: what the server does now, once or again and again. */
#include "http.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVERY 1 /* second */
#define ANSWER_TIME (10 * WEIR_SECOND)

static long long count(const json_t *json, const char *object, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(json, object), key));
}

static const char *text(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));
	return value != NULL ? value : "-";
}

static void print_rows(const json_t *rows)
{
	size_t i;
	json_t *row;
	if (json_array_size(rows) == 0)
		return;
	(void)printf("\n%9s  %-18s %-28s %-22s %s\n", "AGE s", "DOING", "ROUTE", "CLIENT",
		     "LOOKED AT ITS TOKEN");
	json_array_foreach(rows, i, row)
	{
		double looked = json_number_value(json_object_get(row, "looked_seconds_ago"));
		(void)printf("%9.1f  %-18.18s %-28.28s %-22.22s ",
			     json_number_value(json_object_get(row, "age_seconds")),
			     text(row, "doing"), text(row, "route"), text(row, "client"));
		if (json_is_null(json_object_get(row, "looked_at")))
			(void)printf("never\n");
		else if (json_is_true(json_object_get(row, "waiting")))
			(void)printf("waits in %s\n", text(row, "looked_at"));
		else
			(void)printf("%.1f s ago at %s\n", looked, text(row, "looked_at"));
	}
}

static void print_table(const json_t *json)
{
	const json_t *forecast = json_object_get(json, "forecast");
	const json_t *queue = json_object_get(json, "queue");
	const json_t *oldest = json_object_get(queue, "oldest");
	(void)printf("weir %s, %s\n", text(json, "version"), text(json, "phase"));
	(void)printf("in flight   %lld receiving, %lld queued (of %lld), %lld running (of %lld "
		     "workers), %lld replying, %lld upgraded\n",
		     count(json, "in_flight", "receiving"), count(json, "in_flight", "queued"),
		     count(json, "queue", "capacity"), count(json, "in_flight", "running"),
		     count(json, "workers", "count"), count(json, "in_flight", "replying"),
		     (long long)json_integer_value(json_object_get(json, "upgraded")));
	if (count(json, "queue", "depth") > 0)
		(void)printf("queue       the oldest has waited for %.3f s (%s): %s\n",
			     json_number_value(json_object_get(oldest, "age_seconds")),
			     text(oldest, "route"), text(queue, "why"));
	(void)printf("requests    %lld accepted, %lld answered, %lld refused, %lld cancelled, %lld "
		     "cut\n",
		     count(json, "requests", "accepted"), count(json, "requests", "answered"),
		     count(json, "requests", "refused"), count(json, "requests", "cancelled"),
		     count(json, "requests", "cut"));
	(void)printf("a stop now  %.3f s, %lld cancelled, %lld cut; waiting longest for %s\n",
		     json_number_value(json_object_get(forecast, "seconds")),
		     count(json, "forecast", "cancelled"), count(json, "forecast", "cut"),
		     text(forecast, "route"));
	print_rows(json_object_get(json, "details"));
}

/* Once. Returns the exit code. */
static int show(struct http *http, const struct client_options *options)
{
	char line[COMPLAIN_SIZE];
	struct answer answer;
	int code = CLIENT_FAILED;
	if (http_ask(http, "GET", options->stacks ? "/stacks?format=text" : "/status", ANSWER_TIME,
		     &answer, line) != 0) {
		complain("%s", line);
		return code;
	}
	json_t *json = NULL;
	bool raw = (options->stacks || options->json) && answer.status == 200;
	if (!raw)
		json = answer_json(&answer, line);
	if (raw)
		(void)fwrite(answer.body, 1, answer.size, stdout);
	else if (json != NULL)
		print_table(json);
	else
		complain("%s", line);
	if (raw || json != NULL)
		code = fflush(stdout) == 0 ? EXIT_SUCCESS : CLIENT_FAILED;
	json_decref(json);
	answer_free(&answer);
	return code;
}

int client_status(const struct client_options *options)
{
	char line[COMPLAIN_SIZE];
	struct http *http;
	if (http_open(options, &http, line) != 0) {
		complain("%s", line);
		return CLIENT_FAILED;
	}
	int code;
	const struct timespec pause = {.tv_sec = EVERY};
	do {
		if (options->watch && isatty(STDOUT_FILENO))
			(void)printf("\033[H\033[2J"); /* home, and clear: ECMA-48 */
		code = show(http, options);
	} while (options->watch && code == EXIT_SUCCESS && nanosleep(&pause, NULL) == 0);
	http_close(http);
	return code;
}
