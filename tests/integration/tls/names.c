/* A client gets the certificate of the host that it asks for (RFC 6066, 3): exactly, by a wildcard,
 * or else the first one. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "serving.h"

static void expect(struct serving *serving, const char *host, const char *common_name)
{
	char *name = serving_peer(serving, host);

	cr_assert_str_eq(name, common_name, "%s: got %s", host ? host : "no name", name);
	free(name);
}

Test(names, exact_wildcard_and_none)
{
	static const char *const exact[] = {"www.example.org", "example.org", NULL};
	static const char *const wild[] = {"*.example.org", NULL};
	static const char *const first[] = {"localhost", NULL};
	struct serving serving;

	serving_create(&serving);
	serving_add(&serving, "first", "first", first);
	serving_add(&serving, "exact", "exact", exact);
	serving_add(&serving, "wild", "wild", wild);
	serving_use(&serving);
	serving_start(&serving);
	expect(&serving, "www.example.org", "exact");
	expect(&serving, "example.org", "exact");
	expect(&serving, "api.example.org", "wild");
	expect(&serving, "a.b.example.org", "first"); /* one label only: RFC 6125, 6.4.3 */
	expect(&serving, "localhost", "first");
	expect(&serving, "elsewhere.test", "first");
	expect(&serving, NULL, "first");
	serving_finish(&serving);
}
