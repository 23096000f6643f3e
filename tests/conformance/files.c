/* files.c: the handler of files of the weir binary. */
#include "topics.h"

#define DIGITS(method, fields) SENDS(method " /files/digits HTTP/1.1\r\n" HOST fields END)

static const struct conformance_case cases[] = {
	{"a file", "9110 9.3.1", DIGITS("GET", ""), "200 keep", .body = "0123456789",
	 .field = "Last-Modified: " FILE_DATE},
	{"HEAD", "9110 9.3.2", DIGITS("HEAD", ""), "h200 keep", .field = "Content-Length: 10"},
	{"one that is not there", "9110 15.5.5", SENDS("GET /files/none HTTP/1.1\r\n" HOST END),
	 "404 keep"},
	{"above the root", "9110 17.3", SENDS("GET /files/../digits HTTP/1.1\r\n" HOST END),
	 "400 keep"},
	{"above the root, escaped", "9110 17.3",
	 SENDS("GET /files/%2e%2e/digits HTTP/1.1\r\n" HOST END), "400 keep"},
	{"another method", "9110 15.5.6", DIGITS("POST", "Content-Length: 0\r\n"), "405 keep"},
	{"a range", "9110 14.2", DIGITS("GET", "Range: bytes=2-4\r\n"), "206 keep", .body = "234",
	 .field = "Content-Range: bytes 2-4/10"},
	{"two ranges", "9110 14.2", DIGITS("GET", "Range: bytes=2-4,6-\r\n"), "200 keep",
	 .body = "0123456789"},
	{"a range behind the end", "9110 15.5.17", DIGITS("GET", "Range: bytes=10-\r\n"),
	 "416 keep", .field = "Content-Range: bytes */10"},
	{"If-Range: the date", "9110 13.1.5",
	 DIGITS("GET", "Range: bytes=2-4\r\nIf-Range: " FILE_DATE "\r\n"), "206 keep",
	 .body = "234"},
	{"If-Match: *", "9110 13.1.1", DIGITS("GET", "If-Match: *\r\n"), "200 keep"},
	{"If-Match: another", "9110 13.1.1", DIGITS("GET", "If-Match: \"x\"\r\n"), "412 keep"},
	{"If-None-Match: *", "9110 13.1.2", DIGITS("GET", "If-None-Match: *\r\n"), "304 keep"},
	{"If-None-Match: another, and a date", "9110 13.2.2",
	 DIGITS("GET", "If-None-Match: \"x\"\r\nIf-Modified-Since: " FILE_DATE "\r\n"), "200 keep"},
	{"If-Modified-Since", "9110 13.1.3", DIGITS("GET", "If-Modified-Since: " FILE_DATE "\r\n"),
	 "304 keep"},
	{"If-Unmodified-Since", "9110 13.1.4",
	 DIGITS("GET", "If-Unmodified-Since: " FILE_DATE_BEFORE "\r\n"), "412 keep"},
	{"PUT only if it is not there", "9110 13.1.2",
	 SENDS("PUT /files/digits HTTP/1.1\r\n" HOST
	       "If-None-Match: *\r\nContent-Length: 1\r\n\r\nx"),
	 "412 keep"},
	{"PUT only of what is known", "9110 13.1.1",
	 SENDS("PUT /files/digits HTTP/1.1\r\n" HOST
	       "If-Match: \"x\"\r\nContent-Length: 1\r\n\r\nx"),
	 "412 keep"},
	{"PUT only if it is as old", "9110 13.1.4",
	 SENDS("PUT /files/digits HTTP/1.1\r\n" HOST "If-Unmodified-Since: " FILE_DATE_BEFORE
	       "\r\nContent-Length: 1\r\n\r\nx"),
	 "412 keep"},
	{"PUT of a part", "9110 14.4",
	 SENDS("PUT /files/digits HTTP/1.1\r\n" HOST
	       "Content-Range: bytes 0-0/10\r\nContent-Length: 1\r\n\r\nx"),
	 "400 keep"},
	{"DELETE only of what is known", "9110 13.1.1", DIGITS("DELETE", "If-Match: \"x\"\r\n"),
	 "412 keep"},
	{"a file with a slash after it", "9110 15.5.5",
	 SENDS("GET /files/digits/ HTTP/1.1\r\n" HOST END), "404 keep"},
	{"what no condition may hide: it was not changed", "9110 13.2.1", DIGITS("GET", ""),
	 "200 keep", .body = "0123456789"},
};

TOPIC(files, "Files, as the weir binary serves them");
