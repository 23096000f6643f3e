/* ask.c: `weir reload`, `weir upgrade`, `weir rehearse`: one question, one answer. */
#include "http.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The server's answer; NULL after the one line that says why there is none. */
static json_t *ask(const struct client_options *options, const char *target)
{
	char line[COMPLAIN_SIZE];
	struct answer answer;
	struct http *http;
	json_t *json = NULL;
	if (http_open(options, &http, line) != 0) {
		complain("%s", line);
		return NULL;
	}
	if (http_ask(http, "POST", target, 0, &answer, line) == 0) {
		json = answer_json(&answer, line);
		answer_free(&answer);
	}
	if (json == NULL)
		complain("%s", line);
	http_close(http);
	return json;
}

/* A whole number of the answer, after `before`. */
static int print_number(const struct client_options *options, const char *target, const char *key,
			const char *before)
{
	json_t *json = ask(options, target);
	if (json == NULL)
		return CLIENT_FAILED;
	(void)printf("%s %lld\n", before,
		     (long long)json_integer_value(json_object_get(json, key)));
	json_decref(json);
	return EXIT_SUCCESS;
}

int client_reload(const struct client_options *options)
{
	return print_number(options, "/reload", "generation", "reloaded: generation");
}

int client_upgrade(const struct client_options *options)
{
	return print_number(options, "/upgrade", "pid", "upgraded: the process that serves now is");
}

static double number(const json_t *json, const char *key)
{
	return json_number_value(json_object_get(json, key));
}

static long long count(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static const char *text(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));
	return value != NULL ? value : "-";
}

static int judge(const json_t *json, weir_time budget)
{
	if (count(json, "over") < count(json, "tripped")) {
		(void)printf(
			"over budget: %lld of %lld were not over when it ended; %s held it up\n",
			count(json, "tripped") - count(json, "over"), count(json, "tripped"),
			text(json, "slowest"));
		return CLIENT_OVER_BUDGET;
	}
	if (budget > 0 && number(json, "last_seconds") > (double)budget / (double)WEIR_SECOND) {
		(void)printf("over budget: the last took %.3f s, and not %.3f s: %s\n",
			     number(json, "last_seconds"), (double)budget / (double)WEIR_SECOND,
			     text(json, "slowest"));
		return CLIENT_OVER_BUDGET;
	}
	return EXIT_SUCCESS;
}

int client_rehearse(const struct client_options *options)
{
	char target[128];
	int size = snprintf(target, sizeof target, "/rehearse?fraction=%g", options->fraction);
	if (options->timeout > 0)
		(void)snprintf(target + size, sizeof target - (size_t)size,
			       "&timeout=%" PRId64 "ms",
			       (int64_t)(options->timeout / WEIR_MILLISECOND));
	json_t *json = ask(options, target);
	if (json == NULL)
		return CLIENT_FAILED;
	const json_t *forecast = json_object_get(json, "forecast");
	(void)printf("%lld of %lld in flight were cancelled as a stop would; %lld are over\n",
		     count(json, "tripped"), count(json, "in_flight"), count(json, "over"));
	(void)printf(
		"the last after %.3f s (%s), the median after %.3f s; intake paused for %.3f s\n",
		number(json, "last_seconds"), text(json, "slowest"), number(json, "p50_seconds"),
		number(json, "paused_seconds"));
	(void)printf("forecast was %.3f s, waiting longest for %s\n", number(forecast, "seconds"),
		     text(forecast, "route"));
	int code = judge(json, options->budget);
	json_decref(json);
	return code;
}
