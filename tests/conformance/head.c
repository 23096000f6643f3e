/* head.c: HEAD. */
#include "topics.h"

#define HEAD_OF(target) SENDS("HEAD " target " HTTP/1.1\r\n" HOST END)

static const struct conformance_case cases[] = {
	{"the length of the body that is not there", "9110 9.3.2", HEAD_OF("/hello"), "h200 keep",
	 .field = "Content-Length: 6"},
	{"of a file", "9110 9.3.2", HEAD_OF("/file"), "h200 keep", .field = "Content-Length: 10"},
	{"fields as for GET", "9110 9.3.2", HEAD_OF("/file"), "h200 keep", .field = "ETag: \"v1\""},
	{"of a stream", "9110 9.3.2", HEAD_OF("/stream"), "h200 close"},
	{"of what is not there", "9110 9.3.2", HEAD_OF("/none"), "h404 keep"},
	{"of what does not know it", "9110 15.5.6", HEAD_OF("/count"), "h405 keep",
	 .field = "Allow: POST"},
	{"of nothing", "9110 9.3.2", HEAD_OF("/nothing"), "h204 keep", .field = "!Content-Length"},
	{"a range does not count", "9110 14.2",
	 SENDS("HEAD /file HTTP/1.1\r\n" HOST "Range: bytes=0-3\r\n\r\n"), "h200 keep",
	 .field = "Content-Length: 10"},
	{"with a condition", "9110 13.1.2",
	 SENDS("HEAD /file HTTP/1.1\r\n" HOST "If-None-Match: \"v1\"\r\n\r\n"), "h304 keep"},
	{"before GET", "9112 9.3.2", SENDS("HEAD /hello HTTP/1.1\r\n" HOST END GET END),
	 "h200 200 keep", .body = "hello\n"},
	{"in 1.0", "9110 9.3.2", SENDS("HEAD /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
	 "h200 keep", .field = "Content-Length: 6"},
	{"a bad one has no body either", "9112 6.3",
	 SENDS("HEAD /hello HTTP/1.1\r\n" HOST HOST END HIDDEN), "h400 close"},
	{"with a body of its own", "9110 9.3.2",
	 SENDS("HEAD /hello HTTP/1.1\r\n" HOST "Content-Length: 40\r\n\r\n" HIDDEN "12345"),
	 "h200 keep"},
};

TOPIC(head, "HEAD");
