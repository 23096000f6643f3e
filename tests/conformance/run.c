/* run.c: see run.h. */
#include "run.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "support/must.h"
#include "support/reply.h"
#include "support/upgrading.h"

struct run {
	const struct conformance_case *one;
	struct client client;
	struct reply reply; /* the last one */
	unsigned interim;   /* wanted before the next */
	bool asked_head;
};

char *case_bytes(const struct conformance_case *one, size_t *size)
{
	const char *mark = one->fill ? memchr(one->bytes, *FILL, one->size) : NULL;
	size_t before = mark ? (size_t)(mark - one->bytes) : one->size;
	char *bytes = malloc(one->size + one->fill + 1);

	must(bytes != NULL, "no memory");
	must(mark != NULL || one->fill == 0, "nothing to fill");
	memcpy(bytes, one->bytes, before);
	*size = before;
	if (mark) {
		memset(bytes + before, 'a', one->fill);
		memcpy(bytes + before + one->fill, mark + 1, one->size - before - 1);
		*size = one->size - 1 + one->fill;
	}
	bytes[*size] = '\0';
	return bytes;
}

static void expect_status(struct run *run, const char *word, bool head)
{
	int status = atoi(word);

	reply_free(&run->reply);
	if (head)
		client_receive_head(&run->client, &run->reply);
	else
		client_receive(&run->client, &run->reply);
	must(run->reply.status == status || (strchr(word, '?') && run->reply.status == 0),
	     "status %d, not %d", run->reply.status, status);
	must(run->reply.complete || run->reply.status == 0, "the answer is not whole");
	must(run->interim == 0 || run->reply.interim == run->interim, "%u interim answers, not %u",
	     run->reply.interim, run->interim);
	run->interim = 0;
}

static void expect_interim(struct run *run)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	client_await_text(&run->client, text);
	must(memcmp(run->client.input, text, sizeof(text) - 1) == 0, "something before 100");
	client_take(&run->client, sizeof(text) - 1);
}

static void expect_switch(struct run *run)
{
	static const char start[] = "HTTP/1.1 101 ";
	const char *end;

	client_await_text(&run->client, "\r\n\r\n");
	must(memcmp(run->client.input, start, sizeof(start) - 1) == 0, "not 101: %.*s",
	     (int)run->client.input_size, run->client.input);
	end = memmem(run->client.input, run->client.input_size, "\r\n\r\n", 4);
	client_take(&run->client, (size_t)(end + 4 - run->client.input));
}

/* Another request gets its own answer, and nothing else. */
static void expect_keep(struct run *run)
{
	struct reply reply;

	must(!reply_says_close(&run->reply), "the answer says close");
	client_get(&run->client, "/hello", &reply);
	must(reply.status == 200 && strcmp(reply.body, "hello\n") == 0,
	     "the next request is answered %d", reply.status);
	reply_free(&reply);
	must(client_is_quiet(&run->client), "an answer too many");
}

static void expect_close(struct run *run)
{
	struct reply reply;
	bool http_1_0 = memmem(run->one->bytes, run->one->size, "HTTP/1.0", 8) != NULL;

	must(run->reply.status == 0 || run->one->fin || http_1_0 || reply_says_close(&run->reply),
	     "the answer does not say close");
	client_receive(&run->client, &reply); /* skips interim answers */
	must(reply.status == 0, "an answer too many, of status %d", reply.status);
	reply_free(&reply);
}

static void expect_word(struct run *run, const char *word)
{
	if (strcmp(word, "keep") == 0)
		expect_keep(run);
	else if (strcmp(word, "close") == 0)
		expect_close(run);
	else if (strcmp(word, "echo") == 0)
		client_echo(&run->client, "ping");
	else if (strcmp(word, "body") == 0)
		client_send_text(&run->client, "hello");
	else if (strcmp(word, "100") == 0)
		expect_interim(run);
	else if (strcmp(word, "101") == 0)
		expect_switch(run);
	else if (*word == 'h')
		expect_status(run, word + 1, true);
	else
		expect_status(run, word, false);
}

static void check_body(const struct run *run)
{
	const char *body = run->one->body;

	must(!body || (run->reply.body_size == strlen(body) && !strcmp(run->reply.body, body)),
	     "the body is \"%s\", not \"%s\"", run->reply.body ? run->reply.body : "", body);
}

static void check_field(const struct run *run)
{
	const char *field = run->one->field, *value, *colon;
	char name[64];

	if (!field)
		return;
	if (*field == '!') {
		value = reply_header(&run->reply, field + 1);
		must(!value, "there is %s: %s", field + 1, value);
		return;
	}
	colon = strchr(field, ':');
	(void)snprintf(name, sizeof(name), "%.*s",
		       (int)(colon ? (size_t)(colon - field) : strlen(field)), field);
	value = reply_header(&run->reply, name);
	must(value != NULL, "there is no %s", name);
	must(!colon || strcmp(value, colon + 2) == 0, "%s is \"%s\"", name, value);
}

void conformance_run(const struct conformance_case *one, const char *expect, const char *url)
{
	struct run run = {.one = one};
	char words[64], *word, *rest;
	size_t size;
	char *bytes = case_bytes(one, &size);

	must(strlen(expect) < sizeof(words), "too many words");
	memcpy(words, expect, strlen(expect) + 1);
	client_open(&run.client, url);
	(void)client_send_up_to(&run.client, bytes, size);
	if (one->fin)
		client_half_close(&run.client);
	for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (strcmp(word, "keep") == 0 || strcmp(word, "close") == 0) {
			if (expect == one->expect) {
				check_body(&run);
				check_field(&run);
			}
		}
		expect_word(&run, word);
	}
	reply_free(&run.reply);
	client_close(&run.client);
	free(bytes);
}
