/* ws_client.c: see ws_client.h. */
#include "support/ws_client.h"

#include <stdlib.h>
#include <string.h>

#include "support/must.h"

void ws_shake(struct ws_client *ws, const char *target)
{
	struct client *client = &ws->client;
	const char *end;

	client_printf(client, "GET %s HTTP/1.1\r\n" WS_HANDSHAKE_FIELDS "\r\n", target);
	client_await_text(client, "\r\n\r\n");
	must(memcmp(client->input, "HTTP/1.1 101 ", 13) == 0, "answered %.*s",
	     (int)client->input_size, client->input);
	end = memmem(client->input, client->input_size, "\r\n\r\n", 4);
	must(memmem(client->input, client->input_size, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28) != NULL,
	     "a wrong Sec-WebSocket-Accept: %.*s", (int)client->input_size, client->input);
	client_take(client, (size_t)(end + 4 - client->input));
}

void ws_open(struct ws_client *ws, const char *url, const char *target)
{
	memset(ws, 0, sizeof(*ws));
	client_open(&ws->client, url);
	ws_shake(ws, target);
}

void ws_destroy(struct ws_client *ws)
{
	free(ws->frame.data);
	ws->frame.data = NULL;
	client_close(&ws->client);
}

size_t ws_header(unsigned first, uint64_t size, uint8_t out[14])
{
	size_t length = 2, extra = size < 126 ? 0 : size <= UINT16_MAX ? 2 : 8;
	const uint8_t first_length = extra == 0 ? (uint8_t)size : extra == 2 ? 126 : 127;

	out[0] = (uint8_t)first;
	out[1] = (uint8_t)(0x80 | first_length);
	for (size_t i = 0; i < extra; i++)
		out[length++] = (uint8_t)(size >> (8 * (extra - 1 - i)));
	memset(out + length, 0, 4);
	return length + 4;
}

void ws_send(struct ws_client *ws, unsigned first, const void *data, size_t size)
{
	static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	uint8_t header[14];
	const size_t length = ws_header(first, size, header);
	uint8_t *frame = malloc(length + size);

	must(frame != NULL, "no memory");
	memcpy(frame, header, length);
	memcpy(frame + length - 4, mask, 4);
	for (size_t i = 0; i < size; i++)
		frame[length + i] = ((const uint8_t *)data)[i] ^ mask[i % 4];
	client_send(&ws->client, frame, length + size);
	free(frame);
}

void ws_send_text(struct ws_client *ws, const char *text)
{
	ws_send(ws, WS_FIN | WS_TEXT, text, strlen(text));
}

void ws_send_close(struct ws_client *ws, unsigned code)
{
	const uint8_t data[2] = {(uint8_t)(code >> 8), (uint8_t)code};

	ws_send(ws, WS_FIN | WS_CLOSE, data, code == 0 ? 0 : sizeof(data));
}

static bool await_bytes(struct ws_client *ws, uint64_t size)
{
	while (ws->client.input_size < size) {
		if (!client_fill(&ws->client))
			return false;
	}
	return true;
}

static uint64_t number(const char *bytes, size_t size)
{
	uint64_t result = 0;

	for (size_t i = 0; i < size; i++)
		result = result << 8 | (uint8_t)bytes[i];
	return result;
}

bool ws_receive(struct ws_client *ws)
{
	struct ws_frame *frame = &ws->frame;
	size_t header = 2, extra;

	if (!await_bytes(ws, 2))
		return false;
	frame->first = (uint8_t)ws->client.input[0];
	frame->size = (uint8_t)ws->client.input[1];
	must(frame->size < 128, "a masked frame of a server");
	extra = frame->size < 126 ? 0 : frame->size == 126 ? 2 : 8;
	header += extra;
	if (!await_bytes(ws, header))
		return false;
	if (extra > 0)
		frame->size = number(ws->client.input + 2, extra);
	must(frame->size < (uint64_t)1 << 30, "a frame of %llu bytes",
	     (unsigned long long)frame->size);
	if (!await_bytes(ws, header + frame->size))
		return false;
	free(frame->data);
	frame->data = malloc(frame->size + 1);
	must(frame->data != NULL, "no memory");
	memcpy(frame->data, ws->client.input + header, frame->size);
	frame->data[frame->size] = '\0';
	client_take(&ws->client, header + frame->size);
	return true;
}

void ws_expect(struct ws_client *ws, unsigned first, const void *data, size_t size)
{
	const bool there = ws_receive(ws);

	must(there, "the connection ended before a frame of %zu bytes", size);
	must(ws->frame.first == first, "a frame 0x%x with \"%.80s\", expected 0x%x",
	     ws->frame.first, ws->frame.data, first);
	must(ws->frame.size == size && (size == 0 || memcmp(ws->frame.data, data, size) == 0),
	     "\"%.80s\" of %llu bytes, expected %zu", ws->frame.data,
	     (unsigned long long)ws->frame.size, size);
}

void ws_expect_text(struct ws_client *ws, const char *text)
{
	ws_expect(ws, WS_FIN | WS_TEXT, text, strlen(text));
}

unsigned ws_expect_close(struct ws_client *ws)
{
	const bool there = ws_receive(ws);

	must(there, "the connection ended without a close");
	must(ws->frame.first == (WS_FIN | WS_CLOSE), "a frame 0x%x with \"%.80s\"", ws->frame.first,
	     ws->frame.data);
	must(ws->frame.size != 1, "a close with half a code");
	return ws->frame.size == 0 ? 0 : (unsigned)number(ws->frame.data, 2);
}
