/* http/clients.c: what each client has, in a table that has nothing of those who have nothing. */
#include <criterion/criterion.h>

#include <errno.h>

#include "http/clients.h"

static void init(struct weir__clients *clients, unsigned connections, unsigned requests)
{
	const unsigned limits[] = {connections, requests};

	cr_assert_eq(weir__clients_init(clients, limits, 100), 0);
}

static int take(struct weir__clients *clients, uint64_t address, struct weir__client **out)
{
	return weir__clients_take(clients, address, WEIR__CLIENT_CONNECTIONS, out);
}

static void give_back(struct weir__clients *clients, struct weir__client *client)
{
	weir__clients_give_back(clients, client, WEIR__CLIENT_CONNECTIONS);
}

Test(clients, have_a_limit_each)
{
	struct weir__clients clients;
	struct weir__client *a[2], *b, *none;

	init(&clients, 2, 0);
	cr_assert_eq(take(&clients, 1, &a[0]), 0);
	cr_assert_eq(take(&clients, 1, &a[1]), 0);
	cr_assert_eq(a[0], a[1]);
	cr_assert_eq(take(&clients, 1, &none), -EDQUOT);
	cr_assert_null(none);
	cr_assert_eq(take(&clients, 2, &b), 0);
	give_back(&clients, a[0]);
	cr_assert_eq(take(&clients, 1, &a[0]), 0);
	give_back(&clients, a[0]);
	give_back(&clients, a[1]);
	give_back(&clients, b);
	cr_assert_eq(clients.count, 0);
	weir__clients_fini(&clients);
}

Test(clients, are_kept_as_long_as_they_have_something)
{
	struct weir__clients clients;
	struct weir__client *connection, *request;

	init(&clients, 1, 1);
	cr_assert_eq(take(&clients, 1, &connection), 0);
	cr_assert_eq(weir__clients_take(&clients, 1, WEIR__CLIENT_REQUESTS, &request), 0);
	cr_assert_eq(clients.count, 1);
	give_back(&clients, connection);
	cr_assert_eq(clients.count, 1);
	weir__clients_give_back(&clients, request, WEIR__CLIENT_REQUESTS);
	cr_assert_eq(clients.count, 0);
	weir__clients_fini(&clients);
}

Test(clients, what_is_held_counts_beyond_the_limit)
{
	struct weir__clients clients;
	struct weir__client *client, *none;

	init(&clients, 1, 0);
	cr_assert_eq(take(&clients, 1, &client), 0);
	cr_assert_eq(weir__clients_hold(client, WEIR__CLIENT_CONNECTIONS), client);
	give_back(&clients, client);
	cr_assert_eq(take(&clients, 1, &none), -EDQUOT);
	give_back(&clients, client);
	cr_assert_eq(clients.count, 0);
	cr_assert_null(weir__clients_hold(NULL, WEIR__CLIENT_CONNECTIONS));
	give_back(&clients, NULL);
	weir__clients_fini(&clients);
}

Test(clients, cost_nothing_without_a_limit)
{
	struct weir__clients clients;
	struct weir__client *client;

	init(&clients, 0, 0);
	cr_assert_null(clients.buckets);
	cr_assert_eq(take(&clients, 1, &client), 0);
	cr_assert_null(client);
	give_back(&clients, client);
	weir__clients_fini(&clients);
}

/* More of them than buckets, added and removed in different orders. */
Test(clients, may_be_many)
{
	enum { many = 5000 };
	static struct weir__client *client[many];
	struct weir__clients clients;
	uint64_t i;

	init(&clients, 1, 0);
	for (i = 0; i < many; i++)
		cr_assert_eq(take(&clients, i << 32 | i, &client[i]), 0);
	cr_assert_eq(clients.count, many);
	for (i = 0; i < many; i += 2)
		give_back(&clients, client[i]);
	cr_assert_eq(clients.count, many / 2);
	for (i = 0; i < many; i++) {
		struct weir__client *again;
		int error = take(&clients, i << 32 | i, &again);

		cr_assert_eq(error, i % 2 ? -EDQUOT : 0);
		if (!error)
			client[i] = again;
	}
	for (i = many; i-- > 0;)
		give_back(&clients, client[i]);
	cr_assert_eq(clients.count, 0);
	weir__clients_fini(&clients);
}

/* vectors_sip64[8] of the reference implementation: key 00..0f, message 00..07. */
Test(clients, are_found_by_siphash)
{
	const uint64_t secret[] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

	cr_assert_eq(weir__siphash(secret, UINT64_C(0x0706050403020100)),
		     UINT64_C(0x93f5f5799a932462));
}
