/* server/strict.c: see strict.h. */
#include "fuzz/server/strict.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

uint64_t strict_hash(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	size_t i;

	for (i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
	return hash;
}

static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static size_t token(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && is_token_char(*at))
		at++;
	return (size_t)(at - start);
}

/* A line without its CRLF; NULL if it does not end so, or has a control character but tab. A NUL
 * and a LF are taken for CRLF: so they look behind libmicrohttpd (docs/limits.md). */
static const char *line_end(const char *at, const char *end)
{
	for (; at < end; at++) {
		if (*at == '\r' || *at == '\0')
			return end - at > 1 && at[1] == '\n' ? at : NULL;
		if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f)
			return NULL;
	}
	return NULL;
}

/* method SP request-target SP HTTP-version (RFC 9112, 3) */
static bool request_line(const char *at, const char *end, struct strict_request *out, bool *old)
{
	out->method = at;
	out->method_size = token(at, end);
	at += out->method_size;
	if (out->method_size == 0 || at == end || *at++ != ' ')
		return false;
	out->target = at;
	while (at < end && (unsigned char)*at > 0x20)
		at++;
	out->target_size = (size_t)(at - out->target);
	if (out->target_size == 0 || end - at != 9 || memcmp(at, " HTTP/1.", 8) != 0)
		return false;
	*old = at[8] == '0';
	return isdigit((unsigned char)at[8]); /* higher ones are read as 1.1 (RFC 9110, 2.5) */
}

struct framing {
	int hosts, lengths, codings;
	uint64_t length;
	bool bad;
};

static bool is(const char *name, size_t size, const char *other)
{
	return strlen(other) == size && strncasecmp(name, other, size) == 0;
}

static void content_length(struct framing *framing, const char *value, size_t size)
{
	uint64_t length = 0;
	size_t i;

	framing->bad |= size == 0;
	for (i = 0; i < size; i++) {
		framing->bad |= !isdigit((unsigned char)value[i]) || length > UINT64_MAX / 100;
		length = length * 10 + (uint64_t)(value[i] - '0');
	}
	framing->bad |= framing->lengths++ > 0 && framing->length != length;
	framing->length = length;
}

/* field-name ":" OWS field-value OWS (RFC 9112, 5) */
static bool field(const char *at, const char *end, struct framing *framing)
{
	const char *name = at;
	size_t size = token(at, end);

	at += size;
	if (size == 0 || at == end || *at++ != ':')
		return false;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (is(name, size, "Host"))
		framing->hosts++;
	else if (is(name, size, "Content-Length"))
		content_length(framing, at, (size_t)(end - at));
	else if (is(name, size, "Transfer-Encoding"))
		framing->bad |= framing->codings++ > 0 || !is(at, (size_t)(end - at), "chunked");
	return true;
}

/* A last line of a colon, with a bare LF before or behind it and the usual end of a line at its
 * other side: taken for the end of the header (docs/limits.md). Moves *at behind it. */
static bool colon_line(const char **at, const char *end, struct framing *framing)
{
	const char *feed = memchr(*at, '\n', (size_t)(end - *at));

	if (!feed)
		return false;
	if (feed == *at + 1 && **at == ':') {
		*at = feed + 1;
		return true;
	}
	if (feed > *at && feed[-1] == '\r')
		return false;
	if (end - feed < 4 || feed[1] != ':' || line_end(feed + 2, end) != feed + 2 ||
	    !field(*at, feed, framing))
		return false;
	*at = feed + 4;
	return true;
}

/* Lines of fields up to an empty one, behind which *at is then. */
static bool fields(const char **at, const char *end, struct framing *framing)
{
	for (;;) {
		const char *line = line_end(*at, end);

		if (colon_line(at, end, framing))
			return true;
		if (!line)
			return false;
		if (line == *at) {
			*at = line + 2;
			return true;
		}
		if (!field(*at, line, framing))
			return false;
		*at = line + 2;
	}
}

/* 1*HEXDIG *( BWS ";" ... ) */
static bool chunk_size(const char *at, const char *end, uint64_t *size)
{
	const char *start = at;

	*size = 0;
	for (; at < end && isxdigit((unsigned char)*at); at++) {
		int digit = isdigit((unsigned char)*at) ? *at - '0' : (*at | 0x20) - 'a' + 10;

		if (*size >> 56)
			return false;
		*size = *size << 4 | (uint64_t)digit;
	}
	if (at == start)
		return false;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at == end || *at == ';';
}

static bool take(const char **at, const char *end, uint64_t size, struct strict_request *out)
{
	if (size > (uint64_t)(end - *at))
		return false;
	out->body_hash = strict_hash(out->body_hash, *at, (size_t)size);
	out->body_size += size;
	*at += size;
	return true;
}

/* In a chunked body, and the trailers that are thrown away behind it, libmicrohttpd takes a bare LF
 * for the end of a line, and nobody can know (docs/limits.md). */
static bool trailers(const char **at, const char *end)
{
	for (;;) {
		const char *feed = memchr(*at, '\n', (size_t)(end - *at)), *line = *at;

		if (!feed)
			return false;
		*at = feed + 1;
		if (feed == line || (feed == line + 1 && *line == '\r'))
			return true;
	}
}

static bool chunks(const char **at, const char *end, struct strict_request *out)
{
	uint64_t size;

	for (;;) {
		const char *feed = memchr(*at, '\n', (size_t)(end - *at));

		if (!feed ||
		    !chunk_size(*at, feed > *at && feed[-1] == '\r' ? feed - 1 : feed, &size))
			return false;
		*at = feed + 1;
		if (size == 0)
			return trailers(at, end);
		if (!take(at, end, size, out))
			return false;
		*at += end - *at > 1 && **at == '\r';
		if (*at == end || *(*at)++ != '\n')
			return false;
	}
}

bool strict_read(const char **at, const char *end, struct strict_request *out)
{
	struct framing framing = {0};
	const char *line;
	bool old;

	*out = (struct strict_request){.body_hash = STRICT_HASH_EMPTY};
	/* Empty lines before a request are to be ignored, and may end with LF alone (2.2). A line
	 * that begins with a NUL is as good as empty (docs/limits.md). */
	while (*at < end && (**at == '\n' || **at == '\0' || **at == '\r')) {
		const char *feed = memchr(*at, '\n', (size_t)(end - *at));

		if (!feed || (**at == '\r' && feed != *at + 1))
			return false;
		*at = feed + 1;
	}
	line = line_end(*at, end);
	if (!line || !request_line(*at, line, out, &old))
		return false;
	*at = line + 2;
	if (!fields(at, end, &framing) || framing.bad || framing.hosts > 1 ||
	    (framing.hosts == 0 && !old))
		return false;
	if (framing.codings > 0 && (framing.lengths > 0 || old))
		return false;
	out->whole =
		framing.codings > 0 ? chunks(at, end, out) : take(at, end, framing.length, out);
	return true;
}
