/* resolve.c: addresses of hosts, so that libcurl need not ask for them.
 *
 * libcurl's resolver is a thread which it joins when a transfer is given up: a name server that
 * does not answer would hold the caller for its whole time-out, trip or not. weir_getaddrinfo()
 * lets go at once. What it found is given to libcurl by CURLOPT_RESOLVE, as if it had been in
 * libcurl's cache, and is remembered for some time for the calls that follow.
 *
 * Locks: client->lock guards the names.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <weir/io.h>

#include "client.h"

/* Of one host; later ones are left out. */
enum { ADDRESSES_MAX = 16 };

static void forget(struct weir__curl_name *name)
{
	free(name->addresses);
	name->addresses = NULL;
}

void weir__curl_forget_names(weir_curl *client)
{
	size_t i;

	for (i = 0; i < NAMES; i++)
		forget(&client->names[i]);
}

/* A copy, or NULL. */
static char *recall(weir_curl *client, const char *host)
{
	const weir_time now = weir_now();
	char *addresses = NULL;
	size_t i;

	(void)pthread_mutex_lock(&client->lock);
	for (i = 0; i < NAMES && !addresses; i++) {
		struct weir__curl_name *name = &client->names[i];

		if (name->addresses && name->expires <= now)
			forget(name);
		if (name->addresses && strcasecmp(name->host, host) == 0)
			addresses = strdup(name->addresses);
	}
	(void)pthread_mutex_unlock(&client->lock);
	return addresses;
}

/* In the place of the same host, a free one, or the one that expires first. Without memory it
 * is not remembered. */
static void remember(weir_curl *client, const char *host, const char *addresses)
{
	struct weir__curl_name *place = &client->names[0];
	size_t i;

	if (client->resolve_ttl < 0)
		return;
	(void)pthread_mutex_lock(&client->lock);
	for (i = 0; i < NAMES; i++) {
		struct weir__curl_name *name = &client->names[i];

		if (name->addresses && strcasecmp(name->host, host) == 0) {
			place = name;
			break;
		}
		if (place->addresses && (!name->addresses || name->expires < place->expires))
			place = name;
	}
	forget(place);
	place->addresses = strdup(addresses);
	place->expires = weir_after(client->resolve_ttl);
	(void)snprintf(place->host, sizeof(place->host), "%s", host);
	(void)pthread_mutex_unlock(&client->lock);
}

/* "127.0.0.1,[::1]". 0, -ENOENT or -ENOMEM. */
static int to_text(const struct addrinfo *found, char **out)
{
	char numeric[NI_MAXHOST];
	char *text = NULL;
	unsigned count = 0;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return -ENOMEM;
	for (; found && count < ADDRESSES_MAX; found = found->ai_next) {
		const bool six = found->ai_family == AF_INET6;

		if (getnameinfo(found->ai_addr, found->ai_addrlen, numeric, sizeof(numeric), NULL,
				0, NI_NUMERICHOST) != 0 ||
		    strchr(numeric, '%')) /* a zone, which libcurl does not take here */
			continue;
		(void)fprintf(stream, "%s%s%s%s", count++ ? "," : "", six ? "[" : "", numeric,
			      six ? "]" : "");
	}
	/* glibc's fclose() does not tell that there was no memory: there is no text then. */
	if (fclose(stream) != 0 || !text || !count) {
		free(text);
		return count ? -ENOMEM : -ENOENT;
	}
	*out = text;
	return 0;
}

static int ask(weir_curl_exchange *exchange, char **out)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	const weir_time bound = weir_after(exchange->client->connect_timeout);
	struct addrinfo *found = NULL;
	int error = weir_getaddrinfo(exchange->token, exchange->target.host, NULL, &hints,
				     bound < exchange->until ? bound : exchange->until, &found);

	if (error)
		return weir__curl_say(exchange, error,
				      error == -ENOENT ? "no such host"
						       : "the host's address was not found");
	error = to_text(found, out);
	freeaddrinfo(found);
	if (error)
		return weir__curl_say(exchange, error,
				      error == -ENOENT ? "the host has no address"
						       : "out of memory");
	remember(exchange->client, exchange->target.host, *out);
	return 0;
}

int weir__curl_resolve(weir_curl_exchange *exchange, struct curl_slist **out)
{
	const struct weir__curl_target *target = &exchange->target;
	char *addresses, *line;
	int error = 0;

	*out = NULL;
	if (target->numeric)
		return 0;
	addresses = recall(exchange->client, target->host);
	if (!addresses)
		error = ask(exchange, &addresses);
	if (error)
		return error;
	if (asprintf(&line, "%s:%u:%s", target->host, target->port, addresses) < 0)
		goto free_addresses;
	*out = curl_slist_append(NULL, line);
	free(line);
free_addresses:
	free(addresses);
	return *out ? 0 : -ENOMEM;
}
