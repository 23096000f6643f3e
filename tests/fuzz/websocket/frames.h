/* websocket/frames.h: frames of a client by the letter of RFC 6455, 5 to 8, as a model to hold the
 * adapter (and wslay within) against: which messages there are, and how it ends.
 */
#ifndef WEIR_TESTS_FUZZ_FRAMES_H
#define WEIR_TESTS_FUZZ_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FRAMES_CONTINUATION = 0,
	FRAMES_TEXT = 1,
	FRAMES_BINARY = 2,
	FRAMES_CLOSE = 8,
	FRAMES_PING = 9,
	FRAMES_PONG = 10
};

/* Of messages, pings and frames of the server's. */
struct frames_piece {
	int opcode;
	size_t size;
	const char *data; /* in the model's memory */
};

enum { FRAMES_PIECES_MAX = 512 };

struct frames {
	struct frames_piece messages[FRAMES_PIECES_MAX], pings[FRAMES_PIECES_MAX];
	size_t message_count, ping_count;
	/* How it ends: with the code of the client's close, or of its mistake; 1006 is neither. One
	 * of these, the first being the one by the letter. */
	int codes[4];
	size_t code_count;
	int failed;
	char *memory;
};

/* Reads what a client sends; `limit` is the longest message. frames_free() it. */
void frames_read(struct frames *frames, const uint8_t *data, size_t size, size_t limit);
void frames_free(struct frames *frames);

bool frames_may_end(const struct frames *frames, int code);

/* Reads one frame of the server's, which must be well-formed; returns its whole length, 0 if it
 * is not whole. */
size_t frames_of_server(const uint8_t *data, size_t size, struct frames_piece *out);

#endif
