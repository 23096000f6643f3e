/* faults/conversation.c: see conversation.h. */
#include "faults/conversation.h"
#include "faults/exchange.h"

#include "support/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_END "\r\n\r\n"

/* The status of the answer to the handshake, whose header is taken; 0: none came. */
static int receive_head(struct client *client)
{
	const char *end;

	while (client->input_size == 0 || (end = memmem(client->input, client->input_size, HEAD_END,
							strlen(HEAD_END))) == NULL) {
		if (!client_fill(client))
			return 0;
	}
	must(strncmp(client->input, "HTTP/1.1 ", 9) == 0, "not an answer: %s", client->input);
	int status = (int)strtol(client->input + 9, NULL, 10);
	client_take(client, (size_t)(end - client->input) + strlen(HEAD_END));
	return status;
}

bool conversation_begin(struct load *load, struct ws_client *ws, const char *url,
			const char *target)
{
	char head[256];
	int status = 0;

	*ws = (struct ws_client){0};
	if (client_try_open(&ws->client, url) != 0) {
		load_missed(load, "handshake", 0);
		return false;
	}
	(void)snprintf(head, sizeof head, "GET %s HTTP/1.1\r\n" WS_HANDSHAKE_FIELDS "\r\n", target);
	if (client_send_up_to(&ws->client, head, strlen(head)) == strlen(head))
		status = receive_head(&ws->client);
	if (status == 101)
		return true;
	must(status == 0 || status >= 500, "a handshake was answered %d", status);
	load_missed(load, "handshake", status);
	conversation_end(ws);
	return false;
}

/* Masked with zeroes (RFC 6455, 5.3). */
static bool say(struct ws_client *ws, unsigned first, const void *data, size_t size)
{
	uint8_t header[14];
	size_t length = ws_header(first, size, header);

	return client_send_up_to(&ws->client, header, length) == length &&
	       client_send_up_to(&ws->client, data, size) == size;
}

bool conversation_echo(struct ws_client *ws, size_t size)
{
	char *data = pattern(size);
	bool heard = say(ws, WS_FIN | WS_BINARY, data, size) && ws_receive(ws) &&
		     (ws->frame.first & 15) != WS_CLOSE;

	if (heard)
		must(ws->frame.first == (WS_FIN | WS_BINARY) && ws->frame.size == size &&
			     memcmp(ws->frame.data, data, size) == 0,
		     "another echo: frame 0x%x of %llu bytes", ws->frame.first,
		     (unsigned long long)ws->frame.size);
	free(data);
	return heard;
}

bool conversation_bye(struct ws_client *ws, unsigned code)
{
	const uint8_t data[2] = {(uint8_t)(code >> 8), (uint8_t)code};

	return say(ws, WS_FIN | WS_CLOSE, data, sizeof data) && ws_receive(ws) &&
	       ws->frame.first == (WS_FIN | WS_CLOSE) && ws->frame.size == 2 &&
	       memcmp(ws->frame.data, data, sizeof data) == 0;
}

void conversation_end(struct ws_client *ws)
{
	if (ws->client.fd >= 0)
		ws_destroy(ws);
}
