/* http/router.c: patterns, precedence, methods, scopes. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/router.h"

static int unused(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)response;
	(void)token;
	return 0;
}

static int add_in(struct weir__router *router, const char *pattern, enum weir_scope scope)
{
	const struct weir_route_options options = {.scope = scope};

	return weir__router_add(router, pattern, unused, NULL, &options);
}

static int add(struct weir__router *router, const char *pattern)
{
	return add_in(router, pattern, WEIR_SCOPE_PUBLIC);
}

static void init(struct weir__router *router)
{
	cr_assert_eq(weir__router_init(router), 0);
}

/* The pattern that matches and its captures: "GET /a/{x} x=1"; "405" or "404". */
static const char *match_in(struct weir__router *router, const char *request, enum weir_scope scope)
{
	static char text[256];
	const char *path = strchr(request, ' ') + 1;
	struct weir__match match;
	char method[32];
	int used;

	(void)snprintf(method, sizeof(method), "%.*s", (int)(path - request - 1), request);
	weir__router_match(router, method, path, strlen(path), scope, &match);
	if (!match.route)
		return match.path_known ? "405" : "404";
	used = snprintf(text, sizeof(text), "%s", match.route->pattern);
	cr_assert_eq(match.count, match.route->param_count);
	for (size_t i = 0; i < match.count; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, " %s=%.*s",
				 match.route->params[i], (int)match.captures[i].size,
				 match.captures[i].data);
	return text;
}

static void matches(struct weir__router *router, const char *request, const char *expected)
{
	const char *got = match_in(router, request, WEIR_SCOPE_PUBLIC);

	cr_assert_str_eq(got, expected, "%s: %s instead of %s", request, got, expected);
}

Test(router, takes_what_is_a_pattern)
{
	static const char *const good[] = {
		"GET /",      "* /",          "GET /a",           "GET /a/",       "GET //",
		"X-Y /a/{b}", "GET /{a}/{b}", "GET /a/{rest...}", "GET /a.b-c%20d"};
	struct weir__router router;

	init(&router);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_assert_eq(add(&router, good[i]), 0, "%s", good[i]);
	weir__router_fini(&router);
}

Test(router, refuses_what_is_none)
{
	static const char *const bad[] = {
		"",
		"GET",
		"/a",
		"GET",
		"GET ",
		"GET a",
		" /a",
		"GET  /a",
		"GET /a b",
		"G(T /a",
		"GET /{}",
		"GET /{a",
		"GET /a}",
		"GET /a{b}",
		"GET /{a}b",
		"GET /{...}",
		"GET /{a...}/b",
		"GET /{a}/{a}",
		"GET /{a}/{a...}",
		"GET /{{a}}",
		"GET /{a}{b}",
		"GET /{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}",
		"GET "
		"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/"
		"30/31/32/33",
	};
	struct weir__router router;

	init(&router);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(add(&router, bad[i]), -EINVAL, "\"%s\"", bad[i]);
	weir__router_fini(&router);
}

Test(router, knows_a_route_once)
{
	struct weir__router router;

	init(&router);
	cr_assert_eq(add(&router, "GET /a/{b}"), 0);
	cr_assert_eq(add(&router, "GET /a/{b}"), -EEXIST);
	cr_assert_eq(add(&router, "GET /a/{other}"), -EEXIST);
	cr_assert_eq(add(&router, "POST /a/{b}"), 0);
	cr_assert_eq(add(&router, "GET /a/{b...}"), 0);
	cr_assert_eq(add_in(&router, "GET /a/{b}", WEIR_SCOPE_ADMIN), 0);
	cr_assert_eq(add_in(&router, "GET /a/{b}", WEIR_SCOPE_BOTH), -EEXIST);
	cr_assert_eq(add_in(&router, "PUT /a/{b}", WEIR_SCOPE_BOTH), 0);
	cr_assert_eq(add_in(&router, "PUT /a/{b}", WEIR_SCOPE_ADMIN), -EEXIST);
	weir__router_fini(&router);
}

Test(router, prefers_what_is_more_specific)
{
	struct weir__router router;

	init(&router);
	cr_assert_eq(add(&router, "GET /{rest...}"), 0);
	cr_assert_eq(add(&router, "GET /a/{x}"), 0);
	cr_assert_eq(add(&router, "GET /a/b"), 0);
	cr_assert_eq(add(&router, "GET /a/{x}/c"), 0);
	cr_assert_eq(add(&router, "GET /{y}/b/d"), 0);
	matches(&router, "GET /a/b", "GET /a/b");
	matches(&router, "GET /a/bb", "GET /a/{x} x=bb");
	matches(&router, "GET /a/b/c", "GET /a/{x}/c x=b");
	matches(&router, "GET /a/b/d", "GET /{y}/b/d y=a");
	matches(&router, "GET /a/b/e", "GET /{rest...} rest=a/b/e");
	matches(&router, "GET /", "GET /{rest...} rest=");
	matches(&router, "GET /a", "GET /{rest...} rest=a");
	matches(&router, "GET /a/", "GET /{rest...} rest=a/");
	matches(&router, "GET /z//", "GET /{rest...} rest=z//");
	weir__router_fini(&router);
}

Test(router, a_parameter_is_not_empty_but_the_rest_may_be)
{
	struct weir__router router;

	init(&router);
	cr_assert_eq(add(&router, "GET /a/{x}"), 0);
	cr_assert_eq(add(&router, "GET /b/{x...}"), 0);
	cr_assert_eq(add(&router, "GET /c"), 0);
	matches(&router, "GET /a/", "404");
	matches(&router, "GET /a", "404");
	matches(&router, "GET /a/1/2", "404");
	matches(&router, "GET /b/", "GET /b/{x...} x=");
	matches(&router, "GET /b/1/2/", "GET /b/{x...} x=1/2/");
	matches(&router, "GET /b", "404");
	matches(&router, "GET /c/", "404");
	matches(&router, "GET //c", "404");
	matches(&router, "GET /", "404");
	weir__router_fini(&router);
}

Test(router, compares_literals_decoded)
{
	struct weir__router router;

	init(&router);
	cr_assert_eq(add(&router, "GET /a b"), -EINVAL);
	cr_assert_eq(add(&router, "GET /caf\xc3\xa9/{x}"), 0);
	matches(&router, "GET /caf\xc3\xa9/1", "GET /caf\xc3\xa9/{x} x=1");
	matches(&router, "GET /caf%C3%A9/%31", "GET /caf\xc3\xa9/{x} x=%31");
	matches(&router, "GET /%63af%c3%a9/1", "GET /caf\xc3\xa9/{x} x=1");
	/* An escaped slash does not separate. */
	matches(&router, "GET /caf%C3%A9%2F1", "404");
	matches(&router, "GET /caf%C3%A9/1%2F2", "GET /caf\xc3\xa9/{x} x=1%2F2");
	weir__router_fini(&router);
}

Test(router, answers_head_like_get_unless_told_otherwise)
{
	struct weir__router router;

	init(&router);
	cr_assert_eq(add(&router, "GET /a"), 0);
	cr_assert_eq(add(&router, "GET /b"), 0);
	cr_assert_eq(add(&router, "HEAD /b"), 0);
	cr_assert_eq(add(&router, "POST /c"), 0);
	cr_assert_eq(add(&router, "* /d"), 0);
	cr_assert_eq(add(&router, "PUT /d"), 0);
	matches(&router, "HEAD /a", "GET /a");
	matches(&router, "HEAD /b", "HEAD /b");
	matches(&router, "HEAD /c", "405");
	matches(&router, "get /a", "405");
	matches(&router, "PUT /d", "PUT /d");
	matches(&router, "BREW /d", "* /d");
	matches(&router, "HEAD /d", "* /d");
	weir__router_fini(&router);
}

Test(router, a_less_specific_path_may_know_the_method)
{
	struct weir__router router;

	init(&router);
	cr_assert_eq(add(&router, "GET /a/b"), 0);
	cr_assert_eq(add(&router, "PUT /a/{x}"), 0);
	cr_assert_eq(add(&router, "DELETE /{x...}"), 0);
	matches(&router, "PUT /a/b", "PUT /a/{x} x=b");
	matches(&router, "DELETE /a/b", "DELETE /{x...} x=a/b");
	matches(&router, "POST /a/b", "405");
	weir__router_fini(&router);
}

Test(router, serves_a_listener_what_is_in_its_scope)
{
	struct weir__router router;

	init(&router);
	cr_assert_eq(add_in(&router, "GET /public", WEIR_SCOPE_PUBLIC), 0);
	cr_assert_eq(add_in(&router, "GET /admin", WEIR_SCOPE_ADMIN), 0);
	cr_assert_eq(add_in(&router, "GET /both", WEIR_SCOPE_BOTH), 0);
	cr_assert_str_eq(match_in(&router, "GET /public", WEIR_SCOPE_ADMIN), "404");
	cr_assert_str_eq(match_in(&router, "GET /admin", WEIR_SCOPE_PUBLIC), "404");
	cr_assert_str_eq(match_in(&router, "POST /admin", WEIR_SCOPE_PUBLIC), "404");
	cr_assert_str_eq(match_in(&router, "POST /admin", WEIR_SCOPE_ADMIN), "405");
	cr_assert_str_eq(match_in(&router, "GET /both", WEIR_SCOPE_PUBLIC), "GET /both");
	cr_assert_str_eq(match_in(&router, "GET /both", WEIR_SCOPE_ADMIN), "GET /both");
	weir__router_fini(&router);
}

Test(router, says_which_methods_a_path_allows)
{
	struct weir__router router;
	char allow[64], tiny[8];

	init(&router);
	cr_assert_eq(add(&router, "GET /a/b"), 0);
	cr_assert_eq(add(&router, "HEAD /a/b"), 0);
	cr_assert_eq(add(&router, "PUT /a/{x}"), 0);
	cr_assert_eq(add(&router, "GET /a/{x}"), 0);
	cr_assert_eq(add_in(&router, "DELETE /a/b", WEIR_SCOPE_ADMIN), 0);
	weir__router_allow(&router, "/a/b", 4, WEIR_SCOPE_PUBLIC, allow, sizeof(allow));
	for (const char *const *method = (const char *const[]){"GET", "HEAD", "PUT", NULL}; *method;
	     method++) {
		const char *at = strstr(allow, *method);

		cr_assert_not_null(at, "%s in %s", *method, allow);
		cr_assert_null(strstr(at + 1, *method), "%s", allow);
	}
	cr_assert_null(strstr(allow, "DELETE"), "%s", allow);
	weir__router_allow(&router, "/none", 5, WEIR_SCOPE_PUBLIC, allow, sizeof(allow));
	cr_assert_str_empty(allow);
	memset(tiny, 'x', sizeof(tiny));
	weir__router_allow(&router, "/a/b", 4, WEIR_SCOPE_PUBLIC, tiny, sizeof(tiny));
	cr_assert_lt(strnlen(tiny, sizeof(tiny)), sizeof(tiny));
	weir__router_fini(&router);
}

Test(router, a_path_of_many_segments_is_just_not_found)
{
	struct weir__router router;
	char request[4096] = "GET ";

	init(&router);
	cr_assert_eq(add(&router, "GET /{a}/{b}/{c}"), 0);
	for (size_t i = 4; i + 2 < sizeof(request); i += 2)
		memcpy(request + i, "/a", 3);
	matches(&router, request, "404");
	weir__router_fini(&router);
}

Test(router, says_which_methods_there_are_at_all)
{
	static const char *const patterns[] = {"GET /a",        "PUT /a/b",
					       "DELETE /{x}/c", "PATCH /z/{rest...}",
					       "* /any",        "POST /admin"};
	struct weir__router router;
	char allow[64], tiny[18];

	cr_assert_eq(weir__router_init(&router), 0);
	weir__router_allow_all(&router, WEIR_SCOPE_PUBLIC, allow, sizeof(allow));
	cr_assert_str_eq(allow, "OPTIONS");
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const struct weir_route_options options = {.scope = i == 5 ? WEIR_SCOPE_ADMIN
									   : WEIR_SCOPE_PUBLIC};

		cr_assert_eq(
			weir__router_add(&router, patterns[i], (weir_handler)1, NULL, &options), 0);
	}
	weir__router_allow_all(&router, WEIR_SCOPE_PUBLIC, allow, sizeof(allow));
	cr_assert_str_eq(allow, "OPTIONS, PATCH, GET, HEAD, PUT, DELETE");
	weir__router_allow_all(&router, WEIR_SCOPE_ADMIN, allow, sizeof(allow));
	cr_assert_str_eq(allow, "OPTIONS, POST");
	/* cut between names, never within one */
	weir__router_allow_all(&router, WEIR_SCOPE_PUBLIC, tiny, sizeof(tiny));
	cr_assert_str_eq(tiny, "OPTIONS, PATCH");
	weir__router_fini(&router);
}

static struct weir__route *find(struct weir__router *router, const char *method, const char *path)
{
	struct weir__match match;

	weir__router_match(router, method, path, strlen(path), WEIR_SCOPE_PUBLIC, &match);
	cr_assert_not_null(match.route);
	return match.route;
}

Test(router, inherits_what_is_known_of_the_same_routes)
{
	struct weir__router old, router;

	init(&old);
	init(&router);
	cr_assert_eq(add(&old, "GET /a/{x}/b"), 0);
	cr_assert_eq(add(&old, "POST /a/{x}/b"), 0);
	cr_assert_eq(add(&old, "GET /gone"), 0);
	atomic_store(&find(&old, "GET", "/a/1/b")->average, 17);
	atomic_store(&find(&old, "GET", "/gone")->average, 18);
	cr_assert_eq(add(&router, "GET /a/{y}/b"), 0);
	cr_assert_eq(add(&router, "POST /a/{y}/b"), 0);
	cr_assert_eq(add(&router, "PUT /gone"), 0);
	cr_assert_eq(add(&router, "GET /{z...}"), 0);
	weir__router_inherit(&router, &old);
	cr_expect_eq(atomic_load(&find(&router, "GET", "/a/1/b")->average), 17);
	cr_expect_eq(atomic_load(&find(&router, "POST", "/a/1/b")->average), -1);
	cr_expect_eq(atomic_load(&find(&router, "PUT", "/gone")->average), -1);
	cr_expect_eq(atomic_load(&find(&router, "GET", "/z")->average), -1);
	weir__router_fini(&router);
	weir__router_fini(&old);
}
