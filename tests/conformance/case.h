/* case.h: a case of the conformance suite: what a client sends, and what has to come back.
 *
 * The cases are tables of data, a file for each topic (topics.h). main.c prints them, and runs them
 * over real sockets: each on a connection of its own, to the server of server.c, which knows these
 * targets:
 *
 *	* /hello           "hello\n"
 *	* /echo            the body, collected first
 *	POST /count        how many bytes a streamed body has
 *	* /field/{name}    the values of that field of the request, each in brackets
 *	* /target/...      the path as it was decoded, "?" and the value of the query's q
 *	GET /stream        "stream", of unknown length
 *	GET /nothing       204
 *	GET /file          "0123456789", with the entity tag "v1" and the date FILE_DATE; PUT as
 *well GET /weak          the same with W/"v1" GET /upgrade       changes to the protocol "test",
 *which sends everything back
 *	* /files/...       the handler of the weir binary over a directory with the file "digits",
 *	                   which is as /file, but has an entity tag of its own
 *	* /smuggled        fails the case that reaches it
 */
#ifndef WEIR_TESTS_CONFORMANCE_CASE_H
#define WEIR_TESTS_CONFORMANCE_CASE_H

#include <stdbool.h>
#include <stddef.h>

struct conformance_case {
	const char *name;
	const char *section; /* "9112 6.1": a section of RFC 9112 */
	const char *bytes;
	size_t size;
	/* What comes, word by word, in this order:
	 *   200     an answer with this status
	 *   h200    the same, to HEAD
	 *   408?    the same, or the end
	 *   body    the client sends the body that it held back, "hello"
	 *   100     one interim answer before the next
	 *   101     the protocol changes
	 *   echo    what is sent comes back: the new protocol is spoken
	 *   keep    the connection is good for another request, which is tried
	 *   close   it is closed, with nothing more on it; the last answer, if there was one, has
	 *           said so */
	const char *expect;
	const char *newer; /* the same with libmicrohttpd 1.0; NULL: no difference */
	/* Of the last answer, where `expect` holds. */
	const char *body;  /* NULL: any */
	const char *field; /* "Name: value", or "!Name" for none, NULL: any */
	size_t fill;       /* so many times 'a' in the place of the first SUB, 1a */
	bool fin;          /* the client sends no more, and says so */
};

struct conformance_topic {
	const char *title;
	const struct conformance_case *cases;
	size_t count;
};

#define SENDS(text) .bytes = (text), .size = sizeof(text) - 1
#define FILL "\x1a"

/* Beginnings of requests, each without the end of its header. */
#define HOST "Host: a\r\n"
#define GET "GET /hello HTTP/1.1\r\n" HOST
#define POST "POST /echo HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n"
#define END "\r\n"
/* A request that is to be taken for a part of another one, or not to be read at all. */
#define HIDDEN "GET /smuggled HTTP/1.1\r\n" HOST END

#define FILE_TIME 1700000000
#define FILE_DATE "Tue, 14 Nov 2023 22:13:20 GMT"
#define FILE_DATE_BEFORE "Tue, 14 Nov 2023 22:13:19 GMT"
#define FILE_DATE_AFTER "Tue, 14 Nov 2023 22:13:21 GMT"

/* The bytes that a case sends, to be freed. */
char *case_bytes(const struct conformance_case *one, size_t *size);

#endif
