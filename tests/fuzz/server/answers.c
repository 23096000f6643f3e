/* server/answers.c: see answers.h. */
#include "fuzz/server/answers.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fuzz/fuzz.h"

struct reader {
	const char *at, *end;
};

struct head {
	int status;
	bool chunked, close, typed;
	bool has_length;
	uint64_t length;
};

static bool is_field(const char *line, size_t size, const char *name, const char *value)
{
	size_t length = strlen(name);

	return size >= length + 2 && strncasecmp(line, name, length) == 0 && line[length] == ':' &&
	       (!value || (strlen(value) == size - length - 2 &&
			   strncasecmp(line + length + 2, value, size - length - 2) == 0));
}

static void read_field(struct head *head, const char *line, size_t size)
{
	size_t name = 0, i;

	while (name < size && (isalnum((unsigned char)line[name]) || line[name] == '-'))
		name++;
	FUZZ_CHECK(name > 0 && size >= name + 2 && line[name] == ':' && line[name + 1] == ' ');
	for (i = name; i < size; i++)
		FUZZ_CHECK((unsigned char)line[i] >= 0x20 || line[i] == '\t');
	if (is_field(line, size, "Transfer-Encoding", NULL)) {
		FUZZ_CHECK(is_field(line, size, "Transfer-Encoding", "chunked") && !head->chunked);
		head->chunked = true;
	} else if (is_field(line, size, "Content-Length", NULL)) {
		FUZZ_CHECK(!head->has_length && isdigit((unsigned char)line[name + 2]));
		head->has_length = true;
		head->length = strtoull(line + name + 2, NULL, 10);
	} else if (is_field(line, size, "Content-Type", NULL)) {
		head->typed = true;
	} else if (is_field(line, size, "Connection", "close")) {
		head->close = true;
	}
}

/* False: the head is not whole. */
static bool read_head(struct reader *reader, struct head *head)
{
	const char *line = reader->at, *stop;

	*head = (struct head){0};
	for (;; line = stop + 2) {
		stop = memmem(line, (size_t)(reader->end - line), "\r\n", 2);
		if (!stop)
			return false;
		if (head->status == 0) {
			FUZZ_CHECK(stop - line >= 12 && (memcmp(line, "HTTP/1.1 ", 9) == 0 ||
							 memcmp(line, "HTTP/1.0 ", 9) == 0));
			head->status = atoi(line + 9);
			FUZZ_CHECK(head->status >= 100 && head->status <= 599);
		} else if (stop == line) {
			reader->at = stop + 2;
			return true;
		} else {
			read_field(head, line, (size_t)(stop - line));
		}
	}
}

/* The end, or another answer: a body's place is empty. */
static bool nothing_there(const struct reader *reader)
{
	size_t left = (size_t)(reader->end - reader->at);

	return left == 0 || (left >= 7 && memcmp(reader->at, "HTTP/1.", 7) == 0);
}

/* False: not whole. */
static bool read_chunks(struct reader *reader)
{
	for (;;) {
		const char *stop =
			memmem(reader->at, (size_t)(reader->end - reader->at), "\r\n", 2);
		char *end;
		uint64_t size;

		if (!stop)
			return false;
		size = strtoull(reader->at, &end, 16);
		FUZZ_CHECK(end == stop && end > reader->at);
		reader->at = stop + 2;
		if (size > (uint64_t)(reader->end - reader->at))
			return false;
		reader->at += size;
		if (reader->end - reader->at < 2)
			return false;
		FUZZ_CHECK(memcmp(reader->at, "\r\n", 2) == 0);
		reader->at += 2;
		if (size == 0)
			return true;
	}
}

static bool read_body(struct reader *reader, const struct head *head)
{
	if (head->status < 200 || head->status == 204 || head->status == 304)
		return true;
	FUZZ_CHECK(!(head->chunked && head->has_length));
	if (nothing_there(reader))
		return true;
	if (head->chunked)
		return read_chunks(reader);
	if (!head->has_length) { /* to the end of the connection */
		FUZZ_CHECK(head->close);
		reader->at = reader->end;
		return true;
	}
	if (head->length > (uint64_t)(reader->end - reader->at))
		return false;
	reader->at += head->length;
	return true;
}

void answers_read(struct answers *answers, const char *data, size_t size)
{
	struct reader reader = {data, data + size};
	struct head head;

	*answers = (struct answers){0};
	while (reader.at < reader.end && !answers->upgraded) {
		if (!read_head(&reader, &head)) {
			answers->truncated = true;
			return;
		}
		/* Theirs do not say that they are HTML, and may come with their header twice
		 * (docs/limits.md). */
		if (head.status >= 400 && !head.typed) {
			FUZZ_CHECK(head.close);
			answers->pages++;
			answers->final++;
			return;
		}
		if (!read_body(&reader, &head)) {
			answers->truncated = true;
			return;
		}
		answers->upgraded = head.status == 101;
		if (head.status >= 200 || answers->upgraded)
			answers->final++;
		else
			answers->interim++;
		/* Nothing may follow an answer that says that it is the last. */
		FUZZ_CHECK(!head.close || reader.at == reader.end);
	}
}
