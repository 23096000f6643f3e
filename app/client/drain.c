/* drain.c: `weir drain`: asks for a stop, shows how it goes on, and what it did in the end.
 *
 * The report is asked for on the connection that has asked for the stop, by a thread that waits for
 * it; the server keeps that connection for the purpose. Meanwhile another connection is asked for
 * the status, again and again, until the report is there. */
#include "http.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define LOOK_EVERY 200 /* milliseconds */
#define ANSWER_TIME (10 * WEIR_SECOND)
#define BAR_WIDTH 24

struct waiter {
	struct http *http;
	pthread_t thread;
	int done; /* eventfd */
	int error;
	struct answer answer;
	char line[COMPLAIN_SIZE];
};

static void *wait_for_report(void *arg)
{
	struct waiter *waiter = arg;
	waiter->error =
		http_ask(waiter->http, "GET", "/shutdown/report", 0, &waiter->answer, waiter->line);
	(void)eventfd_write(waiter->done, 1);
	return NULL;
}

static long long count(const json_t *json, const char *object, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(json, object), key));
}

static const char *text(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));
	return value != NULL ? value : "-";
}

struct progress {
	bool live;      /* on a terminal: one line that is drawn anew */
	long long most; /* in flight at a time */
	char last[160];
};

static const json_t *oldest(const json_t *details)
{
	const json_t *found = NULL;
	size_t i;
	json_t *row;
	json_array_foreach((json_t *)details, i, row)
	{
		if (found == NULL ||
		    json_number_value(json_object_get(row, "age_seconds")) >
			    json_number_value(json_object_get(found, "age_seconds")))
			found = row;
	}
	return found;
}

static void draw(struct progress *progress, const json_t *status)
{
	const json_t *held_by = oldest(json_object_get(status, "details"));
	long long now =
		count(status, "in_flight", "receiving") + count(status, "in_flight", "queued") +
		count(status, "in_flight", "running") + count(status, "in_flight", "replying") +
		json_integer_value(json_object_get(status, "upgraded"));
	char line[160], bar[BAR_WIDTH + 1];
	progress->most = now > progress->most ? now : progress->most;
	size_t full = progress->most > 0
			      ? (size_t)((progress->most - now) * BAR_WIDTH / progress->most)
			      : BAR_WIDTH;
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', full);
	bar[BAR_WIDTH] = '\0';
	int size = snprintf(line, sizeof line, "%s: %lld in flight, %lld cancelled",
			    text(status, "phase"), now, count(status, "requests", "cancelled"));
	if (held_by != NULL && size > 0 && (size_t)size < sizeof line)
		(void)snprintf(line + size, sizeof line - (size_t)size,
			       ", waiting for %.40s (%.20s)", text(held_by, "route"),
			       text(held_by, "doing"));
	if (progress->live)
		(void)printf("\r\033[K[%s] %s, %.0f s left", bar, line,
			     json_number_value(json_object_get(json_object_get(status, "drain"),
							       "seconds_left")));
	else if (strcmp(line, progress->last) != 0)
		(void)printf("%s\n", line);
	(void)snprintf(progress->last, sizeof progress->last, "%s", line);
	(void)fflush(stdout);
}

static void look(struct http *http, struct progress *progress)
{
	char line[COMPLAIN_SIZE];
	struct answer answer;
	/* It may be over by now: the report will tell. */
	if (http_ask(http, "GET", "/status", ANSWER_TIME, &answer, line) != 0)
		return;
	json_t *status = answer_json(&answer, line);
	if (status != NULL)
		draw(progress, status);
	json_decref(status);
	answer_free(&answer);
}

static void print_phases(const json_t *report)
{
	const char *key;
	json_t *value;
	(void)printf("  phases:");
	json_object_foreach(json_object_get(report, "phase_seconds"), key, value)(void)
		printf(" %s %.3f s", key, json_number_value(value));
	(void)printf("\n  counts:");
	json_object_foreach(json_object_get(report, "counts"), key, value)(void)
		printf(" %s=%lld", key, (long long)json_integer_value(value));
	(void)printf("\n");
}

static void print_straggler(const json_t *straggler)
{
	const json_t *stack = json_object_get(straggler, "stack");
	size_t i;
	json_t *frame;
	(void)printf("  %s %s %s, client %s, %s, %.2f s old, last looked at its token: %s\n",
		     json_is_true(json_object_get(straggler, "abandoned")) ? "never came back:"
									   : "cut:",
		     text(straggler, "route"), text(straggler, "path"), text(straggler, "client"),
		     text(straggler, "doing"),
		     json_number_value(json_object_get(straggler, "age_seconds")),
		     json_is_null(json_object_get(straggler, "looked_at"))
			     ? "never"
			     : text(straggler, "looked_at"));
	json_array_foreach((json_t *)stack, i, frame)(void)
		printf("      %s\n", json_string_value(frame));
}

/* Returns the exit code that the server had, too. */
static int print_report(const json_t *report)
{
	size_t i;
	json_t *straggler;
	(void)printf("drain report: %s, asked for by %s, %.3f s\n", text(report, "outcome"),
		     text(report, "asked_by"),
		     json_number_value(json_object_get(report, "total_seconds")));
	print_phases(report);
	json_array_foreach(json_object_get(report, "stragglers"), i, straggler)
		print_straggler(straggler);
	return (int)json_integer_value(json_object_get(report, "exit_code"));
}

static int end(struct waiter *waiter, bool live)
{
	int code = CLIENT_FAILED;
	(void)pthread_join(waiter->thread, NULL);
	if (live)
		(void)printf("\r\033[K");
	json_t *report = NULL;
	if (waiter->error == 0)
		report = answer_json(&waiter->answer, waiter->line);
	if (report != NULL)
		code = print_report(report);
	else
		complain("%s", waiter->line);
	json_decref(report);
	answer_free(&waiter->answer);
	return fflush(stdout) == 0 ? code : CLIENT_FAILED;
}

/* Until the report is there, or Ctrl-C. */
static int follow(struct http *status, struct waiter *waiter, int signals)
{
	struct progress progress = {.live = isatty(STDOUT_FILENO) == 1};
	struct pollfd wait[] = {{.fd = waiter->done, .events = POLLIN},
				{.fd = signals, .events = POLLIN}};
	for (;;) {
		int ready = poll(wait, 2, LOOK_EVERY);
		if (ready < 0 && errno != EINTR)
			return CLIENT_FAILED;
		if (ready > 0 && wait[0].revents)
			return end(waiter, progress.live);
		if (ready > 0 && wait[1].revents) {
			complain("%sweir drain: the stop goes on; see 'weir status'",
				 progress.live ? "\n" : "");
			_exit(CLIENT_DETACHED); /* the waiter waits on */
		}
		look(status, &progress);
	}
}

/* 0, and the server stops. */
static int ask_for_stop(struct http *http, char line[COMPLAIN_SIZE])
{
	struct answer answer;
	int error = http_ask(http, "POST", "/shutdown", ANSWER_TIME, &answer, line);
	if (error != 0)
		return error;
	json_t *json = answer_json(&answer, line);
	error = json != NULL ? 0 : -EIO;
	json_decref(json);
	answer_free(&answer);
	return error;
}

static int take_interrupts(void)
{
	sigset_t mask;
	if (sigemptyset(&mask) != 0 || sigaddset(&mask, SIGINT) != 0 ||
	    pthread_sigmask(SIG_BLOCK, &mask, NULL) != 0)
		return -1;
	return signalfd(-1, &mask, SFD_CLOEXEC);
}

int client_drain(const struct client_options *options)
{
	struct waiter waiter = {.done = eventfd(0, EFD_CLOEXEC)};
	struct http *status = NULL;
	char line[COMPLAIN_SIZE] = "weir: out of descriptors";
	int code = CLIENT_FAILED, signals = take_interrupts();
	if (waiter.done < 0 || signals < 0 || http_open(options, &waiter.http, line) != 0 ||
	    http_open(options, &status, line) != 0 || ask_for_stop(waiter.http, line) != 0) {
		complain("%s", line);
	} else if (pthread_create(&waiter.thread, NULL, wait_for_report, &waiter) != 0) {
		complain("weir drain: no thread can be had; the stop goes on");
	} else {
		code = follow(status, &waiter, signals);
	}
	http_close(status);
	http_close(waiter.http);
	(void)close(signals);
	(void)close(waiter.done);
	return code;
}
