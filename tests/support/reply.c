/* support/reply.c: see reply.h. It pulls: each step takes from the client's input what
 * it needs, and receives more when that is not there yet. */
#include "support/reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "support/must.h"

/* Receives until `size` bytes are there; false if the connection ends before. */
static bool need(struct client *client, size_t size)
{
	while (client->input_size < size) {
		if (!client_fill(client))
			return false;
	}
	return true;
}

/* Receives until `mark` is there; the size up to and with it, or 0 at the end. */
static size_t need_up_to(struct client *client, const char *mark)
{
	for (;;) {
		const char *found =
			client->input_size == 0
				? NULL
				: memmem(client->input, client->input_size, mark, strlen(mark));

		if (found != NULL)
			return (size_t)(found - client->input) + strlen(mark);
		if (!client_fill(client))
			return 0;
	}
}

static char *copy(const char *bytes, size_t size)
{
	char *text = malloc(size + 1);

	must(text != NULL, "no memory for %zu bytes", size);
	if (size > 0)
		memcpy(text, bytes, size);
	text[size] = '\0';
	return text;
}

static void append_body(struct client *client, struct reply *reply, size_t size)
{
	if (reply->body_size + size >= reply->body_room) {
		size_t room = 2 * (reply->body_size + size) + 1;
		char *body = realloc(reply->body, room);

		must(body != NULL, "no memory for %zu bytes", room);
		reply->body = body;
		reply->body_room = room;
	}
	if (size > 0)
		memcpy(reply->body + reply->body_size, client->input, size);
	reply->body_size += size;
	reply->body[reply->body_size] = '\0';
	client_take(client, size);
}

static void parse_field(struct reply *reply, char *line)
{
	char *colon = strchr(line, ':');
	char *value;

	must(colon != NULL && colon != line, "not a header field: %s", line);
	must(reply->field_count < REPLY_FIELDS_MAX, "too many header fields");
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	reply->fields[reply->field_count++] = (struct reply_field){line, value};
}

/* Splits the head, "status line CRLF (field CRLF)* CRLF", in place. */
static void parse_head(struct reply *reply)
{
	char *line = reply->head;
	char *end = strstr(line, "\r\n");

	must(strncmp(line, "HTTP/1.", 7) == 0 && strlen(line) > 12 && line[8] == ' ',
	     "not an HTTP answer: %s", line);
	reply->status = atoi(line + 9);
	must(reply->status >= 100 && reply->status <= 599, "not a status: %s", line);
	for (line = end + 2; strncmp(line, "\r\n", 2) != 0; line = end + 2) {
		end = strstr(line, "\r\n");
		*end = '\0';
		parse_field(reply, line);
	}
}

/* Reads one head, final or interim; false if the connection ends before. */
static bool receive_head(struct client *client, struct reply *reply)
{
	size_t size = need_up_to(client, "\r\n\r\n");

	if (size == 0)
		return false;
	reply->head = copy(client->input, size);
	client_take(client, size);
	parse_head(reply);
	return true;
}

static void receive_chunks(struct client *client, struct reply *reply)
{
	for (;;) {
		size_t line = need_up_to(client, "\r\n");
		char *end;
		size_t size;

		if (line == 0)
			return;
		size = strtoul(client->input, &end, 16);
		must(end != client->input && *end == '\r', "not a chunk: %.*s", (int)line,
		     client->input);
		client_take(client, line);
		if (size == 0)
			break;
		if (!need(client, size + 2)) {
			append_body(client, reply,
				    client->input_size < size ? client->input_size : size);
			return;
		}
		append_body(client, reply, size);
		must(memcmp(client->input, "\r\n", 2) == 0, "a chunk without its end");
		client_take(client, 2);
	}
	reply->complete = need(client, 2) && memcmp(client->input, "\r\n", 2) == 0;
	if (reply->complete)
		client_take(client, 2);
}

static void receive_length(struct client *client, struct reply *reply, const char *text)
{
	char *end;
	size_t length = strtoul(text, &end, 10);

	must(end != text && *end == '\0', "not a length: %s", text);
	reply->complete = need(client, length);
	append_body(client, reply, reply->complete ? length : client->input_size);
}

static void receive_to_the_end(struct client *client, struct reply *reply)
{
	while (client_fill(client))
		continue;
	append_body(client, reply, client->input_size);
	reply->complete = client->end == CLIENT_CLOSED;
}

static bool is_interim(const struct reply *reply)
{
	return reply->status / 100 == 1;
}

static void receive(struct client *client, struct reply *reply, bool to_head)
{
	const char *coding, *length;

	*reply = (struct reply){.body = copy("", 0)};
	while (receive_head(client, reply) && is_interim(reply)) {
		reply->interim++;
		reply->field_count = 0;
		reply->status = 0;
		free(reply->head);
		reply->head = NULL;
	}
	if (reply->status == 0)
		return;
	coding = reply_header(reply, "Transfer-Encoding");
	length = reply_header(reply, "Content-Length");
	must(coding == NULL || length == NULL, "both a coding and a length");
	must(coding == NULL || strcmp(coding, "chunked") == 0, "an unknown coding: %s", coding);
	reply->chunked = coding != NULL;
	if (to_head || reply->status == 204 || reply->status == 304)
		reply->complete = true;
	else if (coding != NULL)
		receive_chunks(client, reply);
	else if (length != NULL)
		receive_length(client, reply, length);
	else
		receive_to_the_end(client, reply);
}

void client_receive(struct client *client, struct reply *reply)
{
	receive(client, reply, false);
}

void client_receive_head(struct client *client, struct reply *reply)
{
	receive(client, reply, true);
}

void client_get(struct client *client, const char *target, struct reply *reply)
{
	client_printf(client, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", target);
	client_receive(client, reply);
}

const char *reply_header(const struct reply *reply, const char *name)
{
	for (size_t i = 0; i < reply->field_count; i++) {
		if (strcasecmp(reply->fields[i].name, name) == 0)
			return reply->fields[i].value;
	}
	return NULL;
}

bool reply_says_close(const struct reply *reply)
{
	const char *value = reply_header(reply, "Connection");

	return value != NULL && strcasecmp(value, "close") == 0;
}

void reply_free(struct reply *reply)
{
	free(reply->head);
	free(reply->body);
	*reply = (struct reply){0};
}
