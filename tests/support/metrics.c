/* support/metrics.c: see metrics.h. */
#include "support/metrics.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "support/must.h"

/* The next line after `line`, or NULL. */
static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end != NULL && end[1] != '\0' ? end + 1 : NULL;
}

static uint64_t number_at(const char *text, const char *name)
{
	char *end;
	double value = strtod(text, &end);

	must(end != text && (*end == '\n' || *end == ' ' || *end == '\0') && value >= 0,
	     "not a count in metric %s: %.40s", name, text);
	return (uint64_t)value;
}

/* The number that a line gives for exactly `series`, if it is that series' line. */
static bool line_is(const char *line, const char *series, uint64_t *value)
{
	size_t size = strlen(series);

	if (strncmp(line, series, size) != 0 || line[size] != ' ')
		return false;
	*value = number_at(line + size + 1, series);
	return true;
}

/* Likewise for any series of the metric `name`. */
static bool line_has(const char *line, const char *name, uint64_t *value)
{
	size_t size = strlen(name);
	const char *labels_end;

	if (strncmp(line, name, size) != 0)
		return false;
	if (line[size] == ' ') {
		*value = number_at(line + size + 1, name);
		return true;
	}
	labels_end = line[size] == '{' ? strstr(line, "} ") : NULL;
	if (labels_end == NULL)
		return false;
	*value = number_at(labels_end + 2, name);
	return true;
}

uint64_t metrics_value(const char *text, const char *series)
{
	uint64_t value = 0;

	for (const char *line = text; line != NULL; line = next_line(line)) {
		if (line_is(line, series, &value))
			return value;
	}
	must_fail(__FILE__, __LINE__, "the series is there", "%s is not in:\n%s", series, text);
}

uint64_t metrics_sum(const char *text, const char *name)
{
	uint64_t sum = 0, value;
	bool found = false;

	for (const char *line = text; line != NULL; line = next_line(line)) {
		if (line_has(line, name, &value)) {
			sum += value;
			found = true;
		}
	}
	must(found, "%s is not in:\n%s", name, text);
	return sum;
}

bool metrics_at_rest(const char *text)
{
	return metrics_value(text, "weir_connections_open") == 0 &&
	       metrics_value(text, "weir_upgraded_open") == 0 &&
	       metrics_value(text, "weir_sockets_lingering") == 0 &&
	       metrics_sum(text, "weir_requests_in_flight") == 0;
}

static char *text_of(weir_server *server)
{
	char *text;
	size_t size;
	int rc = weir_server_metrics(server, &text, &size);

	must(rc == 0, "weir_server_metrics: %d", rc);
	must(strlen(text) == size, "%zu bytes of metrics, said to be %zu", strlen(text), size);
	return text;
}

uint64_t metrics_now(weir_server *server, const char *series)
{
	char *text = text_of(server);
	uint64_t value = metrics_value(text, series);

	free(text);
	return value;
}

uint64_t metrics_sum_now(weir_server *server, const char *name)
{
	char *text = text_of(server);
	uint64_t value = metrics_sum(text, name);

	free(text);
	return value;
}

static void await_value(weir_server *server, uint64_t (*read)(weir_server *, const char *),
			const char *name, uint64_t value)
{
	weir_time until = weir_after(MUST_PATIENCE);
	uint64_t now;

	while ((now = read(server, name)) != value) {
		must(weir_now() < until, "%s is still %" PRIu64 ", not %" PRIu64, name, now, value);
		poll(NULL, 0, 1);
	}
}

void metrics_await(weir_server *server, const char *series, uint64_t value)
{
	await_value(server, metrics_now, series, value);
}

void metrics_await_sum(weir_server *server, const char *name, uint64_t value)
{
	await_value(server, metrics_sum_now, name, value);
}

void metrics_account_parse(const char *text, struct metrics_account *account)
{
	*account = (struct metrics_account){
		.accepted = metrics_value(text, "weir_requests_accepted_total"),
		.answered = metrics_value(text, "weir_requests_answered_total"),
		.refused = metrics_value(text, "weir_requests_refused_total"),
		.cancelled = metrics_sum(text, "weir_requests_cancelled_total"),
		.cut = metrics_value(text, "weir_requests_cut_total"),
		.in_flight = metrics_sum(text, "weir_requests_in_flight"),
		.connections_accepted = metrics_value(text, "weir_connections_accepted_total"),
		.connections_closed = metrics_value(text, "weir_connections_closed_total"),
		.connections_refused = metrics_value(text, "weir_connections_refused_total"),
		.connections_cut = metrics_value(text, "weir_connections_cut_total"),
		.connections_open = metrics_value(text, "weir_connections_open"),
		.connections_upgraded = metrics_value(text, "weir_upgraded_total"),
	};
}

void metrics_account_read(weir_server *server, struct metrics_account *account)
{
	char *text = text_of(server);

	metrics_account_parse(text, account);
	free(text);
}

void metrics_account_check(const struct metrics_account *account)
{
	must(account->accepted == account->answered + account->refused + account->cancelled +
					  account->cut + account->in_flight,
	     "requests: accepted %" PRIu64 ", answered %" PRIu64 ", refused %" PRIu64
	     ", cancelled %" PRIu64 ", cut %" PRIu64 ", in flight %" PRIu64,
	     account->accepted, account->answered, account->refused, account->cancelled,
	     account->cut, account->in_flight);
	must(account->connections_accepted ==
		     account->connections_closed + account->connections_refused +
			     account->connections_cut + account->connections_open +
			     account->connections_upgraded,
	     "connections: accepted %" PRIu64 ", closed %" PRIu64 ", refused %" PRIu64
	     ", cut %" PRIu64 ", open %" PRIu64 ", upgraded %" PRIu64,
	     account->connections_accepted, account->connections_closed,
	     account->connections_refused, account->connections_cut, account->connections_open,
	     account->connections_upgraded);
}
