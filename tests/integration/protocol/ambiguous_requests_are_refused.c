/* What a parser might let through, and two parsers might understand in two ways, is refused
 * with 400 and a closed connection; nothing that follows on it is taken for a request. */
#include <criterion/criterion.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/reply.h"

#define SMUGGLED "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"

struct bad_request {
	const char *what;
	const char *text;
	size_t size;
	int status; /* 0: 400 */
};

#define BAD(what, text)                                                                            \
	{                                                                                          \
		(what), (text), sizeof(text) - 1, 0                                                \
	}
/* Larger than any number that is counted with: too large is true as well. */
#define TOO_LARGE(what, text)                                                                      \
	{                                                                                          \
		(what), (text), sizeof(text) - 1, 413                                              \
	}

static int count_calls(weir_request *request, weir_response *response, weir_token *token)
{
	gate_announce(weir_request_context(request));
	return handle_hello(request, response, token);
}

static void refuse_all(const struct bad_request *bad, size_t count)
{
	struct fixture fixture;
	struct gate calls;
	struct client client;
	struct reply reply;

	gate_init(&calls);
	fixture_serve(&fixture, NULL, "* /{rest...}", count_calls, &calls);
	for (size_t i = 0; i < count; i++) {
		unsigned before = gate_arrivals(&calls);

		client_open(&client, fixture.url);
		client_send_up_to(&client, bad[i].text, bad[i].size);
		client_receive(&client, &reply);
		cr_expect(reply.status == 400 ||
				  (reply.status != 0 && reply.status == bad[i].status),
			  "%s: status %d", bad[i].what, reply.status);
		cr_expect(reply_says_close(&reply), "%s: not closed", bad[i].what);
		reply_free(&reply);
		client_receive(&client, &reply);
		cr_expect_eq(reply.status, 0, "%s: a second answer", bad[i].what);
		reply_free(&reply);
		client_close(&client);
		cr_expect_eq(gate_arrivals(&calls), before, "%s: the handler ran", bad[i].what);
	}
	fixture_finish(&fixture);
	gate_destroy(&calls);
}

#define POST "POST /x HTTP/1.1\r\nHost: test\r\n"
#define GET "GET /x HTTP/1.1\r\nHost: test\r\n"

Test(ambiguous_requests_are_refused, framing)
{
	static const struct bad_request bad[] = {
		BAD("length and coding", POST
		    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
		BAD("coding and length", POST
		    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" SMUGGLED),
		BAD("two lengths",
		    POST "Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody" SMUGGLED),
		BAD("two lengths in one", POST "Content-Length: 4, 5\r\n\r\nbody" SMUGGLED),
		TOO_LARGE("length of 2^64-1",
			  POST "Content-Length: 18446744073709551615\r\n\r\nbody" SMUGGLED),
		TOO_LARGE("length of 2^64",
			  POST "Content-Length: 18446744073709551616\r\n\r\nbody" SMUGGLED),
		TOO_LARGE("length of 2^64+4",
			  POST "Content-Length: 18446744073709551620\r\n\r\nbody" SMUGGLED),
		BAD("negative length", POST "Content-Length: -4\r\n\r\nbody" SMUGGLED),
		BAD("length with a sign", POST "Content-Length: +4\r\n\r\nbody" SMUGGLED),
		BAD("hexadecimal length", POST "Content-Length: 0x4\r\n\r\nbody" SMUGGLED),
		BAD("length with a tail", POST "Content-Length: 4 4\r\n\r\nbody" SMUGGLED),
		BAD("empty length", POST "Content-Length:\r\n\r\nbody" SMUGGLED),
		BAD("gzip", POST "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n" SMUGGLED),
		BAD("gzip, chunked",
		    POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
		BAD("chunked, gzip",
		    POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" SMUGGLED),
		BAD("chunked, chunked",
		    POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
		BAD("chunked twice", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: "
					  "chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
		BAD("chunked and gzip", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: "
					     "gzip\r\n\r\n0\r\n\r\n" SMUGGLED),
		BAD("xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SMUGGLED),
		BAD("identity", POST "Transfer-Encoding: identity\r\n\r\n" SMUGGLED),
		BAD("chunked with a vertical tab", POST "Transfer-Encoding: \x0b"
							"chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
		BAD("a coding on HTTP/1.0", "POST /x HTTP/1.0\r\nHost: test\r\nTransfer-Encoding: "
					    "chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
		BAD("folded into a coding",
		    POST "Transfer-Enc: chunked\r\n oding: x\r\n\r\n0\r\n\r\n" SMUGGLED),
		BAD("folded", GET "X-A: b\r\n c\r\n\r\n" SMUGGLED),
	};

	refuse_all(bad, sizeof(bad) / sizeof(bad[0]));
}

Test(ambiguous_requests_are_refused, host)
{
	static const struct bad_request bad[] = {
		BAD("no host", "GET /x HTTP/1.1\r\n\r\n" SMUGGLED),
		BAD("two hosts", "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" SMUGGLED),
		BAD("the same host twice",
		    "GET /x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" SMUGGLED),
		BAD("two hosts on HTTP/1.0", "GET /x HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
		BAD("a space in it", "GET /x HTTP/1.1\r\nHost: a b\r\n\r\n" SMUGGLED),
		BAD("a path in it", "GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n" SMUGGLED),
		BAD("a user in it", "GET /x HTTP/1.1\r\nHost: u@a\r\n\r\n" SMUGGLED),
		BAD("a list", "GET /x HTTP/1.1\r\nHost: a, b\r\n\r\n" SMUGGLED),
		BAD("a port of letters", "GET /x HTTP/1.1\r\nHost: a:http\r\n\r\n" SMUGGLED),
	};

	refuse_all(bad, sizeof(bad) / sizeof(bad[0]));
}

Test(ambiguous_requests_are_refused, names_and_values)
{
	static const struct bad_request bad[] = {
		BAD("a space in a name", GET "X Y: 1\r\n\r\n" SMUGGLED),
		BAD("a space before the colon", GET "X-Y : 1\r\n\r\n" SMUGGLED),
		BAD("a bracket in a name", GET "X(Y): 1\r\n\r\n" SMUGGLED),
		BAD("a control character in a name", GET "X\x01Y: 1\r\n\r\n" SMUGGLED),
		BAD("a letter beyond ASCII in a name", GET "X\xc3\xa9: 1\r\n\r\n" SMUGGLED),
		BAD("no name", GET ": 1\r\n\r\n" SMUGGLED),
		BAD("no name first", "GET /x HTTP/1.1\r\n: 1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("no name on HTTP/1.0", "GET /x HTTP/1.0\r\n: 1\r\n" SMUGGLED),
		BAD("no colon", GET "X-Y\r\n\r\n" SMUGGLED),
		BAD("a bare return in a value", GET "X-Y: a\rb\r\n\r\n" SMUGGLED),
		BAD("a bare return that hides a field",
		    GET "X-Y: a\rContent-Length: 5\r\n\r\n" SMUGGLED),
	};

	refuse_all(bad, sizeof(bad) / sizeof(bad[0]));
}

Test(ambiguous_requests_are_refused, method_and_target)
{
	static const struct bad_request bad[] = {
		BAD("an at sign in the method", "G@T /x HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("a bracket in the method", "GE(T /x HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("a control character in the method",
		    "GE\x01T /x HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("CONNECT", "CONNECT test:80 HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("CONNECT of a path", "CONNECT /x HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("a control character in the target",
		    "GET /a\x01"
		    "b HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("a DEL in the target", "GET /a\x7f"
					   "b HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("%00 in the path", "GET /a%00b HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("%0A in the path", "GET /a%0Ab HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("%7f in the path", "GET /a%7fb HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("%00 in the query", "GET /a?b=%00 HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("two spaces", "GET  /x HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
		BAD("a relative target", "GET x HTTP/1.1\r\nHost: test\r\n\r\n" SMUGGLED),
	};

	refuse_all(bad, sizeof(bad) / sizeof(bad[0]));
}

/* What looks odd and is not: it must go on being taken. */
Test(ambiguous_requests_are_refused, but_unusual_ones_are_not)
{
	static const struct bad_request good[] = {
		BAD("a method of one's own",
		    "M-SEARCH!#$%&'*+-.^_`|~9 /x HTTP/1.1\r\nHost: t\r\n\r\n"),
		BAD("an IPv6 host", "GET /x HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"),
		BAD("a host with a port", "GET /x HTTP/1.1\r\nHost: test:80\r\n\r\n"),
		BAD("CHUNKED", "POST /x HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: "
			       "CHUNKED\r\n\r\n4\r\nbody\r\n0\r\n\r\n"),
		BAD("no host on HTTP/1.0", "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
		BAD("letters beyond ASCII in a value", GET "X-Y: \xc3\xa9\r\n\r\n"),
		BAD("a tab in a value", GET "X-Y: a\tb\r\n\r\n"),
		BAD("an empty value", GET "X-Y:\r\n\r\n"),
	};
	struct fixture fixture;
	struct gate calls;
	struct client client;
	struct reply reply;

	gate_init(&calls);
	fixture_serve(&fixture, NULL, "* /{rest...}", count_calls, &calls);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		client_open(&client, fixture.url);
		client_send(&client, good[i].text, good[i].size);
		client_receive(&client, &reply);
		cr_assert_eq(reply.status, 200, "%s: status %d", good[i].what, reply.status);
		reply_free(&reply);
		client_close(&client);
	}
	fixture_finish(&fixture);
	gate_destroy(&calls);
}
