/* upgrade.c: Upgrade. */
#include "topics.h"

#define ASK(fields) SENDS("GET /upgrade HTTP/1.1\r\n" HOST fields END)
#define UPGRADE "Connection: upgrade\r\n"

static const struct conformance_case cases[] = {
	{"to a protocol that is known", "9110 7.8", ASK(UPGRADE "Upgrade: test\r\n"), "101 echo"},
	{"in any case", "9110 7.8", ASK("Connection: UPGRADE\r\nUpgrade: TEST\r\n"), "101 echo"},
	{"one of several protocols", "9110 7.8", ASK(UPGRADE "Upgrade: other/2, test\r\n"),
	 "101 echo"},
	{"one of several options", "9110 7.6.1",
	 ASK("Connection: keep-alive, Upgrade\r\nUpgrade: test\r\n"), "101 echo"},
	{"two fields", "9110 5.3", ASK(UPGRADE "Upgrade: other\r\nUpgrade: test\r\n"), "101 echo"},
	{"to another protocol", "9110 15.5.22", ASK(UPGRADE "Upgrade: other\r\n"), "426 keep",
	 .field = "Upgrade: test"},
	{"without Connection", "9110 7.8", ASK("Upgrade: test\r\n"), "426 keep"},
	{"without Upgrade", "9110 7.8", ASK(UPGRADE), "426 keep"},
	{"in 1.0", "9110 7.8",
	 SENDS("GET /upgrade HTTP/1.0\r\n" UPGRADE "Upgrade: test\r\n\r\n" HIDDEN), "426 close"},
	{"of a target that does not change", "9110 7.8", SENDS(GET UPGRADE "Upgrade: test\r\n\r\n"),
	 "200 keep", .body = "hello\n"},
	{"to h2c, which may be ignored", "9110 7.8",
	 SENDS(GET "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
		   "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"),
	 "200 keep", .body = "hello\n"},
};

TOPIC(upgrade, "Upgrade");
