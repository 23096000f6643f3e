/* config_limits.c: the mapping `limits` of a configuration as values. */
#include "byte_size.h"
#include "config_private.h"

static int read_rate(const struct config *config, char error[COMPLAIN_SIZE], const char *place,
		     const char *text, uint64_t *out)
{
	if (text == NULL)
		return 0;
	if (byte_size_parse(text, out) != 0 || *out == 0 || *out > LIMITS_RATE_MAX)
		return config_fail(config, error, place,
				   "\"%.40s\" is not a rate: expected bytes a second, 512 or 1KiB, "
				   "at most 1024GiB",
				   text);
	return 0;
}

static int read_counts(struct config *config, char error[COMPLAIN_SIZE])
{
	struct config_limits *limits = &config->limits;
	const struct {
		const char *place, *text;
		unsigned *out;
	} rows[] = {
		{"limits.connections", limits->connections_text, &limits->values.connections},
		{"limits.requests", limits->requests_text, &limits->values.requests},
		{"limits.client_connections", limits->client_connections_text,
		 &limits->values.client_connections},
		{"limits.client_requests", limits->client_requests_text,
		 &limits->values.client_requests},
	};
	int problem = 0;
	for (size_t i = 0; problem == 0 && i < sizeof rows / sizeof rows[0]; i++)
		problem = config_number(config, error, rows[i].place, rows[i].text,
					LIMITS_COUNT_MAX, rows[i].out);
	return problem;
}

int config_read_limits(struct config *config, char error[COMPLAIN_SIZE])
{
	struct config_limits *limits = &config->limits;
	int problem = read_counts(config, error);
	if (problem == 0)
		problem = read_rate(config, error, "limits.body_rate", limits->body_rate_text,
				    &limits->values.body_rate);
	if (problem == 0)
		problem = read_rate(config, error, "limits.write_rate", limits->write_rate_text,
				    &limits->values.write_rate);
	limits->values.trusted_proxies = limits->trusted_proxies;
	limits->values.client_header = limits->client_header;
	if (problem == 0 && limits->trusted_proxies != NULL &&
	    !limits_are_proxies(limits->trusted_proxies))
		problem = config_fail(config, error, "limits.trusted_proxies",
				      "\"%.80s\" is not a list of addresses: expected up to 64 "
				      "like 10.0.0.0/8, fd00::/8, 192.0.2.7",
				      limits->trusted_proxies);
	if (problem == 0 && limits->client_header != NULL &&
	    !config_is_field_name(limits->client_header))
		problem = config_fail(config, error, "limits.client_header",
				      "\"%.60s\" is not the name of a header field: expected "
				      "letters, digits and \"-\"",
				      limits->client_header);
	return problem;
}
