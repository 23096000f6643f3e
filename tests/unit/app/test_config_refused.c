/* The configuration file: what each mistake is told. */
#include "config_file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

TestSuite(config_refused, .init = config_file_begin, .fini = config_file_end);

Test(config_refused, that_is_not_yaml_is_refused)
{
	config_file_refused("routes: [\n",
			    ":2: not YAML: while parsing a flow node, did not find expected node "
			    "content: expected \"key: value\" lines, indented by spaces");
	config_file_refused(
		"workers: 1\n\tqueue: 2\n",
		":2: not YAML: while scanning a plain scalar, found a tab character that violates "
		"indentation: expected \"key: value\" lines, indented by spaces");
	config_file_refused_bytes(
		"workers: \xff\n", 11,
		":1: not a text: invalid leading UTF-8 octet: expected YAML in UTF-8");
	config_file_refused("", ":1: empty: expected keys like \"routes:\"");
	config_file_refused("# nothing\n", ":1: empty: expected keys like \"routes:\"");
	config_file_refused("workers: 1\n---\nworkers: 2\n",
			    ":2: a second document: expected one configuration in a file");
	config_file_refused(
		"workers: &w 1\nqueue: *w\n",
		":2: an alias (*w): expected the value itself: aliases are not used here");
}

Test(config_refused, of_a_wrong_shape_is_refused)
{
	config_file_refused("- a\n", ":1: is a list: expected keys and values");
	config_file_refused("workers\n", ":1: is a single value: expected keys and values");
	config_file_refused("\n\nworkers: [1]\n",
			    ":3: workers: is a list: expected a single value");
	config_file_refused("workers:\n", ":1: workers: is empty: expected a value");
	config_file_refused(
		"listeners: here\n",
		":1: listeners: is a single value: expected a list, each entry with a \"-\"");
	config_file_refused("listeners:\n",
			    ":1: listeners: is nothing: expected a list, each entry with a \"-\"");
	config_file_refused("listeners: []\n",
			    ":1: listeners: is an empty list: expected an entry");
	config_file_refused("timeouts: 5s\n",
			    ":1: timeouts: is a single value: expected keys and values");
	config_file_refused("[a]: b\n", ":1: a key is a list: expected a word");
	config_file_refused("workers: 1\nqueue: 2\nworkers: 3\n",
			    ":3: workers: stands here twice: expected it "
			    "once");
	config_file_refused(
		"workres: 1\n",
		":1: \"workres\" is not a key here: expected one of listeners, tls, workers, "
		"queue, "
		"queue_age, queue_target, queue_interval, timeouts, limits, deadline_header, log, "
		"drain_report, user, group, databases, statements, routes");
	config_file_refused(
		"timeouts:\n  grace: 1s\n  idle: 5s\n",
		":3: timeouts: \"idle\" is not a key here: expected one of lame_duck, grace, "
		"drain_timeout, "
		"first_byte, header, body, keepalive, write");
	config_file_refused("listeners:\n  - admin: true\n",
			    ":2: listeners[0]: the key \"address\" is missing: expected it here");
	config_file_refused("listeners:\n  - address: x:1\n    admin: yes\n",
			    ":3: listeners[0].admin: \"yes\": expected true or false");
	config_file_refused("log: {format: xml}\n",
			    ":1: log.format: \"xml\" is not known: expected one of text, json");
	config_file_refused_bytes("workers: \"1\\0\"\n", 15,
				  ":1: workers: has a NUL character in it: expected a text");
	config_file_refused(
		"routes:\n  - path: /x\n    kind: fils\n",
		":3: routes[0].kind: \"fils\" is not known: expected one of files, events, run, "
		"query, proxy, websocket");
}

Test(config_refused, of_wrong_values_is_refused)
{
	static const char *const no_numbers[] = {"0", "-1", "abc", "1.5", "4097", "0x10"};
	for (size_t i = 0; i < sizeof no_numbers / sizeof no_numbers[0]; i++) {
		char text[64], message[96];
		(void)snprintf(text, sizeof text, "# one\nworkers: %s\n", no_numbers[i]);
		(void)snprintf(message, sizeof message,
			       ":2: workers: \"%s\": expected a number from 1 to 4096, or two as "
			       "in 16..64",
			       no_numbers[i]);
		config_file_refused(text, message);
	}
	config_file_refused("queue: 1000001\n",
			    ":1: queue: \"1000001\": expected a number from 1 to 1000000");
	config_file_refused("timeouts:\n  grace: 10\n",
			    ":2: timeouts.grace: \"10\" is not a duration: expected "
			    "500ms, 10s, 2m, 1h or 0");
	config_file_refused("timeouts: {header: 0}\n",
			    ":1: timeouts.header: \"0\" is too short: expected at least 1ms");
	config_file_refused(
		"timeouts: {write: 9999999999h}\n",
		":1: timeouts.write: \"9999999999h\" is too long: expected at most 292 years");
	config_file_refused(
		"listeners:\n  - {address: here}\n",
		":2: listeners[0].address: \"here\" is not an address: expected HOST:PORT, "
		"https://HOST:PORT, "
		"unix:PATH or systemd[:NAME]");
	config_file_refused(
		"listeners: [{address: 'h:65536'}]\n",
		":1: listeners[0].address: \"h:65536\" is not an address: expected HOST:PORT, "
		"https://HOST:PORT, "
		"unix:PATH or systemd[:NAME]");
	config_file_refused(
		"listeners: [{address: 'https://unix:x'}]\n",
		":1: listeners[0].address: \"https://unix:x\" is not an address: expected "
		"HOST:PORT, https://HOST:PORT, unix:PATH or systemd[:NAME]");
	config_file_refused(
		"tls: {certificates: [{certificate: a}]}\n",
		":1: tls.certificates[0]: the key \"key\" is missing: expected it here");
	config_file_refused(
		"tls: {certificates: [{certificate: a, key: b}], clients: some}\n",
		":1: tls.clients: \"some\" is not known: expected one of none, optional, required");
	config_file_refused(
		"tls: {certificates: [{certificate: a, key: b}], hsts: 5}\n",
		":1: tls.hsts: \"5\" is not a duration: expected 500ms, 10s, 2m, 1h or 0");
	config_file_refused(
		"listeners:\n  - {address: 'h:1', admin: true}\n  - {address: 'h:2', admin: "
		"true}\n",
		":3: listeners[1].admin: a second admin listener: expected one at most");
	config_file_refused(
		"listeners:\n  - {address: 'h:1', token_file: t}\n",
		":2: listeners[0].token_file: only the admin listener asks for a token");
	config_file_refused(
		"limits:\n  client_requests: 0\n",
		":2: limits.client_requests: \"0\": expected a number from 1 to 1000000");
	config_file_refused(
		"limits: {write_rate: 1KB}\n",
		":1: limits.write_rate: \"1KB\" is not a rate: expected bytes a second, 512 or "
		"1KiB, at most 1024GiB");
	config_file_refused(
		"limits: {trusted_proxies: 10.0.0.0/33}\n",
		":1: limits.trusted_proxies: \"10.0.0.0/33\" is not a list of addresses: expected "
		"up to 64 like 10.0.0.0/8, fd00::/8, 192.0.2.7");
	config_file_refused(
		"limits: {client_header: 'X Y'}\n",
		":1: limits.client_header: \"X Y\" is not the name of a header field: expected "
		"letters, digits and \"-\"");
	config_file_refused(
		"deadline_header: 'X Y'\n",
		":1: deadline_header: \"X Y\" is not the name of a header field: expected letters, "
		"digits and \"-\"");
}

Test(config_refused, of_routes_that_cannot_be_is_refused)
{
	config_file_refused(
		"routes:\n  - {path: /x, kind: files}\n",
		":2: routes[0]: the key \"root\" is missing: expected it for the kind \"files\"");
	config_file_refused(
		"routes:\n  - path: /e\n    kind: events\n    root: x\n",
		":4: routes[0].root: not a key of the kind \"events\": expected one of path, kind, "
		"body_limit, priority, queue, queue_age, every, retry");
	config_file_refused(
		"routes:\n  - {path: /x, kind: files, root: r}\n",
		":2: routes[0].path: \"/x\": expected a path that ends in /{path...} and has no "
		"other parameter, for the kind \"files\"");
	config_file_refused(
		"routes:\n  - {path: x, kind: events}\n",
		":2: routes[0].path: \"x\" is not a path: expected one like /notes/{id} or "
		"/files/{path...}");
	config_file_refused(
		"routes:\n  - path: /x\n    method: get\n    kind: run\n    command: [a]\n",
		":3: routes[0].method: \"get\" is not a method: expected one like GET, or \"*\" "
		"for "
		"any");
	config_file_refused("routes:\n  - {path: /x, kind: run, command: []}\n",
			    ":2: routes[0].command: is an empty list: expected an entry");
	config_file_refused(
		"routes:\n  - {path: /x, kind: run, command: ['{?p}']}\n",
		":2: routes[0].command[0]: \"{?p}\": expected the program, which is not for the "
		"request to choose");
	config_file_refused(
		"routes:\n  - path: /x\n    kind: run\n    command:\n      - a\n      - '{y}'\n",
		":6: routes[0].command[1]: {y} is not a parameter of the path: expected one that "
		"is, "
		"or {?y} for the query's");
	config_file_refused(
		"routes:\n  - {path: /x, kind: run, command: [a, 'b{']}\n",
		":2: routes[0].command[1]: \"b{\": expected {name}, {?name}, or {{ for a brace");
	config_file_refused("routes:\n  - {path: /x, kind: run, command: [a], deadline: 0}\n",
			    ":2: routes[0].deadline: \"0\" is too short: expected at least 1ms");
	config_file_refused(
		"routes:\n  - {path: /x, kind: run, command: [a], body_limit: 1KB}\n",
		":2: routes[0].body_limit: \"1KB\": expected a size from 1 to 1GiB, like 64KiB or "
		"1MiB");
	config_file_refused("routes:\n  - {path: /x, kind: events, every: 1ms}\n",
			    ":2: routes[0].every: \"1ms\" is too short: expected at least 10ms");
	config_file_refused(
		"routes:\n  - {path: /x, kind: query, statement: s}\n",
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
		config_file_refused(text, message);
	}
	/* Before the @ there may be a password. */
	config_file_refused(
		"routes:\n  - {path: /x, kind: proxy, upstream: 'http://u:p@h'}\n",
		":2: routes[0].upstream: a URL with a name or a password in it: expected one like "
		"http://HOST:PORT/base, without them");
}

#define DATABASE "databases: [{name: d, url: x}]\n"

Test(config_refused, of_statements_that_cannot_be_is_refused)
{
	config_file_refused(
		"databases:\n  - {name: d, url: x}\n  - {name: d, url: y}\n",
		":3: databases[1].name: a second database \"d\": expected another name");
	config_file_refused(
		"databases: [{name: d, url: x, connections: 0}]\n",
		":1: databases[0].connections: \"0\": expected a number from 1 to 1024");
	config_file_refused(
		"statements:\n  - {name: s, database: d, sql: x}\n",
		":2: statements[0].database: \"d\" is not known: expected the name of one of the "
		"databases");
	config_file_refused(
		DATABASE "statements:\n  - {name: s, database: d, sql: x}\n"
			 "  - {name: s, database: d, sql: x}\n",
		":4: statements[1].name: a second statement \"s\": expected another name");
	config_file_refused(
		DATABASE "statements:\n  - name: s\n    database: d\n    sql: 'SELECT :x'\n",
		":5: statements[0].sql: \":x\" has no entry: expected it among the parameters");
	config_file_refused(
		DATABASE "statements:\n  - {name: s, database: d, sql: \"SELECT 'x\"}\n",
		":3: statements[0].sql: a quote or comment does not end: expected its end");
	config_file_refused(
		DATABASE "statements:\n  - {name: s, database: d, sql: x, parameters: [\n"
			 "    {name: a, in: query, type: text}]}\n",
		":4: statements[0].parameters[0].name: expected \":a\" in the SQL, where it is "
		"not");
	config_file_refused(
		DATABASE "statements:\n  - {name: s, database: d, sql: ':a', parameters: [\n"
			 "    {name: a, in: query, type: integer, default: x}]}\n",
		":4: statements[0].parameters[0].default: \"x\": expected a whole number");
	config_file_refused(
		DATABASE
		"statements:\n  - {name: s, database: d, sql: ':a', parameters: [\n"
		"    {name: a, in: query, type: text},\n    {name: a, in: query, type: text}]}\n",
		":5: statements[0].parameters[1].name: a second parameter \"a\": expected another "
		"name");
	config_file_refused(
		DATABASE "statements:\n  - {name: s, database: d, sql: ':a', parameters: [\n"
			 "    {name: a, in: path, type: text}]}\n"
			 "routes:\n  - {path: '/{b}', kind: query, statement: s}\n",
		":6: routes[0].statement: \"s\" takes \"a\" from the path: expected {a} in the "
		"route's path");
}

Test(config_refused, that_cannot_be_read_is_refused)
{
	struct config *config;
	char error[COMPLAIN_SIZE];
	cr_expect_eq(config_load("no/such/file", &config, error), -EINVAL);
	cr_expect_str_eq(error, "no/such/file: cannot be read: No such file or directory");
	cr_expect_eq(config_load("/", &config, error), -EINVAL);
	cr_expect_str_eq(error, "/: cannot be read: Is a directory");

	static char large[(1 << 20) + 1];
	memset(large, '#', sizeof large);
	config_file_refused_bytes(large, sizeof large, ": cannot be read: longer than 1 MiB");
}

Test(config_refused, deep_or_circular_documents_end)
{
	static char deep[200001];
	memset(deep, '[', sizeof deep - 1);
	config_file_refused(deep, ":1: nested too deeply: expected at most 32 levels");
	config_file_refused("a: &a [*a]\n",
			    ":1: an alias (*a): expected the value itself: aliases are not used "
			    "here");
}
