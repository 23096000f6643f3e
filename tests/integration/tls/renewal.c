/* Another certificate while the server runs: who connects from then on gets it, who is connected
 * already, or in the middle of his handshake, is not disturbed; one that cannot be loaded changes
 * nothing, and it is said why. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "serving.h"
#include "support/reply.h"

static void renew(struct serving *serving, const char *name)
{
	static const char *const hosts[] = {"localhost", NULL};

	serving->options.pair_count = 0;
	serving_add(serving, name, name, hosts);
	serving_use(serving);
}

static void expect(struct serving *serving, const char *common_name)
{
	char *name = serving_peer(serving, NULL);

	cr_assert_str_eq(name, common_name);
	free(name);
}

Test(renewal, while_a_connection_is_open)
{
	struct serving serving;
	struct client client;
	struct reply reply;

	serving_begin(&serving);
	client_open(&client, serving.fixture.url);
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	expect(&serving, "first");
	renew(&serving, "second");
	expect(&serving, "second");
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	serving_finish(&serving);
}

/* The acceptor has made its session, but has not heard anything of the client's. */
Test(renewal, before_a_client_has_said_anything)
{
	struct serving serving;
	struct client client;
	char *name;

	serving_begin(&serving);
	client_open(&client, serving.fixture.url);
	metrics_await(serving.fixture.server, "weir_connections_open", 1);
	renew(&serving, "second");
	cr_assert_eq(tls_link_shake(client.tls), 0);
	name = tls_link_peer(client.tls);
	cr_assert_str_eq(name, "first");
	free(name);
	client_close(&client);
	serving_finish(&serving);
}

static void refused(const struct serving *serving, int error, const char *why)
{
	char problem[512] = "";
	weir_tls *tls;
	int rc = weir_tls_load(&serving->options, &tls, problem, sizeof(problem));

	cr_assert_eq(rc, error, "%d: %s", rc, problem);
	cr_assert_not_null(strstr(problem, why), "%s", problem);
	cr_assert_null(strchr(problem, '\n'));
}

Test(renewal, refuses_what_is_wrong)
{
	struct serving serving;
	struct weir_tls_pair crossed;

	serving_begin(&serving);
	renew(&serving, "second");
	crossed = serving.pairs[0];
	renew(&serving, "third");

	serving.pairs[0].certificate = crossed.certificate;
	(void)snprintf(serving.pem[1], sizeof(serving.pem[1]), "%s/second.pem",
		       serving.scratch.path);
	serving.pairs[0].certificate = serving.pem[1];
	refused(&serving, -EINVAL, "third.key: not the key of");
	scratch_write(&serving.scratch, "second.pem", "-----BEGIN NOTHING", 18);
	refused(&serving, -EINVAL, "second.pem: not a certificate");
	serving.pairs[0].certificate = "/nonexistent/x.pem";
	refused(&serving, -ENOENT, "/nonexistent/x.pem: No such file");
	serving.pairs[0].certificate = serving.pem[0];
	scratch_write(&serving.scratch, "third.key", "no key", 6);
	refused(&serving, -EINVAL, "third.key: not a key");
	cr_assert_eq(fchmodat(serving.scratch.fd, "third.key", 0644, 0), 0);
	refused(&serving, -EPERM, "others may read or write this key");
	cr_assert_eq(fchmodat(serving.scratch.fd, "third.key", 0640, 0), 0);
	refused(&serving, -EINVAL, "third.key: not a key");
	serving.options.priorities = "NORMAL:+NO-SUCH-THING";
	refused(&serving, -EINVAL, "priority string");
	serving.options.priorities = NULL;
	serving.options.pair_count = 0;
	refused(&serving, -EINVAL, "1 to 64 certificates");
	expect(&serving, "third");
	serving_finish(&serving);
}
