/* support/reply.h: one HTTP/1.1 answer, read from a client's connection.
 *
 * Reads with care what a careful client would: a body ends by its length, by chunked
 * coding or by the connection's close, and `complete` says whether that end was there.
 * Interim answers (1xx) are skipped and counted. An answer that is not HTTP fails the
 * test at once.
 */
#ifndef WEIR_TESTS_REPLY_H
#define WEIR_TESTS_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "support/client.h"

#define REPLY_FIELDS_MAX 64

struct reply_field {
	const char *name;
	const char *value;
};

struct reply {
	int status;       /**< 0: the connection ended before an answer began */
	unsigned interim; /**< how many 1xx came before */
	char *head;       /**< owns the strings of the fields */
	struct reply_field fields[REPLY_FIELDS_MAX];
	size_t field_count;
	bool chunked;
	char *body; /**< followed by a NUL that is not counted; never NULL */
	size_t body_size;
	size_t body_room;
	bool complete; /**< it came whole */
};

/** Reads the answer to a request. To be freed with reply_free(). */
void client_receive(struct client *client, struct reply *reply);
/** Reads the answer to a HEAD request, which has no body. */
void client_receive_head(struct client *client, struct reply *reply);
/** Sends "GET target" and reads the answer. */
void client_get(struct client *client, const char *target, struct reply *reply);

/** The value of a header field, case ignored; NULL if it is not there. */
const char *reply_header(const struct reply *reply, const char *name);
/** True if the answer says that the connection will be closed. */
bool reply_says_close(const struct reply *reply);
void reply_free(struct reply *reply);

#endif
