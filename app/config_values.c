/* config_values.c: the texts of a configuration as values, by the rules of the command line. */
#include "config_private.h"

#include "duration.h"
#include "number.h"
#include "serve.h"
#include "tls.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void config_place(char out[CONFIG_PLACE_SIZE], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (vsnprintf(out, CONFIG_PLACE_SIZE, format, arguments) < 0)
		out[0] = '\0';
	va_end(arguments);
}

int config_duration(const struct config *config, char error[COMPLAIN_SIZE], const char *place,
		    const char *text, weir_time minimum, weir_time *out)
{
	if (text == NULL)
		return 0;
	weir_time value;
	int problem = duration_parse(text, &value);
	if (problem == -ERANGE)
		return config_fail(config, error, place,
				   "\"%.40s\" is too long: expected at most 292 years", text);
	if (problem != 0)
		return config_fail(config, error, place,
				   "\"%.40s\" is not a duration: expected 500ms, 10s, 2m, 1h%s",
				   text, minimum == 0 ? " or 0" : "");
	if (value < minimum)
		return config_fail(config, error, place,
				   "\"%.40s\" is too short: expected at least %jdms", text,
				   (intmax_t)(minimum / WEIR_MILLISECOND));
	*out = value;
	return 0;
}

int config_number(const struct config *config, char error[COMPLAIN_SIZE], const char *place,
		  const char *text, unsigned maximum, unsigned *out)
{
	if (text == NULL)
		return 0;
	uint64_t value;
	if (number_parse(text, 1, maximum, &value) != 0)
		return config_fail(config, error, place,
				   "\"%.40s\": expected a number from 1 to %u", text, maximum);
	*out = (unsigned)value;
	return 0;
}

static int read_workers(struct config *config, char error[COMPLAIN_SIZE])
{
	if (config->workers_text == NULL ||
	    number_range_parse(config->workers_text, SERVE_WORKERS_MAX, &config->workers,
			       &config->workers_max) == 0)
		return 0;
	return config_fail(config, error, "workers",
			   "\"%.40s\": expected a number from 1 to %d, or two as in 16..64",
			   config->workers_text, SERVE_WORKERS_MAX);
}

static int read_timeouts(struct config *config, char error[COMPLAIN_SIZE])
{
	struct config_timeouts *timeouts = &config->timeouts;
	const struct {
		const char *place, *text;
		weir_time minimum, *out;
	} rows[] = {
		{"timeouts.lame_duck", timeouts->lame_duck_text, 0, &timeouts->lame_duck},
		{"timeouts.grace", timeouts->grace_text, 0, &timeouts->grace},
		{"timeouts.drain_timeout", timeouts->drain_timeout_text, 0,
		 &timeouts->drain_timeout},
		{"timeouts.first_byte", timeouts->first_byte_text, WEIR_MILLISECOND,
		 &timeouts->first_byte},
		{"timeouts.header", timeouts->header_text, WEIR_MILLISECOND, &timeouts->header},
		{"timeouts.body", timeouts->body_text, WEIR_MILLISECOND, &timeouts->body},
		{"timeouts.keepalive", timeouts->keepalive_text, WEIR_MILLISECOND,
		 &timeouts->keepalive},
		{"timeouts.write", timeouts->write_text, WEIR_MILLISECOND, &timeouts->write},
	};
	int problem = 0;
	for (size_t i = 0; problem == 0 && i < sizeof rows / sizeof rows[0]; i++) {
		*rows[i].out = -1;
		problem = config_duration(config, error, rows[i].place, rows[i].text,
					  rows[i].minimum, rows[i].out);
	}
	return problem;
}

static int read_queue(struct config *config, char error[COMPLAIN_SIZE])
{
	config->queue_age = config->queue_target = config->queue_interval = -1;
	int problem = config_number(config, error, "queue", config->queue_text, SERVE_QUEUE_MAX,
				    &config->queue);
	if (problem == 0)
		problem = config_duration(config, error, "queue_age", config->queue_age_text, 0,
					  &config->queue_age);
	if (problem == 0)
		problem = config_duration(config, error, "queue_target", config->queue_target_text,
					  0, &config->queue_target);
	if (problem == 0)
		problem = config_duration(config, error, "queue_interval",
					  config->queue_interval_text, WEIR_MILLISECOND,
					  &config->queue_interval);
	return problem;
}

/* HOST:PORT with a port that is one, also for TLS; unix:PATH, systemd or systemd:NAME; whether it
 * can be listened at is seen when it is tried. */
static bool is_address(const char *text)
{
	bool tls = tls_address(text, &text);
	if (strncmp(text, "unix:", 5) == 0 && !tls)
		return text[5] != '\0';
	if (strcmp(text, "systemd") == 0 || strncmp(text, "systemd:", 8) == 0)
		return true;
	const char *colon = strrchr(text, ':');
	uint64_t port;
	if (colon == NULL || number_parse(colon + 1, 0, 65535, &port) != 0)
		return false;
	if (text[0] == '[')
		return colon > text && colon[-1] == ']';
	return memchr(text, ':', (size_t)(colon - text)) == NULL;
}

static int read_listeners(struct config *config, char error[COMPLAIN_SIZE])
{
	char place[CONFIG_PLACE_SIZE];
	unsigned admin = 0;
	for (unsigned i = 0; i < config->listeners_count; i++) {
		const struct config_listener *listener = &config->listeners[i];
		config_place(place, "listeners[%u].address", i);
		if (!is_address(listener->address))
			return config_fail(config, error, place,
					   "\"%.80s\" is not an address: expected HOST:PORT, "
					   "https://HOST:PORT, unix:PATH or "
					   "systemd[:NAME]",
					   listener->address);
		admin += listener->admin;
		config_place(place, "listeners[%u].admin", i);
		if (admin > 1)
			return config_fail(config, error, place,
					   "a second admin listener: expected one at most");
		config_place(place, "listeners[%u].token_file", i);
		if (listener->token_file != NULL && !listener->admin)
			return config_fail(config, error, place,
					   "only the admin listener asks for a token");
		config_place(place, "listeners[%u]", i);
		if (i + 1 - admin > SERVE_LISTEN_MAX)
			return config_fail(config, error, place,
					   "expected at most %d listeners besides the admin one",
					   SERVE_LISTEN_MAX);
	}
	return 0;
}

bool config_is_field_name(const char *text)
{
	return text[strspn(text, "!#$%&'*+-.^_`|~0123456789"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] == '\0';
}

int config_read_values(struct config *config, char error[COMPLAIN_SIZE])
{
	int problem = read_workers(config, error);
	if (problem == 0)
		problem = read_queue(config, error);
	if (problem == 0)
		problem = read_timeouts(config, error);
	if (problem == 0)
		problem = config_read_limits(config, error);
	if (problem == 0)
		problem = read_listeners(config, error);
	config->tls.hsts = -1;
	if (problem == 0)
		problem = config_duration(config, error, "tls.hsts", config->tls.hsts_text, 0,
					  &config->tls.hsts);
	if (problem == 0 && config->deadline_header != NULL &&
	    !config_is_field_name(config->deadline_header))
		problem = config_fail(config, error, "deadline_header",
				      "\"%.60s\" is not the name of a header field: expected "
				      "letters, digits and \"-\"",
				      config->deadline_header);
	return problem;
}
