/* websocket/frames.c: see frames.h. */
#include "fuzz/websocket/frames.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "handlers/utf8.h"

enum { NONE = 1005, LOST = 1006, PROTOCOL = 1002, INVALID = 1007, TOO_BIG = 1009 };

struct frame {
	bool fin;
	int opcode;
	uint64_t size;
	const uint8_t *mask, *payload;
	size_t here; /* of the payload */
};

struct reader {
	struct frames *frames;
	const uint8_t *at, *end;
	size_t limit;
	char *free; /* in the model's memory */
	int opcode; /* of the message that is coming; 0: none */
	char *message;
};

/* How many bytes begin a text: -1 if no text begins so. */
static bool begins_text(const char *data, size_t size)
{
	static const char *const rests[] = {"\x80",     "\x80\x80",    "\x80\x80\x80",
					    "\xbf",     "\xbf\xbf",    "\xbf\xbf\xbf",
					    "\xa0\x80", "\x90\x80\x80"};
	char whole[8];
	size_t tail, i, back = size < 4 ? size : 4;

	if (utf8_valid(data, size))
		return true;
	for (tail = 1; tail <= back; tail++) {
		if (!utf8_valid(data, size - tail))
			continue;
		for (i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
			memcpy(whole, data + size - tail, tail);
			memcpy(whole + tail, rests[i], strlen(rests[i]) + 1);
			if (utf8_valid(whole, tail + strlen(rests[i])))
				return true;
		}
	}
	return false;
}

static void or_code(struct reader *reader, int code)
{
	reader->frames->codes[reader->frames->code_count++] = code;
}

/* False, for the caller to return. */
static bool end(struct reader *reader, int code)
{
	reader->frames->codes[0] = code;
	return false;
}

static bool fail(struct reader *reader, int code)
{
	reader->frames->failed = 1;
	return end(reader, code);
}

/* False: not whole, or a mistake. */
static bool read_header(struct reader *reader, struct frame *frame)
{
	const uint8_t *s = reader->at;
	size_t left = (size_t)(reader->end - s), length = 2, i;

	if (left < 2)
		return false;
	/* Of a header that is not whole, what is wrong may be seen already, or not; nor of one that
	 * lacks the first byte of its payload. */
	length += (s[1] & 127) == 127 ? 8 : (s[1] & 127) == 126 ? 2 : 0;
	if (left < length + (s[1] & 0x80 ? 4 : 0) + ((s[1] & 127) > 0)) {
		or_code(reader, PROTOCOL);
		return false;
	}
	frame->fin = s[0] & 0x80;
	frame->opcode = s[0] & 15;
	frame->size = s[1] & 127;
	if ((s[0] & 0x70) || (frame->opcode > 2 && frame->opcode < 8) || frame->opcode > 10)
		return fail(reader, PROTOCOL);
	if (frame->opcode >= 8 && (!frame->fin || frame->size > 125))
		return fail(reader, PROTOCOL);
	if (!(s[1] & 0x80))
		return fail(reader, PROTOCOL);
	if (frame->opcode < 8 && (frame->opcode == 0) != (reader->opcode != 0))
		return fail(reader, PROTOCOL);
	if (frame->size >= 126) {
		for (frame->size = 0, i = 2; i < length; i++)
			frame->size = frame->size << 8 | s[i];
		if (frame->size < (length == 4 ? 126u : 65536u) || frame->size >> 63)
			return fail(reader, PROTOCOL);
	}
	frame->mask = s + length;
	frame->payload = s + length + 4;
	left -= length + 4;
	frame->here = left < frame->size ? left : (size_t)frame->size;
	return true;
}

static char *unmask(struct reader *reader, const struct frame *frame)
{
	char *out = reader->free;
	size_t i;

	for (i = 0; i < frame->here; i++)
		out[i] = (char)(frame->payload[i] ^ frame->mask[i % 4]);
	reader->free += frame->here;
	return out;
}

static void add(struct frames_piece *pieces, size_t *count, int opcode, const char *data,
		size_t size)
{
	FUZZ_CHECK(*count < FRAMES_PIECES_MAX);
	pieces[(*count)++] = (struct frames_piece){opcode, size, data};
}

static bool may_be_sent(int code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) ||
	       (code >= 3000 && code <= 4999);
}

/* wslay does not look at all of a reason's bytes if they come in pieces, and may take a text for
 * none (docs/limits.md). */
static bool take_close(struct reader *reader, const char *data, size_t size, bool whole)
{
	int code = size >= 2 ? (uint8_t)data[0] << 8 | (uint8_t)data[1] : NONE;

	if (size >= 2 && !may_be_sent(code))
		code = PROTOCOL;
	if (size > 2) {
		or_code(reader, INVALID);
		or_code(reader, code);
	}
	if (!whole)
		return false;
	if (size == 1 || code == PROTOCOL)
		return fail(reader, PROTOCOL);
	return size > 2 && !utf8_valid(data + 2, size - 2) ? fail(reader, INVALID)
							   : end(reader, code);
}

static bool take_control(struct reader *reader, const struct frame *frame)
{
	const char *data = unmask(reader, frame);
	bool whole = frame->here == frame->size;

	if (frame->opcode == FRAMES_CLOSE)
		return take_close(reader, data, frame->here, whole);
	if (!whole)
		return false;
	if (frame->opcode == FRAMES_PING)
		add(reader->frames->pings, &reader->frames->ping_count, FRAMES_PING, data,
		    frame->here);
	return true;
}

static bool take_data(struct reader *reader, const struct frame *frame)
{
	bool text;
	size_t size;

	if (frame->opcode != FRAMES_CONTINUATION) {
		reader->opcode = frame->opcode;
		/* Fragments follow each other in memory, whatever control frames are between. */
		reader->message = reader->free;
	}
	size = (size_t)(reader->free - reader->message);
	if (frame->size > reader->limit || size + frame->size > reader->limit)
		return frame->here > 0 || frame->size == 0 ? fail(reader, TOO_BIG) : false;
	(void)unmask(reader, frame);
	size += frame->here;
	text = reader->opcode == FRAMES_TEXT;
	if (text && !begins_text(reader->message, size))
		return fail(reader, INVALID);
	if (frame->here < frame->size)
		return false;
	if (!frame->fin)
		return true;
	if (text && !utf8_valid(reader->message, size))
		return fail(reader, INVALID);
	add(reader->frames->messages, &reader->frames->message_count, reader->opcode,
	    reader->message, size);
	reader->opcode = 0;
	return true;
}

void frames_read(struct frames *frames, const uint8_t *data, size_t size, size_t limit)
{
	struct reader reader = {.frames = frames, .at = data, .end = data + size, .limit = limit};
	struct reader controls;
	struct frame frame;
	bool more = true;

	memset(frames, 0, sizeof(*frames));
	frames->codes[frames->code_count++] = LOST;
	frames->memory = malloc(2 * size + 1);
	FUZZ_CHECK(frames->memory);
	reader.free = frames->memory;
	controls = reader;
	controls.free = frames->memory + size;
	while (more && read_header(&reader, &frame)) {
		more = frame.opcode >= 8 ? take_control(&controls, &frame)
					 : take_data(&reader, &frame);
		reader.at = frame.payload + frame.here;
	}
}

bool frames_may_end(const struct frames *frames, int code)
{
	size_t i;

	for (i = 0; i < frames->code_count; i++)
		if (frames->codes[i] == code)
			return true;
	return false;
}

void frames_free(struct frames *frames)
{
	free(frames->memory);
	frames->memory = NULL;
}

size_t frames_of_server(const uint8_t *data, size_t size, struct frames_piece *out)
{
	size_t length = 2, i;
	uint64_t payload;

	if (size < 2)
		return 0;
	/* Whole, without RSV, not masked. */
	FUZZ_CHECK((data[0] & 0xf0) == 0x80 && (data[1] & 0x80) == 0);
	out->opcode = data[0] & 15;
	FUZZ_CHECK(out->opcode <= 2 ? out->opcode > 0 : out->opcode >= 8 && out->opcode <= 10);
	payload = data[1];
	if (payload >= 126) {
		length += payload == 126 ? 2 : 8;
		if (size < length)
			return 0;
		for (payload = 0, i = 2; i < length; i++)
			payload = payload << 8 | data[i];
		FUZZ_CHECK(payload >= (length == 4 ? 126u : 65536u) && out->opcode < 8);
	}
	if (size - length < payload)
		return 0;
	out->data = (const char *)data + length;
	out->size = (size_t)payload;
	return length + (size_t)payload;
}
