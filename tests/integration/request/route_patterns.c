/* Which patterns weir_server_route() takes, and what it says to the others. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>

#include "support/fixture.h"
#include "support/handlers.h"

Test(route_patterns, bad_ones_are_refused)
{
	static const char *const bad[] = {
		"",           "GET",          "GET ",
		"/x",         " /x",          "GET x",
		"GET  /x",    "GET /x ",      "GET /{}",
		"GET /{a",    "GET /a}",      "GET /{rest...}/x",
		"GET /{...}", "GET /x{a}",    "GET /{a}x",
		"G(T /x",     "GET /{a}/{a}",
	};
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int rc = weir_server_route(fixture.server, bad[i], handle_hello, NULL, NULL);

		cr_assert_eq(rc, -EINVAL, "\"%s\": %d", bad[i], rc);
	}
	fixture_destroy(&fixture);
}

Test(route_patterns, the_same_twice_is_refused)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	fixture_route(&fixture, "GET /x/{a}", handle_hello, NULL);
	cr_assert_eq(weir_server_route(fixture.server, "GET /x/{a}", handle_hello, NULL, NULL),
		     -EEXIST);
	fixture_route(&fixture, "PUT /x/{a}", handle_hello, NULL);
	fixture_route(&fixture, "GET /x/b", handle_hello, NULL);
	fixture_destroy(&fixture);
}

Test(route_patterns, a_handler_and_sane_options_are_needed)
{
	const struct weir_route_options inline_stream = {.run = WEIR_RUN_INLINE,
							 .body = WEIR_BODY_STREAMED};
	const struct weir_route_options huge_buffer = {.body_limit = (uint64_t)2 << 30};
	const struct weir_route_options past = {.deadline = -5};
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_server_route(fixture.server, "GET /x", NULL, NULL, NULL), -EINVAL);
	cr_assert_eq(
		weir_server_route(fixture.server, "GET /x", handle_hello, NULL, &inline_stream),
		-EINVAL);
	cr_assert_eq(weir_server_route(fixture.server, "GET /x", handle_hello, NULL, &huge_buffer),
		     -EINVAL);
	cr_assert_eq(weir_server_route(fixture.server, "GET /x", handle_hello, NULL, &past),
		     -EINVAL);
	fixture_destroy(&fixture);
}
