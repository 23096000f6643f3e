/* The configuration file: what it sets. */
#include "config_apply.h"
#include "config_file.h"

#include <criterion/criterion.h>

TestSuite(config, .init = config_file_begin, .fini = config_file_end);

#define FILES "routes: [{path: '/{p...}', kind: files, root: r}]\n"

Test(config, sets_everything)
{
	struct config *config = config_file_load(
		"listeners:\n"
		"  - address: '[::1]:0'\n"
		"  - address: unix:/run/w\n"
		"    admin: true\n"
		"    token_file: t\n"
		"  - address: systemd:web\n"
		"workers: 4096\n"
		"queue: '1000000'\n"
		"timeouts: {grace: 0, drain_timeout: 1s, header: 2s,\n"
		"  body: 3s, keepalive: 4s, write: 500ms, first_byte: 1s}\n"
		"limits: {connections: 1000000, requests: 9, client_connections: 8,\n"
		"  client_requests: 7, body_rate: 1KiB, write_rate: 2,\n"
		"  trusted_proxies: '10.0.0.0/8, ::1', client_header: Forwarded}\n"
		"deadline_header: X-Request-Timeout\n"
		"log: {format: json, verbose: true}\n"
		"drain_report: r.json\n");
	cr_assert_eq(config->listeners_count, 3);
	cr_expect_str_eq(config->listeners[2].address, "systemd:web");
	cr_expect_str_eq(config->listeners[1].token_file, "t");
	cr_expect_str_eq(config->listeners[0].address, "[::1]:0");
	cr_expect_not(config->listeners[0].admin);
	cr_expect(config->listeners[1].admin);
	cr_expect_eq(config->workers, 4096);
	cr_expect_eq(config->queue, 1000000);
	cr_expect_eq(config->timeouts.grace, 0);
	cr_expect_eq(config->timeouts.drain_timeout, WEIR_SECOND);
	cr_expect_eq(config->timeouts.header, 2 * WEIR_SECOND);
	cr_expect_eq(config->timeouts.body, 3 * WEIR_SECOND);
	cr_expect_eq(config->timeouts.keepalive, 4 * WEIR_SECOND);
	cr_expect_eq(config->timeouts.write, 500 * WEIR_MILLISECOND);
	cr_expect_eq(config->timeouts.first_byte, WEIR_SECOND);
	const struct limits *limits = &config->limits.values;
	cr_expect_eq(limits->connections, 1000000);
	cr_expect_eq(limits->requests, 9);
	cr_expect_eq(limits->client_connections, 8);
	cr_expect_eq(limits->client_requests, 7);
	cr_expect_eq(limits->body_rate, 1024);
	cr_expect_eq(limits->write_rate, 2);
	cr_expect_str_eq(limits->trusted_proxies, "10.0.0.0/8, ::1");
	cr_expect_str_eq(limits->client_header, "Forwarded");
	cr_expect_str_eq(config->deadline_header, "X-Request-Timeout");
	cr_expect_eq(config->log.format, CONFIG_LOG_JSON);
	cr_expect(config->log.verbose);
	cr_expect_str_eq(config->drain_report, "r.json");
	config_free(config);
}

Test(config, has_routes_of_every_kind)
{
	struct config *config = config_file_load(
		"databases: [{name: d, url: d.db, connections: 2, create: true, setup: [A, B]}]\n"
		"statements:\n"
		"  - {name: s, database: d, sql: 'SELECT :i, :t', parameters: [\n"
		"      {name: i, in: path, type: integer}, {name: t, in: body, type: text,\n"
		"       optional: true, default: ''}]}\n"
		"routes:\n"
		"  - {path: '/f/{p...}', kind: files, root: r, read_only: true, body_limit: 2GiB}\n"
		"  - {path: /e, kind: events, every: 10ms, retry: 1s}\n"
		"  - {path: '/r/{x}', kind: run, command: [a, '{x}{?y}{{', ''], directory: /,\n"
		"     content_type: text/plain, deadline: 5s, cancel_at: drain, method: GET}\n"
		"  - {path: '/q/{i}', kind: query, statement: s}\n"
		"  - {path: '/p/{rest...}', kind: proxy, upstream: 'https://h:1/b',\n"
		"     preserve_host: true, body_limit: 1}\n"
		"  - {path: '/w/{room}', kind: websocket, mode: room}\n");
	cr_assert_eq(config->routes_count, 6);
	const struct config_route *routes = config->routes;
	for (unsigned i = 0; i < CONFIG_KIND_COUNT; i++)
		cr_expect_eq(routes[i].kind, i);
	cr_expect(routes[0].read_only);
	cr_expect_eq(routes[0].body_limit, (uint64_t)2 << 30);
	cr_expect_eq(routes[1].every, 10 * WEIR_MILLISECOND);
	cr_expect_eq(routes[1].retry, WEIR_SECOND);
	cr_assert_eq(routes[2].command_count, 3);
	cr_expect_str_eq(routes[2].command[1], "{x}{?y}{{");
	cr_expect_str_eq(routes[2].command[2], "");
	cr_expect_eq(routes[2].deadline, 5 * WEIR_SECOND);
	cr_expect_eq(routes[2].cancel_at, CONFIG_CANCEL_DRAIN);
	cr_expect_str_eq(routes[2].method, "GET");
	cr_assert_eq(routes[3].runs, &config->statements[0]);
	cr_expect_eq(routes[3].runs->in, &config->databases[0]);
	cr_expect_eq(routes[3].runs->parameters[1].in, QUERY_FROM_BODY);
	cr_expect_eq(routes[3].runs->parameters[0].type, QUERY_INTEGER);
	cr_expect_str_eq(routes[3].runs->parameters[1].fallback, "");
	cr_expect_eq(config->databases[0].connections, 2);
	cr_expect_eq(config->databases[0].setup_count, 2);
	cr_expect(routes[4].preserve_host);
	cr_expect_eq(routes[4].body_limit, 1);
	config_free(config);
}

Test(config, is_beneath_the_command_line)
{
	struct config *config = config_file_load(
		"listeners: [{address: 'f:1'}, {address: 'f:2', admin: true, token_file: f}]\n"
		"workers: 5\nqueue: 6\ntimeouts: {grace: 1s, drain_timeout: 2s, body: 3s}\n"
		"log: {format: json}\ndrain_report: f\ndeadline_header: D\n" FILES);
	struct serve_config given = {
		.listen = {"c:1"},
		.listen_count = 1,
		.admin = "c:2",
		.admin_token_file = "c",
		.workers = 7,
		.queue = 8,
		.grace = 9,
		.drain_timeout = 10,
		.drain_report = "c",
		.given = SERVE_GIVEN_WORKERS | SERVE_GIVEN_QUEUE | SERVE_GIVEN_GRACE |
			 SERVE_GIVEN_DRAIN_TIMEOUT | SERVE_GIVEN_LOG_FORMAT,
	};
	config_apply(config, &given);
	cr_expect_eq(given.listen_count, 1);
	cr_expect_str_eq(given.listen[0], "c:1");
	cr_expect_str_eq(given.admin, "c:2");
	cr_expect_str_eq(given.admin_token_file, "c");
	cr_expect_eq(given.workers, 7);
	cr_expect_eq(given.queue, 8);
	cr_expect_eq(given.grace, 9);
	cr_expect_eq(given.drain_timeout, 10);
	cr_expect_not(given.log_json);
	cr_expect_str_eq(given.drain_report, "c");

	struct serve_config none = {.workers = 64, .queue = 1024, .grace = 20, .drain_timeout = 25};
	config_apply(config, &none);
	cr_assert_eq(none.listen_count, 1);
	cr_expect_str_eq(none.listen[0], "f:1");
	cr_expect_str_eq(none.admin_token_file, "f");
	cr_expect_str_eq(none.admin, "f:2");
	cr_expect_eq(none.workers, 5);
	cr_expect_eq(none.queue, 6);
	cr_expect_eq(none.grace, WEIR_SECOND);
	cr_expect_eq(none.drain_timeout, 2 * WEIR_SECOND);
	cr_expect_eq(none.body, 3 * WEIR_SECOND);
	cr_expect_eq(none.header, 0);
	cr_expect(none.log_json);
	cr_expect_str_eq(none.drain_report, "f");
	cr_expect_str_eq(none.deadline_header, "D");
	config_free(config);
}
