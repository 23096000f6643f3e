/* redirect.c: where a request goes, and where an answer sends it.
 *
 * Redirects are followed here and not by libcurl, because each may lead to another host, whose
 * name has to be resolved under the token first.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

static int get_part(CURLU *url, CURLUPart part, unsigned flags, char **out)
{
	switch (curl_url_get(url, part, out, flags)) {
	case CURLUE_OK:
		return 0;
	case CURLUE_OUT_OF_MEMORY:
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

static bool is_numeric(const char *host)
{
	struct in_addr address;

	return host[0] == '[' || inet_pton(AF_INET, host, &address) == 1;
}

/* Names of hosts in another script than ASCII have to be given in their ASCII form (RFC 5891):
 * libcurl would translate them, and then ask for another name than the one resolved here. */
static bool is_host(const char *host)
{
	const unsigned char *at;

	for (at = (const unsigned char *)host; *at; at++)
		if (*at <= ' ' || *at >= 0x7f)
			return false;
	return at != (const unsigned char *)host && strlen(host) < HOST_SIZE;
}

/* "example.org." is the same host: the dot is taken away, for libcurl as well. */
static int strip_dot(CURLU *url, char *host)
{
	const size_t length = strlen(host);

	if (length < 2 || host[length - 1] != '.')
		return 0;
	host[length - 1] = '\0';
	return curl_url_set(url, CURLUPART_HOST, host, 0) == CURLUE_OK ? 0 : -EINVAL;
}

static int set_parts(struct weir__curl_target *target, CURLU *url, const char *scheme, char *host,
		     const char *port)
{
	const bool secure = strcmp(scheme, "https") == 0;
	int error;

	if ((!secure && strcmp(scheme, "http") != 0) || !is_host(host))
		return -EINVAL;
	error = strip_dot(url, host);
	if (error)
		return error;
	target->secure = secure;
	target->numeric = is_numeric(host);
	target->port = (unsigned)strtoul(port, NULL, 10);
	(void)snprintf(target->host, sizeof(target->host), "%s", host);
	(void)snprintf(target->origin, sizeof(target->origin), "%s://%s:%s", scheme, host, port);
	target->url = url;
	return 0;
}

int weir__curl_aim(struct weir__curl_target *target, CURLU *url)
{
	char *scheme = NULL, *host = NULL, *port = NULL;
	int error = get_part(url, CURLUPART_SCHEME, 0, &scheme);

	if (!error)
		error = get_part(url, CURLUPART_HOST, 0, &host);
	if (!error)
		error = get_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, &port);
	if (!error)
		error = set_parts(target, url, scheme, host, port);
	curl_free(port);
	curl_free(host);
	curl_free(scheme);
	return error;
}

/* The request that follows goes without a body, as GET (RFC 9110, 15.4). */
static bool becomes_get(int status, const char *method)
{
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return false;
	return status == 303 || (status <= 302 && strcmp(method, "POST") == 0);
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* A new URL, the answer's Location in relation to the old one. */
static int aim_at_location(weir_curl_exchange *exchange, struct weir__curl_target *target)
{
	const char *location = weir_curl_header(exchange, "Location");
	CURLU *url = curl_url_dup(exchange->target.url);
	int error = -EINVAL;

	if (!url)
		return -ENOMEM;
	if (location && curl_url_set(url, CURLUPART_URL, location, 0) == CURLUE_OK)
		error = weir__curl_aim(target, url);
	if (error)
		curl_url_cleanup(url);
	return error;
}

bool weir__curl_is_to_follow(weir_curl_exchange *exchange)
{
	struct weir__curl_target next = exchange->target;

	if (exchange->redirects >= exchange->request->redirects ||
	    !is_redirect(exchange->head.status))
		return false;
	if (exchange->request->read && exchange->target.has_body &&
	    !becomes_get(exchange->head.status, exchange->target.method))
		return false;
	if (aim_at_location(exchange, &next) != 0)
		return false;
	curl_url_cleanup(next.url);
	return next.secure || !exchange->target.secure;
}

int weir__curl_follow(weir_curl_exchange *exchange)
{
	struct weir__curl_target next = exchange->target;
	int error = aim_at_location(exchange, &next);

	if (error)
		return weir__curl_say(exchange, error, "the redirect cannot be followed");
	if (becomes_get(exchange->head.status, exchange->target.method)) {
		next.method = "GET";
		next.has_body = false;
	}
	if (strcmp(next.origin, exchange->target.origin) != 0)
		exchange->foreign = true;
	curl_url_cleanup(exchange->target.url);
	exchange->target = next;
	exchange->redirects++;
	return 0;
}
