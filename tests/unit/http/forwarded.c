/* http/forwarded.c: for whom a proxy has sent a request. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "http/forwarded.h"

static struct weir__address_set trusted;

static void trust(void)
{
	cr_assert_eq(weir__address_set_parse("10.0.0.0/8, fd00::/8", &trusted), 0);
}

static void expect(const struct weir__field *fields, size_t count, const char *name,
		   const char *expected)
{
	struct weir__ip got, wanted;
	bool found = weir__forwarded_client(fields, count, name, &trusted, &got);

	cr_assert_eq(found, expected != NULL, "%s: %s", name, fields[0].value);
	if (!expected)
		return;
	cr_assert_eq(weir__ip_parse(expected, strlen(expected), &wanted), 0);
	cr_expect_arr_eq(got.bytes, wanted.bytes, sizeof(got.bytes), "%s: %s", name,
			 fields[0].value);
}

static void one(const char *name, const char *value, const char *expected)
{
	struct weir__field fields[] = {{"Host", "h"}, {name, value}};

	expect(fields + 1, 1, name, expected);
	expect(fields, 2, name, expected);
}

Test(forwarded, the_last_that_is_no_proxy_counts, .init = trust)
{
	static const char name[] = "X-Forwarded-For";

	one(name, "192.0.2.1", "192.0.2.1");
	one(name, " 192.0.2.1\t", "192.0.2.1");
	one(name, "198.51.100.1, 192.0.2.1", "192.0.2.1");
	one(name, "198.51.100.1, 192.0.2.1, 10.1.1.1,fd00::7", "192.0.2.1");
	one(name, "10.0.0.1, 10.0.0.2", "10.0.0.1");
	one(name, "2001:db8::1", "2001:db8::1");
	one(name, "192.0.2.1:4711", "192.0.2.1");
	one(name, "[2001:db8::1]:4711", "2001:db8::1");
	one(name, "192.0.2.1,,", "192.0.2.1");
}

Test(forwarded, what_a_client_has_made_up_is_not_reached, .init = trust)
{
	one("X-Forwarded-For", "\"open, 192.0.2.1", "192.0.2.1");
	one("X-Forwarded-For", "unknown, 192.0.2.1", "192.0.2.1");
	one("Forwarded", "for=\"_x, for=192.0.2.1;proto=http", "192.0.2.1");
	one("Forwarded", "for=10.0.0.9, for=192.0.2.1, for=10.0.0.1", "192.0.2.1");
}

Test(forwarded, is_nobody_if_it_does_not_say, .init = trust)
{
	static const struct weir__field none[] = {{"Host", "192.0.2.1"}};

	expect(none, 1, "X-Forwarded-For", NULL);
	expect(none, 0, "X-Forwarded-For", NULL);
	one("X-Forwarded-For", "", NULL);
	one("X-Forwarded-For", " , ", NULL);
	one("X-Forwarded-For", "unknown", NULL);
	one("X-Forwarded-For", "192.0.2.1, unknown", NULL);
	one("X-Forwarded-For", "192.0.2.1, unknown, 10.0.0.1", NULL);
	one("Forwarded", "by=192.0.2.1", NULL);
	one("Forwarded", "for=_hidden", NULL);
	one("Forwarded", "for=unknown", NULL);
}

/* The examples of RFC 7239, 4. */
Test(forwarded, knows_the_standard_field, .init = trust)
{
	one("Forwarded", "For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17");
	one("Forwarded", "for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60");
	one("Forwarded", "for=192.0.2.43, for=198.51.100.17", "198.51.100.17");
	one("Forwarded", "proto=http; for=192.0.2.43", "192.0.2.43");
}

Test(forwarded, fields_of_one_name_are_one_list, .init = trust)
{
	static const struct weir__field fields[] = {{"X-Forwarded-For", "192.0.2.1, 192.0.2.2"},
						    {"Host", "h"},
						    {"x-forwarded-for", "10.0.0.1"}};

	expect(fields, 3, "X-Forwarded-For", "192.0.2.2");
}
