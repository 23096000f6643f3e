/* What a client sends cannot forge a line of the log or a field of one, nor steer the terminal that
 * shows it: control characters, ESC, quotes, line ends of other alphabets and bytes that are no
 * UTF-8 arrive escaped or not at all, in both forms of the log and in the status. */
#include <criterion/criterion.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/must.h"
#include "support/reply.h"

#define FORGED "forged-event"

/* Some arrive (500: the handler fails, and the log has the path), some are refused (400). */
static const struct {
	const char *target;
	int status;
} cases[] = {
	{"/f/a\"b%22=c\\d%0a" FORGED "%20level=error", 400},
	{"/f/%0d%0a%0d%0a" FORGED, 400},
	{"/f/%1b[2J%1b]0;" FORGED "%07%7f%08", 400},
	{"/f/%22%20level=error%20event=%22" FORGED, 500},
	{"/f/%22,%22event%22:%22" FORGED, 500},
	{"/f/%5c%22" FORGED "%5c", 500},
	{"/f/\xff\xfe\x80" FORGED, 500},
	{"/f/%ff%fe%80" FORGED "%c3", 500},
	{"/f/%c2%85" FORGED "%e2%80%a8" FORGED "%e2%80%a9%c2%9b" FORGED, 500},
	{"/f/%c0%8a" FORGED "%e0%80%8a" FORGED "%ed%a0%80", 500},
	{"/f/\x1b[2J" FORGED, 400},
	{"/f/\r" FORGED, 400},
	{"/f/a\" level=error event=\"" FORGED, 400},
};

enum { CASES = sizeof(cases) / sizeof(cases[0]), TAKEN = 7 };

/* Fails, or waits at its gate first. */
static int fail(weir_request *request, weir_response *response, weir_token *token)
{
	struct gate *gate = weir_request_context(request);

	(void)response;
	(void)token;
	if (gate)
		(void)gate_pass(gate);
	return -EIO;
}

static void expect_utf8(const char *text)
{
	size_t size = strlen(text), room = 4 * size + 4;
	iconv_t to = iconv_open("UCS-4", "UTF-8");
	char *out = malloc(room), *next = out, *in = (char *)text;

	must(to != (iconv_t)-1 && out != NULL, "no iconv");
	cr_expect_eq(iconv(to, &in, &size, &next, &room), 0, "no UTF-8: %.40s", in);
	(void)iconv_close(to);
	free(out);
}

/* No byte that a terminal obeys, apart from the ends of lines; nor U+0080 to U+009F, U+2028,
 * U+2029, which some obey. */
static void expect_harmless(const char *text)
{
	const unsigned char *c;

	for (c = (const unsigned char *)text; *c; c++) {
		cr_assert((*c >= 0x20 || *c == '\n') && *c != 0x7f, "%02x: %.40s", *c, (char *)c);
		cr_assert_not(c[0] == 0xc2 && c[1] < 0xa0, "%.40s", (char *)c);
		cr_assert_not(c[0] == 0xe2 && c[1] == 0x80 && (c[2] | 1) == 0xa9, "%.40s",
			      (char *)c);
	}
	expect_utf8(text);
}

/* Wherever it stands, it stands between quotes: an odd number of them is before it in its line. */
static unsigned expect_quoted(const char *line, size_t size)
{
	unsigned quotes = 0, found = 0;
	size_t i;

	for (i = 0; i < size; i++) {
		if (line[i] == '\\') {
			i++;
		} else if (line[i] == '"') {
			quotes++;
		} else if (strncmp(line + i, FORGED, strlen(FORGED)) == 0) {
			found++;
			cr_expect_eq(quotes % 2, 1, "%.*s", (int)size, line);
		}
	}
	cr_expect_eq(quotes % 2, 0, "%.*s", (int)size, line);
	return found;
}

/* What was logged, from the pipe; the writers have ended. */
static char *read_log(int fd)
{
	char *text = calloc(1, 65536);
	size_t used = 0;
	ssize_t got;

	must(text != NULL, "no memory");
	while ((got = read(fd, text + used, 65535 - used)) > 0)
		used += (size_t)got;
	return text;
}

static void expect_lines(const char *log, const char *start)
{
	unsigned failed = 0, found = 0;
	const char *line = log;

	expect_harmless(log);
	while (*line) {
		size_t size = strcspn(line, "\n");

		if (strstr(line, "handler-failed") &&
		    strstr(line, "handler-failed") < line + size) {
			failed++;
			cr_expect_eq(strncmp(line, start, strlen(start)), 0, "%.*s", (int)size,
				     line);
		}
		found += expect_quoted(line, size);
		line += size + (line[size] == '\n');
	}
	cr_expect_eq(failed, TAKEN, "%u: %s", failed, log);
	cr_expect_geq(found, TAKEN, "%u: %s", found, log);
}

static void ask(const char *url, const char *target, int status)
{
	struct client client;
	struct reply reply;

	client_open(&client, url);
	client_printf(&client, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", target);
	client_receive(&client, &reply);
	cr_expect_eq(reply.status, status, "%s: %d", target, reply.status);
	reply_free(&reply);
	client_close(&client);
}

static void tell(weir_log_fn sink, const char *start)
{
	struct fixture fixture;
	int ends[2];
	char *log;

	must(pipe(ends) == 0, "no pipe");
	fixture_serve(&fixture,
		      &(struct weir_server_options){
			      .log = sink, .log_arg = &ends[1], .log_level = WEIR_LOG_DEBUG},
		      "GET /f/{rest...}", fail, NULL);
	for (size_t i = 0; i < CASES; i++)
		ask(fixture.url, cases[i].target, cases[i].status);
	fixture_finish(&fixture);
	(void)close(ends[1]);
	log = read_log(ends[0]);
	(void)close(ends[0]);
	expect_lines(log, start);
	free(log);
}

Test(log_cannot_be_forged, as_text)
{
	tell(weir_log_text, "handler-failed route=\"GET /f/{rest...}\" path=\"/f/");
}

Test(log_cannot_be_forged, as_json)
{
	tell(weir_log_json, "{\"time\":\"");
}

Test(log_cannot_be_forged, nor_the_status)
{
	struct client clients[CASES];
	struct fixture fixture;
	struct gate gate;
	char *status;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /f/{rest...}", fail, &gate);
	for (size_t i = 0; i < CASES; i++) {
		client_open(&clients[i], fixture.url);
		client_printf(&clients[i], "GET %s HTTP/1.1\r\nHost: test\r\n\r\n",
			      cases[i].target);
	}
	gate_await(&gate, TAKEN);
	cr_assert_eq(weir_server_status(fixture.server, &status, NULL), 0);
	expect_harmless(status);
	cr_expect_geq(expect_quoted(status, strlen(status)), TAKEN, "%s", status);
	free(status);
	gate_open(&gate, TAKEN);
	for (size_t i = 0; i < CASES; i++) {
		struct reply reply;

		client_receive(&clients[i], &reply);
		reply_free(&reply);
		client_close(&clients[i]);
	}
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
