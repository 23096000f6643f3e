/* proxy_fields.c: see proxy_fields.h. */
#include "proxy_fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <weir/tls.h>

#define US "weir"

static bool is_listed(const char *name, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (strcasecmp(name, *names) == 0)
			return true;
	}
	return false;
}

bool proxy_hop_by_hop(const char *name, const char *connection)
{
	/* Proxy-Authenticate and -Authorization are between a client and a proxy of its own,
	 * which we are not: nobody behind us is to see them. */
	static const char *const always[] = {"Connection",
					     "Keep-Alive",
					     "Proxy-Connection",
					     "Proxy-Authenticate",
					     "Proxy-Authorization",
					     "TE",
					     "Trailer",
					     "Transfer-Encoding",
					     "Upgrade",
					     NULL};
	if (is_listed(name, always))
		return true;
	size_t size = strlen(name);
	for (const char *word = connection; word != NULL && *word != '\0';) {
		word += strspn(word, ", \t");
		size_t length = strcspn(word, ", \t");
		if (length == size && length > 0 && strncasecmp(word, name, size) == 0)
			return true;
		word += length;
	}
	return false;
}

unsigned proxy_hops(const char *via)
{
	unsigned count = 0;
	for (const char *hop = via; hop != NULL && *hop != '\0';) {
		hop += strspn(hop, ", \t");
		size_t length = strcspn(hop, ",");
		const char *by = memchr(hop, ' ', length);
		if (by != NULL && strncmp(by + 1, US, sizeof US - 1) == 0)
			count++;
		hop += length;
	}
	return count;
}

static int add(struct proxy_fields *fields, const char *name, const char *value)
{
	if (fields->count == fields->room) {
		size_t room = fields->room != 0 ? fields->room * 2 : 32;
		struct weir_curl_header *list = reallocarray(fields->list, room, sizeof *list);
		if (list == NULL)
			return -ENOMEM;
		fields->list = list;
		fields->room = room;
	}
	fields->list[fields->count++] = (struct weir_curl_header){name, value};
	return 0;
}

/* All values of one field in one, as RFC 9110, 5.2 allows. */
struct joined {
	const char *name;
	char *value; /* NULL: the field is not there */
};

static int join(void *arg, const char *name, const char *value)
{
	struct joined *joined = arg;
	if (strcasecmp(name, joined->name) != 0)
		return 0;
	char *longer;
	if (asprintf(&longer, "%s%s%s", joined->value != NULL ? joined->value : "",
		     joined->value != NULL ? ", " : "", value) < 0)
		return -ENOMEM;
	free(joined->value);
	joined->value = longer;
	return 0;
}

static int join_all(const weir_request *request, struct joined *joined)
{
	return weir_request_each_header(request, join, joined);
}

struct copying {
	struct proxy_fields *fields;
	const char *connection;
	bool host;
};

/* Content-Length and Transfer-Encoding follow from the body, Expect has been dealt with, and
 * the remaining time is told anew. */
static int copy(void *arg, const char *name, const char *value)
{
	static const char *const others[] = {"Content-Length",
					     "Expect",
					     "Via",
					     "X-Forwarded-For",
					     "X-Forwarded-Host",
					     "X-Forwarded-Proto",
					     "X-Request-Timeout",
					     NULL};
	struct copying *copying = arg;
	if (proxy_hop_by_hop(name, copying->connection) || is_listed(name, others) ||
	    (strcasecmp(name, "Host") == 0 && !copying->host))
		return 0;
	return add(copying->fields, name, value);
}

/* "127.0.0.1:53122" without its port, "[::1]:53122" without that and its brackets. */
static void address_of(const weir_request *request, char out[64])
{
	const char *client = weir_request_client(request);
	const char *end = strrchr(client, ':');
	size_t length = end != NULL ? (size_t)(end - client) : strlen(client);
	if (length > 1 && client[0] == '[' && client[length - 1] == ']') {
		client++;
		length -= 2;
	}
	(void)snprintf(out, 64, "%.*s", (int)(length < 63 ? length : 63), client);
}

static int add_forwarded(struct proxy_fields *fields, const weir_request *request)
{
	struct joined before = {.name = "X-Forwarded-For"}, via = {.name = "Via"};
	char address[64];
	int error = join_all(request, &before);
	if (error == 0)
		error = join_all(request, &via);
	if (error != 0)
		goto free_joined;
	address_of(request, address);
	error = -ENOMEM;
	if (asprintf(&fields->forwarded_for, "%s%s%s", before.value != NULL ? before.value : "",
		     before.value != NULL ? ", " : "", address) < 0) {
		fields->forwarded_for = NULL;
		goto free_joined;
	}
	if (asprintf(&fields->via, "%s%s1.1 " US, via.value != NULL ? via.value : "",
		     via.value != NULL ? ", " : "") < 0) {
		fields->via = NULL;
		goto free_joined;
	}
	error = add(fields, "X-Forwarded-For", fields->forwarded_for);
	if (error == 0)
		error = add(fields, "X-Forwarded-Proto",
			    weir_request_is_tls(request) ? "https" : "http");
	if (error == 0)
		error = add(fields, "Via", fields->via);
	const char *host = weir_request_header(request, "Host");
	if (error == 0 && host != NULL)
		error = add(fields, "X-Forwarded-Host", host);

free_joined:
	free(via.value);
	free(before.value);
	return error;
}

int proxy_fields_make(struct proxy_fields *fields, const struct proxy *proxy,
		      const weir_request *request)
{
	*fields = (struct proxy_fields){0};
	struct joined connection = {.name = "Connection"};
	int error = join_all(request, &connection);
	struct copying copying = {fields, connection.value, proxy->preserve_host};
	if (error == 0)
		error = weir_request_each_header(request, copy, &copying);
	if (error == 0)
		error = add_forwarded(fields, request);
	free(connection.value);
	return error;
}

void proxy_fields_free(struct proxy_fields *fields)
{
	free(fields->list);
	free(fields->forwarded_for);
	free(fields->via);
	*fields = (struct proxy_fields){0};
}
