/* What weir_server_listen() and weir_server_create() say to what they cannot do. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/scratch.h"

Test(address_errors, not_an_address)
{
	static const char *const bad[] = {"",
					  "127.0.0.1",
					  "127.0.0.1:",
					  "127.0.0.1:65536",
					  "127.0.0.1:-1",
					  "127.0.0.1:80x",
					  "[::1",
					  "[::1]",
					  "unix:",
					  "::1:80",
					  "127.0.0.1: 80",
					  "http://127.0.0.1:0"};
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int rc = weir_server_listen(fixture.server, bad[i], WEIR_SCOPE_PUBLIC);

		cr_assert_eq(rc, -EINVAL, "\"%s\": %d", bad[i], rc);
	}
	cr_assert_eq(weir_server_listen(fixture.server, "127.0.0.1:0", WEIR_SCOPE_BOTH), -EINVAL);
	cr_assert_not_null(weir_server_url(fixture.server, 0));
	cr_assert_null(weir_server_url(fixture.server, 1));
	fixture_destroy(&fixture);
}

Test(address_errors, taken)
{
	struct fixture fixture;
	const char *address;

	fixture_create(&fixture, NULL);
	address = weir_server_url(fixture.server, 0) + strlen("http://");
	cr_assert_eq(weir_server_listen(fixture.server, address, WEIR_SCOPE_PUBLIC), -EADDRINUSE);
	fixture_destroy(&fixture);
}

/* An address of a block that no machine has (RFC 5737). */
Test(address_errors, not_ours)
{
	struct fixture fixture;

	fixture_create(&fixture, NULL);
	cr_assert_eq(weir_server_listen(fixture.server, "192.0.2.1:0", WEIR_SCOPE_PUBLIC),
		     -EADDRNOTAVAIL);
	fixture_destroy(&fixture);
}

Test(address_errors, unix_paths)
{
	struct scratch scratch;
	char address[PATH_MAX + 64], long_path[300];
	struct fixture fixture;

	scratch_make(&scratch);
	fixture_create(&fixture, NULL);
	snprintf(address, sizeof(address), "unix:%s/no/such/directory", scratch.path);
	cr_assert_eq(weir_server_listen(fixture.server, address, WEIR_SCOPE_PUBLIC), -ENOENT);
	memset(long_path, 'a', sizeof(long_path) - 1);
	memcpy(long_path, "unix:/", 6);
	long_path[sizeof(long_path) - 1] = '\0';
	cr_assert_eq(weir_server_listen(fixture.server, long_path, WEIR_SCOPE_PUBLIC),
		     -ENAMETOOLONG);
	snprintf(address, sizeof(address), "unix:%s", scratch.path);
	cr_assert_eq(weir_server_listen(fixture.server, address, WEIR_SCOPE_PUBLIC), -EEXIST);
	fixture_destroy(&fixture);
	scratch_remove(&scratch);
}

static void create_fails(const struct weir_server_options *options, const char *what)
{
	weir_server *server = NULL;
	int rc = weir_server_create(options, &server);

	cr_assert_eq(rc, -EINVAL, "%s: %d", what, rc);
}

Test(address_errors, options_out_of_range)
{
	create_fails(&(struct weir_server_options){.listen = "nowhere"}, "listen");
	create_fails(&(struct weir_server_options){.workers = 4097}, "workers");
	create_fails(&(struct weir_server_options){.queue = 1000001}, "queue");
	create_fails(&(struct weir_server_options){.worker_stack = 1000}, "worker_stack");
	create_fails(&(struct weir_server_options){.connection_memory = 4095}, "connection_memory");
	create_fails(&(struct weir_server_options){.connection_memory = 32769},
		     "connection_memory");
	create_fails(&(struct weir_server_options){.grace = -2}, "grace");
	create_fails(&(struct weir_server_options){.drain_timeout = -2}, "drain_timeout");
	create_fails(&(struct weir_server_options){.header_timeout = -2}, "header_timeout");
}

/* What failed to listen leaves nothing behind: the same address works afterwards. */
Test(address_errors, leave_nothing_behind)
{
	struct weir_server_options options = {0};
	struct fixture fixture, second;
	char address[64];

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	snprintf(address, sizeof(address), "%s", fixture.url + strlen("http://"));
	options.listen = address;
	cr_assert_eq(weir_server_create(&options, &second.server), -EADDRINUSE);
	fixture_finish(&fixture);
	fixture_serve(&second, &options, "GET /hello", handle_hello, NULL);
	fixture_finish(&second);
}
