/* stress/chaos/wire.h: a client's connection, which may end at any moment.
 *
 * Unlike tests/support/client.h it takes nothing for granted: whatever the server does is
 * told to the caller, who knows what it was allowed to do. Only waiting longer than
 * STRESS_PATIENCE fails at once: nobody may be left hanging.
 */
#ifndef WEIR_TESTS_CHAOS_WIRE_H
#define WEIR_TESTS_CHAOS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire {
	int fd;
	bool ended; /* nothing more comes */
	bool reset; /* ... because of a reset */
	size_t size, start;
	char input[16384];
};

enum reply_end {
	REPLY_WHOLE,
	REPLY_NONE,  /* the connection ended before it began */
	REPLY_BROKEN /* ... or within it */
};

struct reply {
	int status;
	bool close;          /* says that the connection ends with it */
	uint64_t size;       /* bytes of its body */
	uint64_t strange_at; /* position of the first byte that is not chaos_byte(), or `size` */
	char text[64];       /* the beginning of the body */
};

/* False if nobody listens there. */
bool wire_open(struct wire *wire, const char *url);
/* False if the server has gone. */
bool wire_send(struct wire *wire, const void *data, size_t size);
bool wire_printf(struct wire *wire, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sends chaos_byte(from), ... */
bool wire_send_body(struct wire *wire, uint64_t from, uint64_t size);
/* Reads one answer; interim ones are skipped. `head`: to HEAD. */
enum reply_end wire_receive(struct wire *wire, struct reply *reply, bool head);
/* Reads up to `size` bytes, or to the end. */
void wire_read_some(struct wire *wire, uint64_t size);
/* Waits until the server ends the connection. */
void wire_await_end(struct wire *wire);
/* Waits a little, or until something comes. */
void wire_linger(struct wire *wire, unsigned milliseconds);
void wire_half_close(struct wire *wire);
void wire_close(struct wire *wire);
/* Closes with a reset. */
void wire_reset(struct wire *wire);

#endif
