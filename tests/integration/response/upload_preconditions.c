/* weir_request_precondition(): whether a resource may be changed under If-Match,
 * If-None-Match and If-Unmodified-Since. */
#include <criterion/criterion.h>
#include <stdint.h>

#include "support/fixture.h"
#include "support/reply.h"

struct resource {
	const char *etag; /* NULL: there is none */
	int64_t mtime;
};

static int handle_put(weir_request *request, weir_response *response, weir_token *token)
{
	const struct resource *resource = weir_request_context(request);
	int verdict = weir_request_precondition(request, resource->etag, resource->mtime);

	(void)token;
	return weir_response_printf(response, "%d", verdict);
}

static void expect(struct client *client, const char *target, const char *fields,
		   const char *verdict)
{
	struct reply reply;

	client_printf(client, "PUT %s HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n%s\r\n",
		      target, fields);
	client_receive(client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, verdict, "%s %s%s", target, fields, reply.body);
	reply_free(&reply);
}

Test(upload_preconditions, are_those_of_the_rfc)
{
	static struct resource there = {.etag = "\"tag\"", .mtime = 1700000000};
	static struct resource missing = {0};
	struct fixture fixture;
	struct client client;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "PUT /there", handle_put, &there);
	fixture_route(&fixture, "PUT /missing", handle_put, &missing);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	expect(&client, "/there", "", "0");
	expect(&client, "/missing", "", "0");
	expect(&client, "/there", "If-Match: \"tag\"\r\n", "0");
	expect(&client, "/there", "If-Match: \"other\"\r\n", "412");
	expect(&client, "/there", "If-Match: *\r\n", "0");
	expect(&client, "/missing", "If-Match: *\r\n", "412");
	expect(&client, "/missing", "If-Match: \"tag\"\r\n", "412");
	expect(&client, "/there", "If-None-Match: *\r\n", "412");
	expect(&client, "/missing", "If-None-Match: *\r\n", "0");
	expect(&client, "/there", "If-None-Match: \"tag\"\r\n", "412");
	expect(&client, "/there", "If-None-Match: \"other\"\r\n", "0");
	expect(&client, "/there", "If-Unmodified-Since: Tue, 14 Nov 2023 22:13:20 GMT\r\n", "0");
	expect(&client, "/there", "If-Unmodified-Since: Tue, 14 Nov 2023 22:13:19 GMT\r\n", "412");
	client_close(&client);
	fixture_finish(&fixture);
}
