/* An upgrade for which there is no memory, at each place where it takes some: the client gets a 5xx
 * or the end of its connection, nothing of either is used any more, and the accounts add up. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/must.h"
#include "support/upgrading.h"
#include "unit/faults.h"

#define MOST 100

static bool has(const struct client *client, const char *text)
{
	return client->input_size > 0 &&
	       memmem(client->input, client->input_size, text, strlen(text)) != NULL;
}

/* Whether the fault has struck. */
static bool upgrade_with(const struct fixture *fixture, unsigned skip)
{
	struct client client;

	client_open(&client, fixture->url);
	fault_set(FAULT_MALLOC, skip);
	client_ask_upgrade(&client, "/echo", "early");
	while (!has(&client, "early") && !has(&client, "HTTP/1.1 5") && client_fill(&client))
		continue;
	fault_clear(FAULT_MALLOC);
	cr_expect(fault_struck(FAULT_MALLOC) || has(&client, "early"), "%u: no echo", skip);
	client_close(&client);
	return fault_struck(FAULT_MALLOC);
}

static void upgrade_everywhere(void)
{
	struct upgrading upgrading = {.run = upgrade_echo};
	struct fixture fixture;
	unsigned skip = 0;

	fixture_serve(&fixture, NULL, "GET /echo", handle_upgrade, &upgrading);
	while (upgrade_with(&fixture, skip))
		cr_assert_lt(++skip, MOST);
	cr_expect_gt(skip, 2U, "memory was taken %u times", skip);
	fixture_finish(&fixture);
}

Test(upgrade_faults, no_memory)
{
	upgrade_everywhere();
}

#ifdef WEIR_TEST_TLS
Test(upgrade_faults, no_memory_over_tls)
{
	must(setenv("WEIR_TEST_TLS", "1", 1) == 0, "setenv");
	upgrade_everywhere();
}
#endif
