/* host.c: the field Host. */
#include "topics.h"

#define WITH(fields) SENDS("GET /field/Host HTTP/1.1\r\n" fields END)
#define BAD(fields) SENDS("GET /hello HTTP/1.1\r\n" fields END HIDDEN)

static const struct conformance_case cases[] = {
	{"a name", "9110 7.2", WITH("Host: example.org\r\n"), "200 keep", .body = "[example.org]"},
	{"a port", "9110 7.2", WITH("Host: a:8080\r\n"), "200 keep", .body = "[a:8080]"},
	{"an empty port", "9110 4.2.1", WITH("Host: a:\r\n"), "200 keep", .body = "[a:]"},
	{"an IPv4 address", "9110 7.2", WITH("Host: 127.0.0.1\r\n"), "200 keep"},
	{"an IPv6 address", "9110 7.2", WITH("Host: [::1]:8080\r\n"), "200 keep",
	 .body = "[[::1]:8080]"},
	{"empty", "9112 3.2", WITH("Host:\r\n"), "200 keep", .body = "[]"},
	{"in any case", "9110 5.1", WITH("hOST: a\r\n"), "200 keep", .body = "[a]"},
	{"not first", "9110 5.3", WITH("X: 1\r\nHost: a\r\n"), "200 keep"},
	{"missing in 1.1", "9112 3.2", BAD(""), "400 close"},
	{"missing in 1.1, in absolute form", "9112 3.2",
	 SENDS("GET http://a/hello HTTP/1.1\r\n\r\n" HIDDEN), "400 close"},
	{"missing in 1.0", "9112 3.2",
	 SENDS("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "200 keep"},
	{"twice", "9112 3.2", BAD("Host: a\r\nHost: b\r\n"), "400 close"},
	{"the same twice", "9112 3.2", BAD("Host: a\r\nHost: a\r\n"), "400 close"},
	{"twice in 1.0", "9112 3.2", SENDS("GET /hello HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
	 "400 close"},
	{"a space in it", "9110 7.2", BAD("Host: a b\r\n"), "400 close"},
	{"a path", "9110 7.2", BAD("Host: a/b\r\n"), "400 close"},
	{"a query", "9110 7.2", BAD("Host: a?b\r\n"), "400 close"},
	{"a user", "9110 7.2", BAD("Host: u@a\r\n"), "400 close"},
	{"a list", "9110 7.2", BAD("Host: a, b\r\n"), "400 close"},
	{"a port of letters", "9110 7.2", BAD("Host: a:http\r\n"), "400 close"},
	{"two ports", "9110 7.2", BAD("Host: a:1:2\r\n"), "400 close"},
	{"an IPv6 address without an end", "9110 7.2", BAD("Host: [::1\r\n"), "400 close"},
	{"an IPv6 address without brackets", "9110 7.2", BAD("Host: ::1\r\n"), "400 close"},
	{"a space before the colon", "9112 5.1", BAD("Host : a\r\n"), "400 close"},
};

TOPIC(host, "Host");
