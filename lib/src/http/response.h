/* response.h: the inside of a response. Belongs to its request; written by the handler's
 * thread, read by the acceptor once the handler is done or the stream has begun. */
#ifndef WEIR_HTTP_RESPONSE_H
#define WEIR_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/response.h>
#include <weir/upgrade.h>

#include "http/pipe.h"

struct MHD_Response;

enum weir__body_kind {
	WEIR__BODY_MEMORY,
	WEIR__BODY_FILE,
	WEIR__BODY_STREAM,
	WEIR__BODY_UPGRADE /* a 101: see upgrade.h */
};

struct weir__response_field {
	struct weir__response_field *next;
	const char *name, *value; /* in the request's arena */
};

struct weir_response {
	weir_request *request; /* fixed */
	int status;
	enum weir__body_kind kind;
	struct weir__response_field *fields, **fields_end;

	/* memory */
	const char *data;
	size_t size;
	void (*release)(void *data); /* NULL: nothing to free */

	/* file */
	int fd; /* -1 if none */
	uint64_t offset, length;

	/* stream */
	struct weir__pipe *pipe; /* NULL if none */
	int64_t stream_length;   /* -1: unknown */
	uint64_t written;
	int write_error; /* of the first write that failed: the stream is not whole */

	/* upgrade */
	weir_upgraded *upgraded; /* NULL if none */
	const char *protocol;    /* in the request's arena: what was asked for last; NULL: none */
	bool stopping;           /* ... and it was refused, because of a stop */

	/* What libmicrohttpd sends, once made. */
	struct MHD_Response *mhd;
};

void weir__response_init(weir_response *response, weir_request *request);
void weir__response_fini(weir_response *response);

/* Forgets what the handler said: for an answer in the library's own words. */
void weir__response_reset(weir_response *response);

/* A stream or an upgrade: what was said so far stays said. */
bool weir__response_has_begun(const weir_response *response);
/* Lets go of the body. */
void weir__response_body_drop(weir_response *response);

/* The value of a field the handler has set; NULL if it has not. */
const char *weir__response_field(const weir_response *response, const char *name);

/* Adds a field without the checks for handlers; both strings must live as long as the
 * request. 0 or -ENOMEM. */
int weir__response_add(weir_response *response, const char *name, const char *value);

/* Its stream has begun, and whatever the handler still does, this client misses nothing: the
 * announced length was written, or the request was HEAD. */
bool weir__response_said_all(const weir_response *response);

/* reply.c: turns the response into libmicrohttpd's. 0 or -ENOMEM. */
int weir__reply_make(weir_response *response);
/* reply.c: lets go of it, if it was made and not sent. */
void weir__reply_drop(weir_response *response);

/* reply.c: the response as bytes, for a socket that libmicrohttpd no longer owns: status
 * line, fields, `Connection: close`, and a body in memory. */
struct weir__text;
void weir__reply_print(const weir_response *response, bool head, struct weir__text *out);

#endif
