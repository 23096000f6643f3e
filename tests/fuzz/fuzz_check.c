/* fuzz_check.c: the request checks (lib/src/http/check.c).
 *
 * Input: the method, the version, then a field on each line, "Name: value". Held against: a
 * model of what makes a header acceptable, written from RFC 9110 and RFC 9112 and not from the
 * code; and what may not make a difference: the order of fields, the case of their names, a
 * field more that means nothing.
 */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/check.h"

struct header {
	const char *method;
	bool http_1_0;
	struct weir__field fields[FUZZ_LINES_MAX + 1];
	size_t count;
};

static void parse(struct fuzz_lines *lines, struct header *header)
{
	const char *version = fuzz_lines_get(lines, 1);
	size_t i;

	header->method = lines->count > 0 ? lines->line[0] : "";
	header->http_1_0 = version && strcmp(version, "HTTP/1.0") == 0;
	header->count = 0;
	for (i = 2; i < lines->count; i++) {
		char *colon = strchr(lines->line[i], ':');

		if (colon)
			*colon++ = '\0';
		header->fields[header->count++] = (struct weir__field){
			lines->line[i], colon ? colon + strspn(colon, " \t") : ""};
	}
}

static int check(const struct header *header, struct weir__framing *framing)
{
	const char *reason = NULL;
	int status = weir__check_header(header->method, header->http_1_0, header->fields,
					header->count, framing, &reason);

	FUZZ_CHECK(status == 0 || status == 400 || status == 417);
	FUZZ_CHECK((status != 0) == (reason != NULL));
	return status;
}

/* ---- the model ---- */

static bool is_one_of(const char *s, const char *set)
{
	return s[strspn(s, set)] == '\0';
}

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_token(const char *s)
{
	return *s && is_one_of(s, DIGITS LETTERS "!#$%&'*+-.^_`|~");
}

static bool is_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s == 127 || ((unsigned char)*s < 32 && *s != '\t'))
			return false;
	return true;
}

static const char *only(const struct header *header, const char *name, size_t *count)
{
	const char *value = NULL;
	size_t i;

	*count = 0;
	for (i = 0; i < header->count; i++)
		if (strcasecmp(header->fields[i].name, name) == 0) {
			*count += 1;
			value = header->fields[i].value;
		}
	return value;
}

/* Nothing that could be taken for another host, or for more than one. */
static bool is_host(const char *host)
{
	return is_one_of(host, DIGITS LETTERS "-._~%!$&'()*+;=:[]");
}

/* A length that is accepted is this number, however many fields say so. */
static void check_length(const struct header *header, uint64_t length)
{
	size_t i;

	for (i = 0; i < header->count; i++) {
		const char *digits = header->fields[i].value;

		if (strcasecmp(header->fields[i].name, "Content-Length") != 0)
			continue;
		FUZZ_CHECK(*digits && is_one_of(digits, DIGITS) &&
			   strlen(digits + strspn(digits, "0")) <= 19);
		FUZZ_CHECK(strtoull(digits, NULL, 10) == length && length <= INT64_MAX);
	}
}

static void check_accepted(const struct header *header, const struct weir__framing *framing)
{
	size_t hosts, codings, lengths, expects, i;
	const char *host = only(header, "Host", &hosts);
	const char *coding = only(header, "Transfer-Encoding", &codings);

	(void)only(header, "Content-Length", &lengths);
	(void)only(header, "Expect", &expects);
	FUZZ_CHECK(is_token(header->method) && strcmp(header->method, "CONNECT") != 0);
	for (i = 0; i < header->count; i++) {
		FUZZ_CHECK(is_token(header->fields[i].name));
		FUZZ_CHECK(is_text(header->fields[i].value));
	}
	FUZZ_CHECK(hosts <= 1 && (hosts == 1 || header->http_1_0) && (!host || is_host(host)));
	FUZZ_CHECK(codings <= 1 && (!coding || strcasecmp(coding, "chunked") == 0));
	FUZZ_CHECK(codings == 0 || (lengths == 0 && !header->http_1_0));
	FUZZ_CHECK(framing->chunked == (codings == 1));
	FUZZ_CHECK(lengths > 0 || framing->length == 0);
	FUZZ_CHECK(framing->expects_continue == (expects > 0 && !header->http_1_0));
	check_length(header, framing->length);
}

/* And what is plainly well-formed is not refused. */
static bool is_plain(const struct header *header)
{
	size_t i;

	if (strcmp(header->method, "GET") != 0 && strcmp(header->method, "POST") != 0)
		return false;
	if (header->count < 1 || strcasecmp(header->fields[0].name, "Host") != 0 ||
	    !is_one_of(header->fields[0].value, DIGITS LETTERS "-."))
		return false;
	for (i = 1; i < header->count; i++)
		if (!is_token(header->fields[i].name) || !is_text(header->fields[i].value) ||
		    strncasecmp(header->fields[i].name, "X-", 2) != 0)
			return false;
	return true;
}

/* ---- what may not matter ---- */

static bool same(const struct weir__framing *a, const struct weir__framing *b)
{
	return a->chunked == b->chunked && a->length == b->length &&
	       a->expects_continue == b->expects_continue;
}

static void check_order(const struct header *header, int status,
			const struct weir__framing *framing)
{
	struct header reversed = *header;
	struct weir__framing other;
	size_t i;

	for (i = 0; i < header->count; i++)
		reversed.fields[i] = header->fields[header->count - 1 - i];
	/* Of several mistakes the first one is named. */
	FUZZ_CHECK((check(&reversed, &other) == 0) == (status == 0));
	FUZZ_CHECK(status != 0 || same(framing, &other));
}

static void check_field_more(const struct header *header, int status,
			     const struct weir__framing *framing)
{
	struct header longer = *header;
	struct weir__framing other;

	longer.fields[longer.count++] = (struct weir__field){"X-Nothing", "chunked, 7"};
	FUZZ_CHECK(check(&longer, &other) == status);
	FUZZ_CHECK(status != 0 || same(framing, &other));
}

static void flip_case(char *s)
{
	for (; *s; s++)
		if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z'))
			*s = (char)(*s ^ 0x20);
}

/* Last: it changes the names. */
static void check_case(struct fuzz_lines *lines, const struct header *header, int status,
		       const struct weir__framing *framing)
{
	struct weir__framing other;
	size_t i;

	for (i = 2; i < lines->count; i++)
		flip_case(lines->line[i]);
	FUZZ_CHECK(check(header, &other) == status);
	FUZZ_CHECK(status != 0 || same(framing, &other));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir__framing framing;
	struct fuzz_lines lines;
	struct header header;
	int status;

	fuzz_lines_split(&lines, data, size);
	parse(&lines, &header);
	status = check(&header, &framing);
	if (status == 0)
		check_accepted(&header, &framing);
	FUZZ_CHECK(status == 0 || !is_plain(&header));
	check_order(&header, status, &framing);
	check_field_more(&header, status, &framing);
	check_case(&lines, &header, status, &framing);
	fuzz_lines_free(&lines);
	return 0;
}
