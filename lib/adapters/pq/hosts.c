/* hosts.c: the parameters of a connection, with names of hosts resolved under the token.
 *
 * libpq resolves names by itself, in a getaddrinfo() that nothing can end. It does not if it
 * is given `hostaddr` beside `host` (which stays: certificates and password files go by it). Both
 * are lists that must be of the same length, as is `port` unless it is one for all; so a
 * host with three addresses becomes three entries of each.
 *
 * A host that only a service file names is not seen here; libpq resolves it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/io.h>

#include "connection.h"

/* Entries of the list at most: later ones are left out. */
enum { ENTRIES_MAX = 64 };

/* The three lists, as they grow. */
struct lists {
	FILE *host, *address, *port;
	unsigned count;
};

/* Copies the next of the comma-separated parts of a list to `part`. Returns 0, -ENOENT after
 * the last, or -EINVAL: too long to be one. */
static int next_part(const char **list, char *part, size_t room)
{
	size_t length;

	if (!*list)
		return -ENOENT;
	length = strcspn(*list, ",");
	if (length >= room)
		return -EINVAL;
	memcpy(part, *list, length);
	part[length] = '\0';
	*list = (*list)[length] ? *list + length + 1 : NULL;
	return 0;
}

static void add_entry(struct lists *lists, const char *host, const char *address, const char *port)
{
	const char *comma = lists->count ? "," : "";

	if (lists->count == ENTRIES_MAX)
		return;
	/* What does not fit in memory shows when the streams are closed. */
	(void)fprintf(lists->host, "%s%s", comma, host);
	(void)fprintf(lists->address, "%s%s", comma, address);
	(void)fprintf(lists->port, "%s%s", comma, port);
	lists->count++;
}

static bool is_path(const char *host)
{
	return host[0] == '\0' || host[0] == '/' || host[0] == '@';
}

/* Adds an entry for each address of the host. 0 too if it has none: the next may do. */
static int add_host(struct lists *lists, const char *host, const char *port, weir_token *token,
		    weir_time until, int *missing)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found, *each;
	char numeric[NI_MAXHOST];
	int error;

	if (is_path(host)) {
		add_entry(lists, host, "", port);
		return 0;
	}
	error = weir_getaddrinfo(token, host, NULL, &hints, until, &found);
	if (error == -ECANCELED || error == -ETIMEDOUT || error == -ENOMEM)
		return error;
	if (error) {
		*missing = error;
		return 0;
	}
	for (each = found; each; each = each->ai_next)
		if (getnameinfo(each->ai_addr, each->ai_addrlen, numeric, sizeof(numeric), NULL, 0,
				NI_NUMERICHOST) == 0)
			add_entry(lists, host, numeric, port);
	freeaddrinfo(found);
	return 0;
}

static int add_hosts(struct lists *lists, const char *hosts, const char *ports, weir_token *token,
		     weir_time until)
{
	char host[NI_MAXHOST], port[16] = "";
	int error, missing = -ENOENT;

	while ((error = next_part(&hosts, host, sizeof(host))) == 0) {
		/* After the last port, that one stays for the rest. */
		if (next_part(&ports, port, sizeof(port)) == -EINVAL)
			return -EINVAL;
		error = add_host(lists, host, port, token, until, &missing);
		if (error)
			return error;
	}
	if (error == -EINVAL)
		return error;
	return lists->count ? 0 : missing;
}

static int close_stream(FILE *stream)
{
	return stream && fclose(stream) != 0 ? -ENOMEM : 0;
}

static int resolve(struct weir__pq_params *params, const char *hosts, const char *ports,
		   weir_token *token, weir_time until)
{
	struct lists lists = {.count = 0};
	size_t size;
	int error = -ENOMEM;

	lists.host = open_memstream(&params->host, &size);
	lists.address = open_memstream(&params->address, &size);
	lists.port = open_memstream(&params->port, &size);
	if (lists.host && lists.address && lists.port)
		error = add_hosts(&lists, hosts, ports, token, until);
	if ((close_stream(lists.host) | close_stream(lists.address) | close_stream(lists.port)) &&
	    !error)
		error = -ENOMEM;
	/* glibc's fclose() does not tell that there was no memory for the end. */
	if (!error && (!params->host || !params->address || !params->port))
		error = -ENOMEM;
	return error;
}

/* What conninfo says of a keyword, else the environment; NULL if neither does. */
static const char *value_of(const PQconninfoOption *parsed, const PQconninfoOption *defaults,
			    const char *keyword)
{
	const PQconninfoOption *each;

	for (each = parsed; each->keyword; each++)
		if (strcmp(each->keyword, keyword) == 0 && each->val && each->val[0])
			return each->val;
	for (each = defaults; each && each->keyword; each++)
		if (strcmp(each->keyword, keyword) == 0 && each->val && each->val[0])
			return each->val;
	return NULL;
}

static int resolve_hosts(struct weir__pq_params *params, weir_token *token, weir_time until,
			 struct weir_pq_error *error)
{
	PQconninfoOption *defaults = PQconndefaults(); /* NULL: none to be had */
	const char *hosts = value_of(params->parsed, defaults, "host");
	const char *ports = value_of(params->parsed, defaults, "port");
	int result = 0;

	if (hosts && !value_of(params->parsed, defaults, "hostaddr"))
		result = resolve(params, hosts, ports, token, until);
	PQconninfoFree(defaults);
	switch (result) {
	case 0:
		return 0;
	case -ECANCELED:
	case -ETIMEDOUT:
		return weir__pq_say(error, result, "given up while looking for the host");
	case -ENOMEM:
		return weir__pq_say(error, result, "out of memory");
	case -EINVAL:
		return weir__pq_say(error, result, "not a list of hosts and ports");
	default:
		return weir__pq_say(error, result, "no such host");
	}
}

/* What was resolved takes the place of what was parsed. */
static const char *chosen(const struct weir__pq_params *params, const PQconninfoOption *option)
{
	if (params->host && strcmp(option->keyword, "host") == 0)
		return params->host;
	if (params->address && strcmp(option->keyword, "hostaddr") == 0)
		return params->address;
	if (params->port && strcmp(option->keyword, "port") == 0)
		return params->port[strspn(params->port, ",")] ? params->port : NULL;
	if (strcmp(option->keyword, "client_encoding") == 0 && !option->val)
		return "UTF8"; /* not what a PGCLIENTENCODING of somebody's shell says */
	return option->val;
}

static int fill(struct weir__pq_params *params)
{
	PQconninfoOption *each;
	size_t count = 0;

	for (each = params->parsed; each->keyword; each++)
		count++;
	params->keywords = calloc(count + 1, sizeof(*params->keywords));
	params->values = calloc(count + 1, sizeof(*params->values));
	if (!params->keywords || !params->values)
		return -ENOMEM;
	count = 0;
	for (each = params->parsed; each->keyword; each++) {
		params->values[count] = chosen(params, each);
		if (params->values[count])
			params->keywords[count++] = each->keyword;
	}
	return 0;
}

/* libpq quotes what it does not understand, and that may be the password: nothing that it quotes is
 * passed on. */
static int say_not_understood(char *complaint, struct weir_pq_error *error)
{
	char *first = strchr(complaint, '"'), *last = strrchr(complaint, '"');
	char text[sizeof(error->text)];

	if (!first)
		return weir__pq_say(error, -EINVAL, complaint);
	*first = '\0';
	(void)snprintf(text, sizeof(text), "%s\"...\"%s", complaint, last > first ? last + 1 : "");
	return weir__pq_say(error, -EINVAL, text);
}

int weir__pq_params(const char *conninfo, weir_token *token, weir_time until,
		    struct weir__pq_params *params, struct weir_pq_error *error)
{
	char *complaint = NULL;
	int result;

	memset(params, 0, sizeof(*params));
	params->parsed = PQconninfoParse(conninfo ? conninfo : "", &complaint);
	if (!params->parsed) {
		result = complaint ? say_not_understood(complaint, error)
				   : weir__pq_say(error, -ENOMEM, "out of memory");
		PQfreemem(complaint);
		return result;
	}
	result = resolve_hosts(params, token, until, error);
	if (!result && fill(params) != 0)
		result = weir__pq_say(error, -ENOMEM, "out of memory");
	if (result)
		weir__pq_free_params(params);
	return result;
}

void weir__pq_free_params(struct weir__pq_params *params)
{
	free(params->keywords);
	free(params->values);
	free(params->host);
	free(params->address);
	free(params->port);
	PQconninfoFree(params->parsed);
}
