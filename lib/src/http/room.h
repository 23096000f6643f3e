/* room.h: whether the header of an answer fits into the memory of its connection.
 *
 * libmicrohttpd builds it in what the request's header has left of that memory, and closes the
 * connection without a word if it does not fit. Before 1.0 it even goes on to use a connection
 * that it has closed so outside of its callbacks. Both is avoided by asking here first; what
 * is not known exactly is what a client has sent ahead of the answer, which takes room, too.
 */
#ifndef WEIR_HTTP_ROOM_H
#define WEIR_HTTP_ROOM_H

#include <stddef.h>

#include <weir/request.h>

enum weir__room {
	WEIR__ROOM_SURE,   /* it fits, whatever else was sent */
	WEIR__ROOM_LIKELY, /* it fits, unless something was sent ahead */
	WEIR__ROOM_NONE
};

/* What libmicrohttpd has taken besides the bytes of the header, for a field, a parameter of
 * the query, a cookie. */
#define WEIR__ROOM_OF_FIELD ((size_t)64)

/* ... for all that it finds in a Cookie field. */
size_t weir__room_of_cookies(const char *value);
/* ... for all that it finds in a target. */
size_t weir__room_of_query(const char *target);

enum weir__room weir__room_for_answer(const weir_request *request);

#endif
