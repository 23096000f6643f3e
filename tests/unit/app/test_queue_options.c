/* What bounds the queue, in the configuration file and on the command line. */
#include "cli.h"
#include "config_apply.h"
#include "config_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(queue_options, .init = config_file_begin, .fini = config_file_end);

#define ROUTE "routes:\n  - {path: /e, kind: events, "

Test(queue_options, of_the_file_are_read)
{
	struct config *config =
		config_file_load("queue_age: 0\nqueue_target: 20ms\nqueue_interval: 1s\n"
				 "routes:\n"
				 "  - {path: /a, kind: events}\n"
				 "  - {path: /b, kind: events, priority: first}\n"
				 "  - {path: /c, kind: events, priority: high}\n"
				 "  - {path: /d, kind: events, priority: normal}\n"
				 "  - {path: /e, kind: events, priority: low, queue: 8,\n"
				 "     queue_age: 2s}\n");
	cr_expect_eq(config->queue_age, 0);
	cr_expect_eq(config->queue_target, 20 * WEIR_MILLISECOND);
	cr_expect_eq(config->queue_interval, WEIR_SECOND);
	cr_assert_eq(config->routes_count, 5);
	cr_expect_eq(config->routes[0].priority, CONFIG_PRIORITY_UNSET);
	cr_expect_eq(config->routes[0].queue, 0);
	cr_expect_eq(config->routes[0].queue_age, 0);
	cr_expect_eq(config->routes[1].priority, CONFIG_PRIORITY_FIRST);
	cr_expect_eq(config->routes[2].priority, CONFIG_PRIORITY_HIGH);
	cr_expect_eq(config->routes[3].priority, CONFIG_PRIORITY_NORMAL);
	cr_expect_eq(config->routes[4].priority, CONFIG_PRIORITY_LOW);
	cr_expect_eq(config->routes[4].queue, 8);
	cr_expect_eq(config->routes[4].queue_age, 2 * WEIR_SECOND);
	config_free(config);
}

Test(queue_options, that_are_wrong_are_refused)
{
	config_file_refused(
		"queue_age: 5\n",
		":1: queue_age: \"5\" is not a duration: expected 500ms, 10s, 2m, 1h or 0");
	config_file_refused("queue_interval: 0\n",
			    ":1: queue_interval: \"0\" is too short: expected at least 1ms");
	config_file_refused(
		ROUTE "priority: urgent}\n",
		":2: routes[0].priority: \"urgent\" is not known: expected one of first, high, "
		"normal, low");
	config_file_refused(ROUTE "queue: 0}\n",
			    ":2: routes[0].queue: \"0\": expected a number from 1 to 1000000");
	config_file_refused(ROUTE "queue_age: 0}\n",
			    ":2: routes[0].queue_age: \"0\" is too short: expected at least 1ms");
}

Test(queue_options, of_the_file_are_beneath_the_command_line)
{
	struct config *config =
		config_file_load("queue_age: 1s\nqueue_target: 2s\nqueue_interval: 3s\n"
				 "routes: [{path: /e, kind: events}]\n");
	struct serve_config given = {.queue_age = 4,
				     .queue_target = 5,
				     .queue_interval = 6,
				     .given = SERVE_GIVEN_QUEUE_AGE | SERVE_GIVEN_QUEUE_TARGET |
					      SERVE_GIVEN_QUEUE_INTERVAL};
	struct serve_config none = {.queue_age = 4};
	config_apply(config, &given);
	config_apply(config, &none);
	cr_expect_eq(given.queue_age, 4);
	cr_expect_eq(given.queue_target, 5);
	cr_expect_eq(given.queue_interval, 6);
	cr_expect_eq(none.queue_age, WEIR_SECOND);
	cr_expect_eq(none.queue_target, 2 * WEIR_SECOND);
	cr_expect_eq(none.queue_interval, 3 * WEIR_SECOND);
	config_free(config);
}

static int parse(struct cli *cli, const char *age, const char *target, const char *interval)
{
	char words[3][32];
	char command[] = "weir", serve[] = "serve";
	(void)snprintf(words[0], sizeof words[0], "--queue-age=%s", age);
	(void)snprintf(words[1], sizeof words[1], "--queue-target=%s", target);
	(void)snprintf(words[2], sizeof words[2], "--queue-interval=%s", interval);
	char *argv[] = {command, serve, words[0], words[1], words[2], NULL};
	memset(cli, 0, sizeof *cli);
	return cli_parse(5, argv, cli);
}

Test(queue_options, of_the_command_line_are_read)
{
	struct cli cli;
	cr_assert_eq(parse(&cli, "0", "20ms", "1s"), 0, "%s", cli.error);
	cr_expect_eq(cli.serve.queue_age, 0);
	cr_expect_eq(cli.serve.queue_target, 20 * WEIR_MILLISECOND);
	cr_expect_eq(cli.serve.queue_interval, WEIR_SECOND);
	cr_assert_neq(parse(&cli, "0", "20ms", "0"), 0);
	cr_expect_str_eq(cli.error, "weir serve: --queue-interval: \"0\" is too short (see 'weir "
				    "serve --help')");
	cr_assert_neq(parse(&cli, "x", "20ms", "1s"), 0);
}
