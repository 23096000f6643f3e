/* expect.c: Expect. */
#include "topics.h"

#define ASKS POST "Expect: 100-continue\r\n"

static const struct conformance_case cases[] = {
	{"100-continue, and a body that waits for it", "9110 10.1.1",
	 SENDS(ASKS "Content-Length: 5\r\n\r\n"), "100 body 200 keep", .body = "hello"},
	{"in capitals", "9110 10.1.1",
	 SENDS(POST "Expect: 100-CONTINUE\r\nContent-Length: 5\r\n\r\n"), "100 body 200 keep",
	 .body = "hello"},
	{"to a stream", "9110 10.1.1",
	 SENDS("POST /count HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
	 "100 body 200 keep", .body = "5\n"},
	{"a body that does not wait", "9110 10.1.1", SENDS(ASKS "Content-Length: 5\r\n\r\nhello"),
	 "200 keep", .body = "hello"},
	{"without a body", "9110 10.1.1", SENDS(GET "Expect: 100-continue\r\n\r\n"), "200 keep",
	 .body = "hello\n"},
	{"refused before the body", "9110 10.1.1",
	 SENDS("POST /none HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
	 "404 close"},
	{"too large, refused before the body", "9110 10.1.1",
	 SENDS(ASKS "Content-Length: 1048577\r\n\r\n"), "413 close"},
	{"in 1.0 it is ignored", "9110 10.1.1",
	 SENDS("POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n"
	       "Content-Length: 5\r\n\r\nhello"),
	 "200 keep", .body = "hello"},
	{"another expectation", "9110 10.1.1",
	 SENDS(POST "Expect: miracle\r\nContent-Length: 40\r\n\r\n" HIDDEN), "417 close"},
	{"100-continue and another", "9110 10.1.1",
	 SENDS(POST "Expect: 100-continue, miracle\r\nContent-Length: 40\r\n\r\n" HIDDEN),
	 "417 close"},
};

TOPIC(expect, "Expect");
