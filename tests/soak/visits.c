/* visits.c: what well-behaved clients do.
 *
 * Statuses that a stop or a rehearsal may bring are right everywhere: 503. So is what a fault may
 * bring, 5xx, but there must not be more of them than faults. What else may come is said at each
 * visit; all other is wrong, and so are other bytes than were stored.
 */
#include <stdlib.h>
#include <string.h>

#include "support/must.h"
#include "support/ws_client.h"
#include "visitor.h"

#define FILE_MOST ((size_t)100 * 1000)
#define FIELDS "Host: soak\r\n"

static void expect(struct soak_visitor *visitor, int status, int first, int second)
{
	if (status == 0 || status == 503 || status == first || status == second)
		return;
	if (status >= 500) {
		visitor_count(&visitor->soak->tally.spoilt);
		return;
	}
	visitor_count(&visitor->soak->tally.wrong);
	(void)fprintf(stderr, "soak: client %u: status %d, not %d\n", visitor->number, status,
		      first);
}

/* "Connection: close", now and then. */
static const char *connection(struct soak_visitor *visitor)
{
	return soak_below(&visitor->random, 8) == 0 ? "Connection: close\r\n" : "";
}

static int get(struct soak_visitor *visitor, const char *target, const char *fields,
	       struct reply *reply)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" FIELDS "%s%s\r\n", target, fields,
		       connection(visitor));
	return visitor_ask(visitor, text, NULL, 0, reply);
}

static int send_body(struct soak_visitor *visitor, const char *method, const char *target,
		     const void *body, size_t size, struct reply *reply)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "%s %s HTTP/1.1\r\n" FIELDS "%sContent-Length: %zu\r\n\r\n", method, target,
		       connection(visitor), size);
	return visitor_ask(visitor, text, body, size, reply);
}

static void get_small(struct soak_visitor *visitor)
{
	struct reply reply;
	int status = get(visitor, "/files/hello", "", &reply);

	expect(visitor, status, 200, 200);
	if (status == 200 && reply.complete && strcmp(reply.body, "hello\n") != 0)
		visitor_count(&visitor->soak->tally.wrong);
	reply_free(&reply);
}

static void get_other(struct soak_visitor *visitor)
{
	struct reply reply;

	switch (soak_below(&visitor->random, 5)) {
	case 0:
		expect(visitor, get(visitor, "/files/none", "", &reply), 404, 404);
		break;
	case 1:
		expect(visitor, get(visitor, "/files/hello", "Range: bytes=1-3\r\n", &reply), 206,
		       206);
		break;
	case 2:
		expect(visitor, get(visitor, "/files/hello", "If-None-Match: *\r\n", &reply), 304,
		       304);
		break;
	case 3:
		expect(visitor, get(visitor, "/extra", "", &reply), 200, 404);
		break;
	default:
		expect(visitor,
		       visitor_ask_head(visitor, "HEAD /files/big HTTP/1.1\r\n" FIELDS "\r\n",
					&reply),
		       200, 200);
		break;
	}
	reply_free(&reply);
}

static unsigned char byte_at(unsigned char seed, size_t i)
{
	return (unsigned char)(seed + i % 251);
}

static void put(struct soak_visitor *visitor, const char *target)
{
	unsigned char seed = (unsigned char)soak_below(&visitor->random, 256);
	size_t size = soak_below(&visitor->random, FILE_MOST);
	unsigned char *body = malloc(size + 1);
	struct reply reply;
	int status;

	must(body != NULL, "no memory");
	for (size_t i = 0; i < size; i++)
		body[i] = byte_at(seed, i);
	status = send_body(visitor, "PUT", target, body, size, &reply);
	expect(visitor, status, 201, 204);
	/* Without an answer, or with 503, either may be there. */
	visitor->stored = status == 201 || status == 204;
	visitor->seed = seed;
	visitor->size = size;
	reply_free(&reply);
	free(body);
}

static bool is_mine(const struct soak_visitor *visitor, const struct reply *reply)
{
	if (reply->body_size != visitor->size)
		return false;
	for (size_t i = 0; i < visitor->size; i++) {
		if ((unsigned char)reply->body[i] != byte_at(visitor->seed, i))
			return false;
	}
	return true;
}

static void fetch(struct soak_visitor *visitor, const char *target)
{
	struct reply reply;
	int status = get(visitor, target, "", &reply);

	expect(visitor, status, 200, visitor->stored ? 200 : 404);
	if (status == 200 && reply.complete && visitor->stored && !is_mine(visitor, &reply)) {
		visitor_count(&visitor->soak->tally.wrong);
		(void)fprintf(stderr, "soak: client %u: other bytes than it has stored\n",
			      visitor->number);
	}
	reply_free(&reply);
}

static void keep_file(struct soak_visitor *visitor)
{
	char target[64];
	struct reply reply;
	int status;

	(void)snprintf(target, sizeof(target), "/files/of-%u", visitor->number);
	switch (soak_below(&visitor->random, 5)) {
	case 0:
	case 1:
		put(visitor, target);
		break;
	case 2:
		status = send_body(visitor, "DELETE", target, NULL, 0, &reply);
		expect(visitor, status, 204, visitor->stored ? 204 : 404);
		visitor->stored = false;
		reply_free(&reply);
		break;
	default:
		fetch(visitor, target);
		break;
	}
}

static void use_proxy(struct soak_visitor *visitor)
{
	struct reply reply;

	expect(visitor, get(visitor, "/mirror/hello", "", &reply), 200, 200);
	reply_free(&reply);
}

static void use_database(struct soak_visitor *visitor)
{
	static const char note[] = "{\"text\":\"a note\"}";
	struct reply reply;
	int status;

	if (soak_below(&visitor->random, 2) == 0)
		status = get(visitor, "/notes", "", &reply);
	else
		status = send_body(visitor, "POST", "/notes", note, sizeof(note) - 1, &reply);
	expect(visitor, status, 200, 200);
	reply_free(&reply);
}

static void run_command(struct soak_visitor *visitor)
{
	static const char body[] = "seven b";
	struct reply reply;
	int status = send_body(visitor, "POST", "/count", body, sizeof(body) - 1, &reply);

	expect(visitor, status, 200, 200);
	if (status == 200 && reply.complete && strcmp(reply.body, "7\n") != 0)
		visitor_count(&visitor->soak->tally.wrong);
	reply_free(&reply);
}

/* Listens to a few events, then goes, or is sent away by a stop. */
static void listen_to_events(struct soak_visitor *visitor)
{
	static const char text[] = "GET /events HTTP/1.1\r\n" FIELDS "\r\n";
	unsigned wanted = 1 + soak_below(&visitor->random, 10), status;

	if (!visitor_connect(visitor))
		return;
	(void)visitor_send(visitor, text, sizeof(text) - 1);
	status = (unsigned)visitor_head(visitor, false);
	if (status == 0)
		visitor_unheard(visitor);
	expect(visitor, (int)status, 200, 200);
	while (status == 200 && wanted-- > 0 && client_fill(&visitor->client)) {
		visitor_count(&visitor->soak->tally.events);
		client_take(&visitor->client, visitor->client.input_size);
	}
	visitor_leave(visitor, soak_below(&visitor->random, 2) == 0);
}

static void publish(struct soak_visitor *visitor)
{
	struct reply reply;

	expect(visitor, send_body(visitor, "POST", "/events", "news", 4, &reply), 202, 202);
	reply_free(&reply);
}

/* A masked frame, whose mask is 0 (RFC 6455, 5.3): false if the server has gone. */
static bool say(struct soak_visitor *visitor, unsigned first, const char *text)
{
	uint8_t header[14];
	size_t size = ws_header(first, strlen(text), header);

	return visitor_send(visitor, header, size) && visitor_send(visitor, text, strlen(text));
}

static void talk(struct soak_visitor *visitor)
{
	struct ws_client ws = {.client = visitor->client};
	unsigned wanted = 1 + soak_below(&visitor->random, 5);
	bool heard = true;

	while (heard && wanted-- > 0) {
		heard = say(visitor, WS_FIN | WS_TEXT, "echo this") && ws_receive(&ws);
		if (!heard || ws.frame.first != (WS_FIN | WS_TEXT))
			break;
		visitor_count(&visitor->soak->tally.messages);
		if (ws.frame.size != 9 || memcmp(ws.frame.data, "echo this", 9) != 0)
			visitor_count(&visitor->soak->tally.wrong);
	}
	if (heard && ws.frame.first == (WS_FIN | WS_TEXT) && soak_below(&visitor->random, 2) == 0 &&
	    say(visitor, WS_FIN | WS_CLOSE, "\x03\xe8")) {
		while (ws_receive(&ws) && (ws.frame.first & 15) != WS_CLOSE)
			;
	}
	free(ws.frame.data);
	visitor->client = ws.client;
}

static void open_websocket(struct soak_visitor *visitor)
{
	static const char text[] = "GET /echo HTTP/1.1\r\n" WS_HANDSHAKE_FIELDS "\r\n";
	int status;

	if (!visitor_connect(visitor))
		return;
	(void)visitor_send(visitor, text, sizeof(text) - 1);
	status = visitor_head(visitor, false);
	if (status == 0)
		visitor_unheard(visitor);
	expect(visitor, status, 101, 101);
	if (status == 101)
		talk(visitor);
	visitor_leave(visitor, soak_below(&visitor->random, 3) == 0);
}

void soak_visit(struct soak_visitor *visitor)
{
	unsigned kind = soak_below(&visitor->random, 100);

	if (kind < 40)
		get_small(visitor);
	else if (kind < 55)
		get_other(visitor);
	else if (kind < 70)
		keep_file(visitor);
	else if (kind < 77)
		use_proxy(visitor);
	else if (kind < 86)
		use_database(visitor);
	else if (kind < 89)
		run_command(visitor);
	else if (kind < 91)
		publish(visitor);
	else if (kind < 93)
		listen_to_events(visitor);
	else
		open_websocket(visitor);
}
