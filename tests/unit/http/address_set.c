/* http/address_set.c: addresses, who is one client, and sets of them by prefix. */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "http/address_set.h"

static struct weir__ip ip(const char *text)
{
	struct weir__ip out;

	cr_assert_eq(weir__ip_parse(text, strlen(text), &out), 0, "%s", text);
	return out;
}

static uint64_t client(const char *text)
{
	struct weir__ip address = ip(text);

	return weir__ip_client(&address);
}

Test(address_set, a_client_is_an_ipv4_address_or_an_ipv6_64)
{
	cr_expect_eq(client("192.0.2.1"), client("192.0.2.1"));
	cr_expect_neq(client("192.0.2.1"), client("192.0.2.2"));
	cr_expect_eq(client("192.0.2.1"), client("::ffff:192.0.2.1"));
	cr_expect_eq(client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff:ffff:ffff:ffff"));
	cr_expect_neq(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
	cr_expect_neq(client("::1"), client("0.0.0.1"));
	cr_expect_neq(client("0:0:0:0:c000:201::"), client("192.0.2.1"));
}

Test(address_set, a_unix_socket_has_no_address)
{
	union weir__address address = {.any.sa_family = AF_UNSPEC};
	struct weir__ip out;

	cr_expect_not(weir__ip_of(&address, &out));
	address.in =
		(struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
	cr_assert(weir__ip_of(&address, &out));
	cr_expect_eq(weir__ip_client(&out), client("127.0.0.1"));
}

static void expect_in(const char *list, const char *address, bool expected)
{
	struct weir__address_set set;
	struct weir__ip one = ip(address);

	cr_assert_eq(weir__address_set_parse(list, &set), 0, "%s", list);
	cr_expect_eq(weir__address_set_has(&set, &one), expected, "%s in %s", address, list);
}

Test(address_set, has_prefixes_of_any_length)
{
	expect_in(NULL, "10.0.0.1", false);
	expect_in("", "::", false);
	expect_in("10.0.0.0/8", "10.255.0.1", true);
	expect_in("10.0.0.0/8", "11.0.0.1", false);
	expect_in("10.0.0.0/8", "::ffff:10.1.2.3", true);
	expect_in("192.0.2.128/25", "192.0.2.255", true);
	expect_in("192.0.2.128/25", "192.0.2.127", false);
	expect_in("192.0.2.7", "192.0.2.7", true);
	expect_in("192.0.2.7", "192.0.2.6", false);
	expect_in("0.0.0.0/0", "203.0.113.9", true);
	expect_in("0.0.0.0/0", "2001:db8::1", false);
	expect_in("::/0", "203.0.113.9", true);
	expect_in("fd00::/8, 192.0.2.0/24\t2001:db8::/127,", "2001:db8::1", true);
	expect_in("fd00::/8, 192.0.2.0/24\t2001:db8::/127,", "2001:db8::2", false);
	expect_in("fd00::/8, 192.0.2.0/24\t2001:db8::/127,", "fdff::2", true);
	expect_in("fe80::/9", "fe80::1", true);
	expect_in("fe80::/9", "ff00::1", false);
}

Test(address_set, is_made_of_addresses_only)
{
	static const char *const lists[] = {
		"x",      "10.0.0.0/33", "10.0.0.0/",    "10.0.0.0/-1",   "10.0.0.0/8/8",
		"::/129", "10.0.0/8",    "localhost",    "10.0.0.1:80",   "[::1]",
		"::1%lo", "/8",          "10.0.0.0/0x8", "10.0.0.0/1234", "10.0.0.1;10.0.0.2"};
	struct weir__address_set set;
	char many[66 * 8] = "";

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		cr_expect_eq(weir__address_set_parse(lists[i], &set), -EINVAL, "%s", lists[i]);
	for (size_t i = 0; i < 64; i++)
		memcpy(many + 8 * i, "1.2.3.4 ", 8);
	cr_expect_eq(weir__address_set_parse(many, &set), 0);
	memcpy(many + 8 * 64, "1.2.3.4", 8);
	cr_expect_eq(weir__address_set_parse(many, &set), -ENOSPC);
}
