/* conditions.c: preconditions, in their order of precedence (RFC 9110, 13.2.2). */
#include "topics.h"

#define GET_IF(fields) SENDS("GET /file HTTP/1.1\r\n" HOST fields END)
#define WEAK_IF(fields) SENDS("GET /weak HTTP/1.1\r\n" HOST fields END)
#define PUT_IF(fields) SENDS("PUT /file HTTP/1.1\r\n" HOST "Content-Length: 1\r\n" fields "\r\nx")

#define MATCHES "If-Match: \"v1\"\r\n"
#define MATCHES_NOT "If-Match: \"v2\"\r\n"
#define NONE_MATCHES "If-None-Match: \"v2\"\r\n"
#define ONE_MATCHES "If-None-Match: \"v1\"\r\n"
#define UNMODIFIED "If-Unmodified-Since: " FILE_DATE "\r\n"
#define MODIFIED "If-Unmodified-Since: " FILE_DATE_BEFORE "\r\n"
#define NOT_NEWER "If-Modified-Since: " FILE_DATE "\r\n"
#define NEWER "If-Modified-Since: " FILE_DATE_BEFORE "\r\n"

static const struct conformance_case cases[] = {
	{"none", "9110 13", GET_IF(""), "200 keep", .body = "0123456789",
	 .field = "Last-Modified: " FILE_DATE},
	{"If-Match: the tag", "9110 13.1.1", GET_IF(MATCHES), "200 keep"},
	{"If-Match: another", "9110 13.1.1", GET_IF(MATCHES_NOT), "412 keep"},
	{"If-Match: in a list", "9110 13.1.1", GET_IF("If-Match: \"v0\", \"v1\"\r\n"), "200 keep"},
	{"If-Match: in a second field", "9110 5.3",
	 GET_IF("If-Match: \"v0\"\r\nIf-Match: \"v1\"\r\n"), "200 keep"},
	{"If-Match: *", "9110 13.1.1", GET_IF("If-Match: *\r\n"), "200 keep"},
	{"If-Match: a weak tag never", "9110 8.8.3.2", GET_IF("If-Match: W/\"v1\"\r\n"),
	 "412 keep"},
	{"If-Match: of what is weak never", "9110 8.8.3.2", WEAK_IF(MATCHES), "412 keep"},
	{"If-Match: to change it", "9110 13.1.1", PUT_IF(MATCHES), "204 keep"},
	{"If-Match: to change what has changed", "9110 13.1.1", PUT_IF(MATCHES_NOT), "412 keep"},
	{"If-None-Match: the tag", "9110 13.1.2", GET_IF(ONE_MATCHES), "304 keep",
	 .field = "ETag: \"v1\""},
	{"If-None-Match: another", "9110 13.1.2", GET_IF(NONE_MATCHES), "200 keep"},
	{"If-None-Match: in a list", "9110 13.1.2", GET_IF("If-None-Match: \"v0\", \"v1\"\r\n"),
	 "304 keep"},
	{"If-None-Match: in a second field", "9110 5.3",
	 GET_IF("If-None-Match: \"v0\"\r\nIf-None-Match: \"v1\"\r\n"), "304 keep"},
	{"If-None-Match: a list with empty parts", "9110 5.6.1.2",
	 GET_IF("If-None-Match: , \"v0\" ,, \"v1\"\r\n"), "304 keep"},
	{"If-None-Match: a comma in a tag", "9110 8.8.3",
	 GET_IF("If-None-Match: \"a,b\", \"v1\"\r\n"), "304 keep"},
	{"If-None-Match: *", "9110 13.1.2", GET_IF("If-None-Match: *\r\n"), "304 keep"},
	{"If-None-Match: a weak tag is good enough", "9110 8.8.3.2",
	 GET_IF("If-None-Match: W/\"v1\"\r\n"), "304 keep"},
	{"If-None-Match: of what is weak", "9110 8.8.3.2", WEAK_IF(ONE_MATCHES), "304 keep"},
	{"If-None-Match: no quotes, no tag", "9110 8.8.3", GET_IF("If-None-Match: v1\r\n"),
	 "200 keep"},
	{"If-None-Match: to make it, and it is there", "9110 13.1.2",
	 PUT_IF("If-None-Match: *\r\n"), "412 keep"},
	{"If-None-Match: to change it", "9110 13.1.2", PUT_IF(NONE_MATCHES), "204 keep"},
	{"If-Modified-Since: as old", "9110 13.1.3", GET_IF(NOT_NEWER), "304 keep"},
	{"If-Modified-Since: newer", "9110 13.1.3", GET_IF(NEWER), "200 keep"},
	{"If-Modified-Since: a date after", "9110 13.1.3",
	 GET_IF("If-Modified-Since: " FILE_DATE_AFTER "\r\n"), "304 keep"},
	{"If-Modified-Since: no date", "9110 13.1.3", GET_IF("If-Modified-Since: yesterday\r\n"),
	 "200 keep"},
	{"If-Modified-Since: two fields", "9110 13.1.3",
	 GET_IF(NOT_NEWER "If-Modified-Since: " FILE_DATE_AFTER "\r\n"), "200 keep"},
	{"If-Modified-Since: of RFC 850", "9110 5.6.7",
	 GET_IF("If-Modified-Since: Tuesday, 14-Nov-23 22:13:20 GMT\r\n"), "304 keep"},
	{"If-Modified-Since: of asctime()", "9110 5.6.7",
	 GET_IF("If-Modified-Since: Tue Nov 14 22:13:20 2023\r\n"), "304 keep"},
	{"If-Modified-Since: another zone", "9110 5.6.7",
	 GET_IF("If-Modified-Since: Tue, 14 Nov 2023 22:13:20 CET\r\n"), "200 keep"},
	{"If-Modified-Since: a change is no reading", "9110 13.1.3", PUT_IF(NOT_NEWER), "204 keep"},
	{"If-Unmodified-Since: as old", "9110 13.1.4", GET_IF(UNMODIFIED), "200 keep"},
	{"If-Unmodified-Since: newer", "9110 13.1.4", GET_IF(MODIFIED), "412 keep"},
	{"If-Unmodified-Since: no date", "9110 13.1.4",
	 GET_IF("If-Unmodified-Since: yesterday\r\n"), "200 keep"},
	{"If-Unmodified-Since: to change it", "9110 13.1.4", PUT_IF(UNMODIFIED), "204 keep"},
	{"If-Unmodified-Since: to change what has changed", "9110 13.1.4", PUT_IF(MODIFIED),
	 "412 keep"},
	{"1 before 2: If-Match is true, the date is not", "9110 13.2.2", GET_IF(MATCHES MODIFIED),
	 "200 keep"},
	{"1 before 2: If-Match is false, the date is true", "9110 13.2.2",
	 GET_IF(MATCHES_NOT UNMODIFIED), "412 keep"},
	{"1, then 3: both are true", "9110 13.2.2", GET_IF(MATCHES NONE_MATCHES), "200 keep"},
	{"1, then 3: the second is false", "9110 13.2.2", GET_IF(MATCHES ONE_MATCHES), "304 keep"},
	{"1 before 3: both are false", "9110 13.2.2", GET_IF(MATCHES_NOT ONE_MATCHES), "412 keep"},
	{"2, then 3: the second is false", "9110 13.2.2", GET_IF(UNMODIFIED ONE_MATCHES),
	 "304 keep"},
	{"2 before 3: both are false", "9110 13.2.2", GET_IF(MODIFIED ONE_MATCHES), "412 keep"},
	{"3 before 4: the tag says changed, the date not", "9110 13.2.2",
	 GET_IF(NONE_MATCHES NOT_NEWER), "200 keep"},
	{"3 before 4: the tag says the same, the date not", "9110 13.2.2",
	 GET_IF(ONE_MATCHES NEWER), "304 keep"},
	{"2, then 4", "9110 13.2.2", GET_IF(UNMODIFIED NOT_NEWER), "304 keep"},
	{"1, then 4", "9110 13.2.2", GET_IF(MATCHES NOT_NEWER), "304 keep"},
	{"the order of the fields is none", "9110 13.2.2", GET_IF(ONE_MATCHES MATCHES_NOT),
	 "412 keep"},
	{"3 before 5", "9110 13.2.2", GET_IF(ONE_MATCHES "Range: bytes=0-3\r\n"), "304 keep"},
	{"1 before 5", "9110 13.2.2", GET_IF(MATCHES_NOT "Range: bytes=0-3\r\n"), "412 keep"},
	{"nothing is asked of what is not there", "9110 13.2.1",
	 SENDS("GET /none HTTP/1.1\r\n" HOST "If-Match: *\r\n\r\n"), "404 keep"},
};

TOPIC(conditions, "Preconditions");
