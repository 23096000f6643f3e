/* Where a request is passed on to, and where it is not. */
#include "handlers/proxy_url.h"
#include "handlers/route_pattern.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void expect(const char *upstream, const char *path, const char *target, const char *url)
{
	char *out;
	cr_assert_eq(proxy_url(upstream, path, target, &out), 0, "%s", target);
	cr_expect_str_eq(out, url);
	free(out);
}

Test(proxy_url, appends_the_rest_as_it_was_sent)
{
	expect("http://u/b", "/api/{rest...}", "/api/x/y", "http://u/b/x/y");
	expect("http://u/b/", "/api/{rest...}", "/api/x?q=1&r", "http://u/b/x?q=1&r");
	expect("http://u", "/{rest...}", "/", "http://u/");
	expect("http://u", "/{rest...}", "/a%20b%2Fc//d/", "http://u/a%20b%2Fc//d/");
	expect("http://u", "/a/{id}/{rest...}", "/%61/7/x", "http://u/x");
	expect("http://u/b", "/a/{rest...}", "/a/", "http://u/b/");
	expect("http://u/b", "/a/{rest...}", "/a", "http://u/b/");
	expect("http://u", "/{rest...}", "/...", "http://u/...");
	expect("http://u", "/{rest...}", "/.x/y./a..b", "http://u/.x/y./a..b");
}

Test(proxy_url, without_a_rest_is_the_upstreams)
{
	expect("http://u/b", "/one", "/one", "http://u/b");
	expect("http://u/b/", "/one/{id}", "/one/2?q", "http://u/b/?q");
}

Test(proxy_url, takes_the_absolute_form)
{
	expect("http://u", "/{rest...}", "http://here:80/x?y", "http://u/x?y");
	expect("http://u", "/{rest...}", "http://here?y", "http://u/?y");
}

Test(proxy_url, does_not_climb)
{
	static const char *const wrong[] = {
		"/..",       "/../x",   "/x/../y",     "/x/..",       "/.",          "/x/./y",
		"/%2e%2e/x", "/%2E./x", "/.%2e",       "/%2e",        "/x%2f..%2fy", "/x%5c..",
		"/x\\y",     "/x#y",    "http://h/..", "/x%2F%2e%2E",
	};
	char *out;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		cr_expect_eq(proxy_url("http://u/b", "/{rest...}", wrong[i], &out), -EINVAL, "%s",
			     wrong[i]);
	/* In the query it is nobody's way. */
	expect("http://u", "/{rest...}", "/x?../..", "http://u/x?../..");
}

Test(route_pattern, finds_its_parameters)
{
	cr_expect(route_pattern_has("/a/{b}/{c...}", "b", 1));
	cr_expect(route_pattern_has("/a/{b}/{c...}", "c", 1));
	cr_expect_not(route_pattern_has("/a/{b}/{c...}", "a", 1));
	cr_expect_not(route_pattern_has("/a/{bc}", "b", 1));
	cr_expect_not(route_pattern_has("/a/{b", "b", 1));
}

Test(route_pattern, knows_its_prefix)
{
	cr_expect_eq(route_pattern_prefix("/{p...}"), 0);
	cr_expect_eq(route_pattern_prefix("/files/{p...}"), 6);
	cr_expect_eq(route_pattern_prefix("/a/b/{p...}"), 4);
	static const char *const none[] = {"/",        "/a",        "/{p}",   "/{a}/{p...}",
					   "/a{p...}", "/{p...}/b", "/{p...", "{p...}"};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		cr_expect_eq(route_pattern_prefix(none[i]), -1, "%s", none[i]);
}
