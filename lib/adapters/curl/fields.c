/* fields.c: the header fields of a request.
 *
 * What libcurl would add by itself is taken out, so that what is sent is what the caller has
 * said: "Name:" in libcurl's list means "do not send it", "Name;" an empty value.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client.h"

/* Those that say where a message ends and what becomes of the connection are libcurl's. */
static const char *const reserved[] = {"Connection", "Content-Length",    "Expect", "Keep-Alive",
				       "TE",         "Transfer-Encoding", "Upgrade"};

/* Not to be taken to another origin. */
static const char *const secret[] = {"Authorization", "Cookie"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* RFC 9110, 5.6.2 */
bool weir__curl_is_token(const char *text)
{
	static const char letters[] = "!#$%&'*+-.^_`|~0123456789"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	return text[0] && text[strspn(text, letters)] == '\0';
}

/* RFC 9110, 5.5: no control characters but the tab. */
static bool is_value(const char *text)
{
	const unsigned char *at;

	for (at = (const unsigned char *)text; *at; at++)
		if ((*at < ' ' && *at != '\t') || *at == 0x7f)
			return false;
	return true;
}

static bool is_one_of(const char *name, const char *const names[], size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

static int append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (!longer)
		return -ENOMEM;
	*list = longer;
	return 0;
}

static int append_field(struct curl_slist **list, const char *name, const char *value)
{
	char *line;
	int error;

	if (asprintf(&line, value[0] ? "%s: %s" : "%s;", name, value) < 0)
		return -ENOMEM;
	error = append(list, line);
	free(line);
	return error;
}

/* Until when the answer is of use to anybody. */
static weir_time end_of(const weir_curl_exchange *exchange)
{
	weir_time end = weir_token_deadline(exchange->token);

	return end < exchange->until ? end : exchange->until;
}

/* Rounded down, so that the callee is the first to give up; a time that has all but passed is
 * still a millisecond, because 0 might mean something else there. */
static int append_remaining(const weir_curl_exchange *exchange, weir_time end,
			    struct curl_slist **list)
{
	char value[32];
	int64_t left = (end - weir_now()) / WEIR_MILLISECOND;

	(void)snprintf(value, sizeof(value), "%" PRId64 "ms", left > 0 ? left : 1);
	return append_field(list, exchange->client->timeout_header, value);
}

static int append_all(weir_curl_exchange *exchange, const char *replaced, bool *accept,
		      struct curl_slist **list)
{
	const struct weir_curl_request *request = exchange->request;
	size_t i;
	int error = 0;

	for (i = 0; i < request->header_count && !error; i++) {
		const struct weir_curl_header *header = &request->headers[i];

		if (!header->name || !header->value || !weir__curl_is_token(header->name) ||
		    !is_value(header->value) || is_one_of(header->name, reserved, COUNT(reserved)))
			return weir__curl_say(exchange, -EINVAL, "a header field is not valid");
		*accept |= strcasecmp(header->name, "Accept") == 0;
		if (strcasecmp(header->name, replaced) == 0 ||
		    (exchange->foreign && is_one_of(header->name, secret, COUNT(secret))))
			continue;
		error = append_field(list, header->name, header->value);
	}
	return error;
}

int weir__curl_fields(weir_curl_exchange *exchange, struct curl_slist **out)
{
	const weir_time end = end_of(exchange);
	const bool tell = exchange->client->timeout_header[0] && end != WEIR_NEVER;
	struct curl_slist *list = NULL;
	bool accept = false;
	int error;

	error = append_all(exchange, tell ? exchange->client->timeout_header : "", &accept, &list);
	if (!error && !accept)
		error = append(&list, "Accept:");
	if (!error)
		error = append(&list, "Expect:");
	if (!error && tell)
		error = append_remaining(exchange, end, &list);
	if (error) {
		curl_slist_free_all(list);
		return error;
	}
	*out = list;
	return 0;
}
