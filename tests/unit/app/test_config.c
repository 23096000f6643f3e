/* The configuration file: what it sets, and what each mistake is told. */
#include "config.h"
#include "config_apply.h"

#include "support/scratch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct scratch scratch;
static char file[PATH_MAX + 16];

static void begin(void)
{
	scratch_make(&scratch);
	(void)snprintf(file, sizeof file, "%s/weir.yaml", scratch.path);
}

static void end(void)
{
	scratch_remove(&scratch);
}

TestSuite(config, .init = begin, .fini = end);

static int load(const char *text, size_t size, struct config **config, char error[COMPLAIN_SIZE])
{
	scratch_write(&scratch, "weir.yaml", text, size);
	return config_load(file, config, error);
}

static struct config *must_load(const char *text)
{
	struct config *config = NULL;
	char error[COMPLAIN_SIZE];
	cr_assert_eq(load(text, strlen(text), &config, error), 0, "%s", error);
	return config;
}

/* Expects `message`, which follows the name of the file. */
static void refused_bytes(const char *text, size_t size, const char *message)
{
	struct config *config = NULL;
	char error[COMPLAIN_SIZE] = "";
	int result = load(text, size, &config, error);
	cr_assert_eq(result, -EINVAL, "taken, although: %s", message);
	size_t length = strlen(file);
	cr_assert_eq(strncmp(error, file, length), 0, "%s", error);
	cr_expect_str_eq(error + length, message);
}

static void refused(const char *text, const char *message)
{
	refused_bytes(text, strlen(text), message);
}

#define FILES "routes: [{path: '/{p...}', kind: files, root: r}]\n"

Test(config, sets_everything)
{
	struct config *config =
		must_load("listeners:\n"
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
	struct config *config = must_load(
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

Test(config, that_is_not_yaml_is_refused)
{
	refused("routes: [\n",
		":2: not YAML: while parsing a flow node, did not find expected node "
		"content: expected \"key: value\" lines, indented by spaces");
	refused("workers: 1\n\tqueue: 2\n",
		":2: not YAML: while scanning a plain scalar, found a tab character that violates "
		"indentation: expected \"key: value\" lines, indented by spaces");
	refused_bytes("workers: \xff\n", 11,
		      ":1: not a text: invalid leading UTF-8 octet: expected YAML in UTF-8");
	refused("", ":1: empty: expected keys like \"routes:\"");
	refused("# nothing\n", ":1: empty: expected keys like \"routes:\"");
	refused("workers: 1\n---\nworkers: 2\n",
		":2: a second document: expected one configuration in a file");
	refused("workers: &w 1\nqueue: *w\n",
		":2: an alias (*w): expected the value itself: aliases are not used here");
}

Test(config, of_a_wrong_shape_is_refused)
{
	refused("- a\n", ":1: is a list: expected keys and values");
	refused("workers\n", ":1: is a single value: expected keys and values");
	refused("\n\nworkers: [1]\n", ":3: workers: is a list: expected a single value");
	refused("workers:\n", ":1: workers: is empty: expected a value");
	refused("listeners: here\n",
		":1: listeners: is a single value: expected a list, each entry with a \"-\"");
	refused("listeners:\n",
		":1: listeners: is nothing: expected a list, each entry with a \"-\"");
	refused("listeners: []\n", ":1: listeners: is an empty list: expected an entry");
	refused("timeouts: 5s\n", ":1: timeouts: is a single value: expected keys and values");
	refused("[a]: b\n", ":1: a key is a list: expected a word");
	refused("workers: 1\nqueue: 2\nworkers: 3\n", ":3: workers: stands here twice: expected it "
						      "once");
	refused("workres: 1\n",
		":1: \"workres\" is not a key here: expected one of listeners, tls, workers, "
		"queue, "
		"queue_age, queue_target, queue_interval, timeouts, limits, deadline_header, log, "
		"drain_report, user, group, databases, statements, routes");
	refused("timeouts:\n  grace: 1s\n  idle: 5s\n",
		":3: timeouts: \"idle\" is not a key here: expected one of lame_duck, grace, "
		"drain_timeout, "
		"first_byte, header, body, keepalive, write");
	refused("listeners:\n  - admin: true\n",
		":2: listeners[0]: the key \"address\" is missing: expected it here");
	refused("listeners:\n  - address: x:1\n    admin: yes\n",
		":3: listeners[0].admin: \"yes\": expected true or false");
	refused("log: {format: xml}\n",
		":1: log.format: \"xml\" is not known: expected one of text, json");
	refused_bytes("workers: \"1\\0\"\n", 15,
		      ":1: workers: has a NUL character in it: expected a text");
	refused("routes:\n  - path: /x\n    kind: fils\n",
		":3: routes[0].kind: \"fils\" is not known: expected one of files, events, run, "
		"query, proxy, websocket");
}

Test(config, of_wrong_values_is_refused)
{
	static const char *const no_numbers[] = {"0", "-1", "abc", "1.5", "4097", "0x10"};
	for (size_t i = 0; i < sizeof no_numbers / sizeof no_numbers[0]; i++) {
		char text[64], message[96];
		(void)snprintf(text, sizeof text, "# one\nworkers: %s\n", no_numbers[i]);
		(void)snprintf(message, sizeof message,
			       ":2: workers: \"%s\": expected a number from 1 to 4096, or two as "
			       "in 16..64",
			       no_numbers[i]);
		refused(text, message);
	}
	refused("queue: 1000001\n", ":1: queue: \"1000001\": expected a number from 1 to 1000000");
	refused("timeouts:\n  grace: 10\n",
		":2: timeouts.grace: \"10\" is not a duration: expected "
		"500ms, 10s, 2m, 1h or 0");
	refused("timeouts: {header: 0}\n",
		":1: timeouts.header: \"0\" is too short: expected at least 1ms");
	refused("timeouts: {write: 9999999999h}\n",
		":1: timeouts.write: \"9999999999h\" is too long: expected at most 292 years");
	refused("listeners:\n  - {address: here}\n",
		":2: listeners[0].address: \"here\" is not an address: expected HOST:PORT, "
		"https://HOST:PORT, "
		"unix:PATH or systemd[:NAME]");
	refused("listeners: [{address: 'h:65536'}]\n",
		":1: listeners[0].address: \"h:65536\" is not an address: expected HOST:PORT, "
		"https://HOST:PORT, "
		"unix:PATH or systemd[:NAME]");
	refused("listeners: [{address: 'https://unix:x'}]\n",
		":1: listeners[0].address: \"https://unix:x\" is not an address: expected "
		"HOST:PORT, https://HOST:PORT, unix:PATH or systemd[:NAME]");
	refused("tls: {certificates: [{certificate: a}]}\n",
		":1: tls.certificates[0]: the key \"key\" is missing: expected it here");
	refused("tls: {certificates: [{certificate: a, key: b}], clients: some}\n",
		":1: tls.clients: \"some\" is not known: expected one of none, optional, required");
	refused("tls: {certificates: [{certificate: a, key: b}], hsts: 5}\n",
		":1: tls.hsts: \"5\" is not a duration: expected 500ms, 10s, 2m, 1h or 0");
	refused("listeners:\n  - {address: 'h:1', admin: true}\n  - {address: 'h:2', admin: "
		"true}\n",
		":3: listeners[1].admin: a second admin listener: expected one at most");
	refused("listeners:\n  - {address: 'h:1', token_file: t}\n",
		":2: listeners[0].token_file: only the admin listener asks for a token");
	refused("limits:\n  client_requests: 0\n",
		":2: limits.client_requests: \"0\": expected a number from 1 to 1000000");
	refused("limits: {write_rate: 1KB}\n",
		":1: limits.write_rate: \"1KB\" is not a rate: expected bytes a second, 512 or "
		"1KiB, at most 1024GiB");
	refused("limits: {trusted_proxies: 10.0.0.0/33}\n",
		":1: limits.trusted_proxies: \"10.0.0.0/33\" is not a list of addresses: expected "
		"up to 64 like 10.0.0.0/8, fd00::/8, 192.0.2.7");
	refused("limits: {client_header: 'X Y'}\n",
		":1: limits.client_header: \"X Y\" is not the name of a header field: expected "
		"letters, digits and \"-\"");
	refused("deadline_header: 'X Y'\n",
		":1: deadline_header: \"X Y\" is not the name of a header field: expected letters, "
		"digits and \"-\"");
}

Test(config, of_routes_that_cannot_be_is_refused)
{
	refused("routes:\n  - {path: /x, kind: files}\n",
		":2: routes[0]: the key \"root\" is missing: expected it for the kind \"files\"");
	refused("routes:\n  - path: /e\n    kind: events\n    root: x\n",
		":4: routes[0].root: not a key of the kind \"events\": expected one of path, kind, "
		"body_limit, priority, queue, queue_age, every, retry");
	refused("routes:\n  - {path: /x, kind: files, root: r}\n",
		":2: routes[0].path: \"/x\": expected a path that ends in /{path...} and has no "
		"other parameter, for the kind \"files\"");
	refused("routes:\n  - {path: x, kind: events}\n",
		":2: routes[0].path: \"x\" is not a path: expected one like /notes/{id} or "
		"/files/{path...}");
	refused("routes:\n  - path: /x\n    method: get\n    kind: run\n    command: [a]\n",
		":3: routes[0].method: \"get\" is not a method: expected one like GET, or \"*\" "
		"for "
		"any");
	refused("routes:\n  - {path: /x, kind: run, command: []}\n",
		":2: routes[0].command: is an empty list: expected an entry");
	refused("routes:\n  - {path: /x, kind: run, command: ['{?p}']}\n",
		":2: routes[0].command[0]: \"{?p}\": expected the program, which is not for the "
		"request to choose");
	refused("routes:\n  - path: /x\n    kind: run\n    command:\n      - a\n      - '{y}'\n",
		":6: routes[0].command[1]: {y} is not a parameter of the path: expected one that "
		"is, "
		"or {?y} for the query's");
	refused("routes:\n  - {path: /x, kind: run, command: [a, 'b{']}\n",
		":2: routes[0].command[1]: \"b{\": expected {name}, {?name}, or {{ for a brace");
	refused("routes:\n  - {path: /x, kind: run, command: [a], deadline: 0}\n",
		":2: routes[0].deadline: \"0\" is too short: expected at least 1ms");
	refused("routes:\n  - {path: /x, kind: run, command: [a], body_limit: 1KB}\n",
		":2: routes[0].body_limit: \"1KB\": expected a size from 1 to 1GiB, like 64KiB or "
		"1MiB");
	refused("routes:\n  - {path: /x, kind: events, every: 1ms}\n",
		":2: routes[0].every: \"1ms\" is too short: expected at least 10ms");
	refused("routes:\n  - {path: /x, kind: query, statement: s}\n",
		":2: routes[0].statement: \"s\" is not known: expected the name of one of the "
		"statements");
	static const char *const no_urls[] = {"h:1", "ftp://h", "http://", "http://h/?q"};
	for (size_t i = 0; i < sizeof no_urls / sizeof no_urls[0]; i++) {
		char text[128], message[160];
		(void)snprintf(text, sizeof text,
			       "routes:\n  - {path: /x, kind: proxy, upstream: '%s'}\n",
			       no_urls[i]);
		(void)snprintf(message, sizeof message,
			       ":2: routes[0].upstream: \"%s\": expected a URL like "
			       "http://HOST:PORT/base, without a query",
			       no_urls[i]);
		refused(text, message);
	}
	/* Before the @ there may be a password. */
	refused("routes:\n  - {path: /x, kind: proxy, upstream: 'http://u:p@h'}\n",
		":2: routes[0].upstream: a URL with a name or a password in it: expected one like "
		"http://HOST:PORT/base, without them");
}

#define DATABASE "databases: [{name: d, url: x}]\n"

Test(config, of_statements_that_cannot_be_is_refused)
{
	refused("databases:\n  - {name: d, url: x}\n  - {name: d, url: y}\n",
		":3: databases[1].name: a second database \"d\": expected another name");
	refused("databases: [{name: d, url: x, connections: 0}]\n",
		":1: databases[0].connections: \"0\": expected a number from 1 to 1024");
	refused("statements:\n  - {name: s, database: d, sql: x}\n",
		":2: statements[0].database: \"d\" is not known: expected the name of one of the "
		"databases");
	refused(DATABASE "statements:\n  - {name: s, database: d, sql: x}\n"
			 "  - {name: s, database: d, sql: x}\n",
		":4: statements[1].name: a second statement \"s\": expected another name");
	refused(DATABASE "statements:\n  - name: s\n    database: d\n    sql: 'SELECT :x'\n",
		":5: statements[0].sql: \":x\" has no entry: expected it among the parameters");
	refused(DATABASE "statements:\n  - {name: s, database: d, sql: \"SELECT 'x\"}\n",
		":3: statements[0].sql: a quote or comment does not end: expected its end");
	refused(DATABASE "statements:\n  - {name: s, database: d, sql: x, parameters: [\n"
			 "    {name: a, in: query, type: text}]}\n",
		":4: statements[0].parameters[0].name: expected \":a\" in the SQL, where it is "
		"not");
	refused(DATABASE "statements:\n  - {name: s, database: d, sql: ':a', parameters: [\n"
			 "    {name: a, in: query, type: integer, default: x}]}\n",
		":4: statements[0].parameters[0].default: \"x\": expected a whole number");
	refused(DATABASE
		"statements:\n  - {name: s, database: d, sql: ':a', parameters: [\n"
		"    {name: a, in: query, type: text},\n    {name: a, in: query, type: text}]}\n",
		":5: statements[0].parameters[1].name: a second parameter \"a\": expected another "
		"name");
	refused(DATABASE "statements:\n  - {name: s, database: d, sql: ':a', parameters: [\n"
			 "    {name: a, in: path, type: text}]}\n"
			 "routes:\n  - {path: '/{b}', kind: query, statement: s}\n",
		":6: routes[0].statement: \"s\" takes \"a\" from the path: expected {a} in the "
		"route's path");
}

Test(config, that_cannot_be_read_is_refused)
{
	struct config *config;
	char error[COMPLAIN_SIZE], expected[PATH_MAX + 64];
	cr_expect_eq(config_load("no/such/file", &config, error), -EINVAL);
	cr_expect_str_eq(error, "no/such/file: cannot be read: No such file or directory");
	cr_expect_eq(config_load(scratch.path, &config, error), -EINVAL);
	(void)snprintf(expected, sizeof expected, "%s: cannot be read: Is a directory",
		       scratch.path);
	cr_expect_str_eq(error, expected);

	static char large[(1 << 20) + 1];
	memset(large, '#', sizeof large);
	cr_expect_eq(load(large, sizeof large, &config, error), -EINVAL);
	(void)snprintf(expected, sizeof expected, "%s: cannot be read: longer than 1 MiB", file);
	cr_expect_str_eq(error, expected);
}

Test(config, deep_or_circular_documents_end)
{
	static char deep[200001];
	memset(deep, '[', sizeof deep - 1);
	refused(deep, ":1: nested too deeply: expected at most 32 levels");
	refused("a: &a [*a]\n",
		":1: an alias (*a): expected the value itself: aliases are not used "
		"here");
}

Test(config, is_beneath_the_command_line)
{
	struct config *config = must_load(
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
