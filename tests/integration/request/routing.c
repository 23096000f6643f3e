/* Which route a request goes to: literal segments before {name}, {name} before {rest...};
 * 404 where there is no path, 405 with Allow where there is no method. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static const char *text_or(const char *text, const char *other)
{
	return text != NULL ? text : other;
}

static int tell_route(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return weir_response_printf(response, "%s|%s|%s|%s", weir_request_route(request),
				    text_or(weir_request_param(request, "a"), "-"),
				    text_or(weir_request_param(request, "b"), "-"),
				    text_or(weir_request_param(request, "rest"), "-"));
}

struct expectation {
	const char *method;
	const char *target;
	int status;
	const char *body;
};

static void expect_all(struct fixture *fixture, const struct expectation *expected, size_t count)
{
	struct client client;
	struct reply reply;

	for (size_t i = 0; i < count; i++) {
		client_open(&client, fixture->url);
		client_printf(&client, "%s %s HTTP/1.1\r\nHost: test\r\n\r\n", expected[i].method,
			      expected[i].target);
		client_receive(&client, &reply);
		cr_assert_eq(reply.status, expected[i].status, "%s %s: status %d",
			     expected[i].method, expected[i].target, reply.status);
		if (expected[i].body != NULL)
			cr_assert_str_eq(reply.body, expected[i].body);
		reply_free(&reply);
		client_close(&client);
	}
}

Test(routing, literal_before_parameter_before_rest)
{
	static const char *const patterns[] = {
		"GET /",
		"GET /x",
		"GET /x/y",
		"GET /x/{a}",
		"GET /x/{a}/z",
		"GET /{a}/y",
		"GET /p/{a}/q/{b}",
		"GET /x/{a}/{rest...}",
		"GET /f/{rest...}",
		"GET /f/special",
		"GET /f/{a}/special",
	};
	static const struct expectation expected[] = {
		{"GET", "/", 200, "GET /|-|-|-"},
		{"GET", "/x", 200, "GET /x|-|-|-"},
		{"GET", "/x/y", 200, "GET /x/y|-|-|-"},
		{"GET", "/x/other", 200, "GET /x/{a}|other|-|-"},
		{"GET", "/x/other/z", 200, "GET /x/{a}/z|other|-|-"},
		{"GET", "/x/other/w", 200, "GET /x/{a}/{rest...}|other|-|w"},
		{"GET", "/x/other/w/v", 200, "GET /x/{a}/{rest...}|other|-|w/v"},
		{"GET", "/other/y", 200, "GET /{a}/y|other|-|-"},
		{"GET", "/p/1/q/2", 200, "GET /p/{a}/q/{b}|1|2|-"},
		{"GET", "/f/", 200, "GET /f/{rest...}|-|-|"},
		{"GET", "/f/a", 200, "GET /f/{rest...}|-|-|a"},
		{"GET", "/f/a/b/c", 200, "GET /f/{rest...}|-|-|a/b/c"},
		{"GET", "/f/special", 200, "GET /f/special|-|-|-"},
		{"GET", "/f/a/special", 200, "GET /f/{a}/special|a|-|-"},
		{"GET", "/y", 404, NULL},
		{"GET", "/p/1/q", 404, NULL},
		{"GET", "/p/1/q/2/3", 404, NULL},
		{"GET", "/X", 404, NULL},
	};
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		fixture_route(&fixture, patterns[i], tell_route, NULL);
	fixture_start(&fixture);
	expect_all(&fixture, expected, sizeof(expected) / sizeof(expected[0]));
	fixture_finish(&fixture);
}

Test(routing, parameters_are_decoded_segment_by_segment)
{
	static const struct expectation expected[] = {
		{"GET", "/x/a%20b", 200, "GET /x/{a}|a b|-|-"},
		{"GET", "/x/a%2Fb", 200, "GET /x/{a}|a/b|-|-"},
		{"GET", "/x/%C3%A9", 200, "GET /x/{a}|\xc3\xa9|-|-"},
		{"GET", "/x/100%25", 200, "GET /x/{a}|100%|-|-"},
		{"GET", "/x/a+b", 200, "GET /x/{a}|a+b|-|-"},
		{"GET", "/x/a?q=1", 200, "GET /x/{a}|a|-|-"},
	};
	struct fixture fixture;

	fixture_serve(&fixture, NULL, "GET /x/{a}", tell_route, NULL);
	expect_all(&fixture, expected, sizeof(expected) / sizeof(expected[0]));
	fixture_finish(&fixture);
}

/* The methods that a path allows, as a set: their order is not ours to demand. */
static bool allows(const struct reply *reply, const char *method)
{
	const char *allow = reply_header(reply, "Allow");
	size_t size = strlen(method);

	for (const char *at = allow; at != NULL && *at != '\0'; at += strcspn(at, ",")) {
		at += strspn(at, ", ");
		if (strncmp(at, method, size) == 0 && (at[size] == ',' || at[size] == '\0'))
			return true;
	}
	return false;
}

Test(routing, wrong_method_is_told_the_right_ones)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /thing/{a}", tell_route, NULL);
	fixture_route(&fixture, "PUT /thing/{a}", tell_route, NULL);
	fixture_route(&fixture, "DELETE /thing/{a}", tell_route, NULL);
	fixture_start(&fixture);
	client_open(&client, fixture.url);
	client_send_text(&client,
			 "POST /thing/1 HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 405);
	cr_assert(allows(&reply, "GET"));
	cr_assert(allows(&reply, "HEAD"));
	cr_assert(allows(&reply, "PUT"));
	cr_assert(allows(&reply, "DELETE"));
	cr_assert_not(allows(&reply, "POST"));
	reply_free(&reply);
	client_close(&client);
	client_open(&client, fixture.url);
	client_send_text(&client, "get /thing/1 HTTP/1.1\r\nHost: test\r\n\r\n");
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 405);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}

Test(routing, star_takes_every_method_that_has_no_route)
{
	static const struct expectation expected[] = {
		{"GET", "/thing", 200, "GET /thing|-|-|-"},
		{"DELETE", "/thing", 200, "* /thing|-|-|-"},
		{"BREW", "/thing", 200, "* /thing|-|-|-"},
		{"OPTIONS", "/thing", 200, "* /thing|-|-|-"},
	};
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "* /thing", tell_route, NULL);
	fixture_route(&fixture, "GET /thing", tell_route, NULL);
	fixture_start(&fixture);
	expect_all(&fixture, expected, sizeof(expected) / sizeof(expected[0]));
	fixture_finish(&fixture);
}

Test(routing, scopes_keep_listeners_apart)
{
	static const struct expectation public_expected[] = {{"GET", "/public", 200, NULL},
							     {"GET", "/admin", 404, NULL},
							     {"GET", "/both", 200, NULL}};
	static const struct expectation admin_expected[] = {{"GET", "/public", 404, NULL},
							    {"GET", "/admin", 200, NULL},
							    {"GET", "/both", 200, NULL}};
	const struct weir_route_options admin = {.scope = WEIR_SCOPE_ADMIN};
	const struct weir_route_options both = {.scope = WEIR_SCOPE_BOTH};
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /public", tell_route, NULL);
	fixture_route_with(&fixture, "GET /admin", tell_route, NULL, &admin);
	fixture_route_with(&fixture, "GET /both", tell_route, NULL, &both);
	cr_assert_eq(weir_server_listen(fixture.server, "127.0.0.1:0", WEIR_SCOPE_ADMIN), 0);
	fixture_start(&fixture);
	expect_all(&fixture, public_expected, 3);
	fixture.url = weir_server_url(fixture.server, 1);
	expect_all(&fixture, admin_expected, 3);
	fixture_finish(&fixture);
}
