/* Connections that left HTTP are in flight for a stop: they see the drain token at once, are
 * waited for, are cut and named at the deadline, and one that nobody closes is abandoned. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "support/fixture.h"
#include "support/must.h"
#include "support/upgrading.h"

static const struct weir_server_options patient = {.grace = 3600 * WEIR_SECOND,
						   .drain_timeout = 3600 * WEIR_SECOND};
static const struct weir_server_options hurried = {.grace = 20 * WEIR_MILLISECOND,
						   .drain_timeout = 100 * WEIR_MILLISECOND};

Test(stop, is_seen_at_once)
{
	enum { clients = 8 };
	struct upgrading upgrading = {.run = upgrade_echo};
	struct fixture fixture;
	struct client client[clients];

	fixture_serve(&fixture, &patient, "GET /echo", handle_upgrade, &upgrading);
	for (int i = 0; i < clients; i++) {
		client_open(&client[i], fixture.url);
		client_upgrade(&client[i], "/echo", "");
		client_echo(&client[i], "hello");
	}
	weir_server_stop(fixture.server, "test");
	for (int i = 0; i < clients; i++) {
		client_await_text(&client[i], "bye");
		cr_assert_eq(client_await_end(&client[i]), CLIENT_CLOSED);
		client_close(&client[i]);
	}
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(atomic_load(&upgrading.reason), WEIR_REASON_DRAINING);
	cr_assert_eq(fixture.report->counts.upgraded, clients);
	cr_assert_eq(fixture.report->counts.upgraded_cut, 0);
	cr_assert_eq(fixture.report->straggler_count, 0);
	cr_assert_eq(fixture.report->counts.in_flight, 0);
	fixture_destroy(&fixture);
}

/* The stop does not end before the connection does. */
Test(stop, waits_for_a_connection_that_another_thread_has)
{
	struct gate gate;
	struct upgrading upgrading = {.run = upgrade_keep, .gate = &gate};
	struct fixture fixture;
	struct client client;
	weir_upgraded *kept;

	gate_init(&gate);
	fixture_serve(&fixture, &patient, "GET /keep", handle_upgrade, &upgrading);
	client_open(&client, fixture.url);
	client_upgrade(&client, "/keep", "");
	gate_await(&gate, 1);
	kept = atomic_load(&upgrading.kept);
	fixture_begin_stop(&fixture);
	cr_assert_eq(weir_token_wait(weir_upgraded_token(kept), weir_after(MUST_PATIENCE)),
		     -ECANCELED);
	cr_assert_eq(weir_token_reason(weir_upgraded_token(kept)), WEIR_REASON_DRAINING);
	cr_assert_eq(metrics_now(fixture.server, "weir_upgraded_open"), 1);
	cr_assert_eq(metrics_now(fixture.server, "weir_drain_phase"), WEIR_PHASE_GRACE);
	cr_assert_eq(send(weir_upgraded_fd(kept), "last words", 10, MSG_NOSIGNAL), 10);
	weir_upgraded_close(kept);
	client_await_text(&client, "last words");
	cr_assert_eq(client_await_end(&client), CLIENT_CLOSED);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(fixture.report->counts.upgraded, 1);
	client_close(&client);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

/* Does not look at its token; its socket's end is what ends it. */
static void deaf(weir_upgraded *connection, void *arg)
{
	struct upgrading *upgrading = arg;
	char byte;

	weir_upgraded_note(connection, "deaf");
	weir_upgraded_count(connection, 3, 5);
	gate_announce(upgrading->gate);
	(void)weir_read(NULL, weir_upgraded_fd(connection), &byte, 1, weir_after(MUST_PATIENCE));
	atomic_store(&upgrading->reason, weir_token_reason(weir_upgraded_token(connection)));
	weir_upgraded_close(connection);
}

static void check_text(const struct weir_report *report, const char *expected)
{
	char *text;

	cr_assert_eq(weir_report_text(report, &text, NULL), 0);
	cr_assert_not_null(strstr(text, expected), "%s", text);
	free(text);
}

static void check_json(const struct weir_report *report, const char *expected)
{
	char *text;

	cr_assert_eq(weir_report_json(report, &text, NULL), 0);
	cr_assert_not_null(strstr(text, expected), "%s", text);
	free(text);
}

Test(stop, cuts_and_names_at_the_deadline)
{
	struct gate gate;
	struct upgrading upgrading = {.run = deaf, .gate = &gate};
	const struct weir_straggler *straggler;
	struct fixture fixture;
	struct client client;

	gate_init(&gate);
	fixture_serve(&fixture, &hurried, "GET /deaf/{name}", handle_upgrade, &upgrading);
	client_open(&client, fixture.url);
	client_upgrade(&client, "/deaf/one", "");
	gate_await(&gate, 1);
	weir_server_stop(fixture.server, "test");
	cr_assert_neq(client_await_end(&client), CLIENT_RESET);
	fixture_await(&fixture, WEIR_FORCED);
	cr_assert_eq(fixture.report->counts.upgraded, 1);
	cr_assert_eq(fixture.report->counts.upgraded_cut, 1);
	cr_assert_eq(fixture.report->counts.cut, 0);
	cr_assert_eq(fixture.report->straggler_count, 1);
	straggler = &fixture.report->stragglers[0];
	cr_assert_str_eq(straggler->route, "GET /deaf/{name}");
	cr_assert_str_eq(straggler->path, "/deaf/one");
	cr_assert_str_eq(straggler->doing, "deaf");
	cr_assert_eq(straggler->received, 3);
	cr_assert_eq(straggler->sent, 5);
	cr_assert_eq(straggler->upgraded, 1);
	cr_assert_eq(straggler->abandoned, 0);
	cr_assert_eq(strncmp(straggler->client, "127.0.0.1:", 10), 0);
	check_text(fixture.report, "upgraded=1 upgraded_cut=1");
	check_text(fixture.report, "1 upgraded connection (1 cut)");
	check_json(fixture.report, "\"upgraded\":1,\"upgraded_cut\":1");
	check_json(fixture.report, "\"upgraded\":true");
	client_close(&client);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

/* Its owner may still use it, so nothing is freed (and is static here, so that it is not taken for
 * a leak). */
Test(stop, abandons_what_nobody_closes)
{
	static struct gate gate;
	static struct upgrading upgrading = {.run = upgrade_keep, .gate = &gate};
	static struct fixture fixture;
	struct client client;

	gate_init(&gate);
	fixture_serve(&fixture, &hurried, "GET /keep", handle_upgrade, &upgrading);
	client_open(&client, fixture.url);
	client_upgrade(&client, "/keep", "");
	gate_await(&gate, 1);
	weir_server_stop(fixture.server, "test");
	cr_assert_eq(weir_server_wait(fixture.server, &fixture.report), WEIR_ABANDONED);
	cr_assert_eq(fixture.report->counts.upgraded, 1);
	cr_assert_eq(fixture.report->counts.upgraded_cut, 1);
	cr_assert_eq(fixture.report->straggler_count, 1);
	cr_assert_eq(fixture.report->stragglers[0].abandoned, 1);
	weir_server_destroy(fixture.server);
	/* ... and can be closed as late as that. */
	cr_assert_eq(weir_token_reason(weir_upgraded_token(atomic_load(&upgrading.kept))),
		     WEIR_REASON_DRAINING);
	weir_upgraded_close(atomic_load(&upgrading.kept));
	client_close(&client);
}

/* The only worker is in the first one's `run`; the second one's never begins. An inline handler
 * needs no worker for its 101. */
Test(stop, drops_what_was_still_queued)
{
	const struct weir_route_options inline_options = {.run = WEIR_RUN_INLINE};
	struct weir_server_options options = hurried;
	struct gate gate;
	struct upgrading first = {.run = deaf, .gate = &gate};
	struct upgrading second = {.run = upgrade_echo};
	struct fixture fixture;
	struct client client[2];

	options.workers = 1;
	gate_init(&gate);
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "GET /first", handle_upgrade, &first);
	fixture_route_with(&fixture, "GET /second", handle_upgrade, &second, &inline_options);
	fixture_start(&fixture);
	client_open(&client[0], fixture.url);
	client_open(&client[1], fixture.url);
	client_upgrade(&client[0], "/first", "");
	gate_await(&gate, 1);
	client_upgrade(&client[1], "/second", "");
	weir_server_stop(fixture.server, "test");
	cr_assert_neq(client_await_end(&client[0]), CLIENT_RESET);
	cr_assert_neq(client_await_end(&client[1]), CLIENT_RESET);
	fixture_await(&fixture, WEIR_FORCED);
	cr_assert_eq(atomic_load(&second.ran), 0);
	cr_assert_eq(atomic_load(&second.drops), 1);
	cr_assert_eq(fixture.report->counts.upgraded, 2);
	cr_assert_eq(fixture.report->counts.upgraded_cut, 2);
	cr_assert_eq(fixture.report->straggler_count, 2);
	cr_assert_str_eq(fixture.report->stragglers[0].doing, "queued");
	cr_assert_str_eq(fixture.report->stragglers[1].doing, "deaf");
	client_close(&client[0]);
	client_close(&client[1]);
	fixture_destroy(&fixture);
	gate_destroy(&gate);
}

Test(stop, shows_them_in_the_status)
{
	struct gate gate;
	struct upgrading upgrading = {.run = deaf, .gate = &gate};
	struct fixture fixture;
	struct client client;
	char *text;

	gate_init(&gate);
	fixture_serve(&fixture, NULL, "GET /deaf", handle_upgrade, &upgrading);
	client_open(&client, fixture.url);
	client_upgrade(&client, "/deaf", "");
	gate_await(&gate, 1);
	cr_assert_eq(weir_server_status(fixture.server, &text, NULL), 0);
	cr_assert_not_null(strstr(text, "\"upgraded\":1,"), "%s", text);
	cr_assert_not_null(strstr(text, "\"doing\":\"deaf\",\"upgraded\":true"), "%s", text);
	cr_assert_not_null(strstr(text, "\"busy\":1,"), "%s", text);
	free(text);
	client_close(&client);
	metrics_await(fixture.server, "weir_upgraded_open", 0);
	metrics_await(fixture.server, "weir_workers_busy", 0);
	fixture_finish(&fixture);
	gate_destroy(&gate);
}
