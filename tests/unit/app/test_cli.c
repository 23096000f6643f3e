/* The command line: what it sets, and how it says no. */
#include "cli.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define WORDS_MAX 40

static int parse(struct cli *cli, const char *words)
{
	static char copy[2048];
	char *argv[WORDS_MAX + 1] = {NULL};
	int argc = 0;
	cr_assert_lt(strlen(words), sizeof copy);
	memcpy(copy, words, strlen(words) + 1);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
		cr_assert_lt(argc, WORDS_MAX);
		argv[argc++] = word;
	}
	return cli_parse(argc, argv, cli);
}

static void expect_action(const char *words, enum cli_action action)
{
	struct cli cli;
	cr_expect_eq(parse(&cli, words), 0, "%s: %s", words, cli.error);
	cr_expect_eq(cli.action, action, "%s", words);
}

static void expect_error(const char *words, const char *line)
{
	struct cli cli;
	cr_expect_eq(parse(&cli, words), -EINVAL, "%s", words);
	cr_expect_str_eq(cli.error, line);
}

Test(cli, chooses_what_to_do)
{
	expect_action("weir", CLI_NOTHING);
	expect_action("weir --help", CLI_HELP);
	expect_action("weir -h", CLI_HELP);
	expect_action("weir --version", CLI_VERSION);
	expect_action("weir -V", CLI_VERSION);
	expect_action("weir serve", CLI_SERVE);
	expect_action("weir serve --help", CLI_SERVE_HELP);
	expect_action("weir serve -v -h", CLI_SERVE_HELP);
}

Test(cli, has_defaults)
{
	struct cli cli;
	cr_assert_eq(parse(&cli, "weir serve"), 0);
	cr_expect_eq(cli.serve.listen_count, 1);
	cr_expect_str_eq(cli.serve.listen[0], "127.0.0.1:8080");
	cr_expect_str_eq(cli.serve.root, "./data");
	cr_expect_null(cli.serve.admin);
	cr_expect_null(cli.serve.drain_report);
	cr_expect_eq(cli.serve.workers, 64);
	cr_expect_eq(cli.serve.queue, 1024);
	cr_expect_eq(cli.serve.queue_age, 30 * WEIR_SECOND);
	cr_expect_eq(cli.serve.queue_target, 5 * WEIR_MILLISECOND);
	cr_expect_eq(cli.serve.queue_interval, 100 * WEIR_MILLISECOND);
	cr_expect_eq(cli.serve.grace, 20 * WEIR_SECOND);
	cr_expect_eq(cli.serve.drain_timeout, 25 * WEIR_SECOND);
	cr_expect_not(cli.serve.log_json);
	cr_expect_not(cli.serve.log_debug);
	cr_expect_not(cli.serve.debug_routes);
}

Test(cli, takes_every_option)
{
	struct cli cli;
	cr_assert_eq(parse(&cli, "weir serve --listen [::1]:0 --listen=unix:/run/w --root /srv "
				 "--workers 4096 --queue 1 --grace 0 --drain-timeout 500ms "
				 "--admin 127.0.0.1:9 --drain-report r.json --log-format json "
				 "--debug-routes -v"),
		     0, "%s", cli.error);
	cr_expect_eq(cli.serve.listen_count, 2);
	cr_expect_str_eq(cli.serve.listen[0], "[::1]:0");
	cr_expect_str_eq(cli.serve.listen[1], "unix:/run/w");
	cr_expect_str_eq(cli.serve.root, "/srv");
	cr_expect_str_eq(cli.serve.admin, "127.0.0.1:9");
	cr_expect_str_eq(cli.serve.drain_report, "r.json");
	cr_expect_eq(cli.serve.workers, 4096);
	cr_expect_eq(cli.serve.queue, 1);
	cr_expect_eq(cli.serve.grace, 0);
	cr_expect_eq(cli.serve.drain_timeout, 500 * WEIR_MILLISECOND);
	cr_expect(cli.serve.log_json);
	cr_expect(cli.serve.log_debug);
	cr_expect(cli.serve.debug_routes);
}

Test(cli, the_last_of_an_option_counts_and_listeners_add_up)
{
	struct cli cli;
	cr_assert_eq(parse(&cli, "weir serve --grace 1s --grace 2s --log-format json "
				 "--log-format text"),
		     0);
	cr_expect_eq(cli.serve.grace, 2 * WEIR_SECOND);
	cr_expect_not(cli.serve.log_json);

	char words[1024] = "weir serve";
	static const char more[] = " --listen :0";
	char *end = words + strlen(words);
	for (int i = 0; i < SERVE_LISTEN_MAX; i++, end += sizeof more - 1)
		memcpy(end, more, sizeof more);
	cr_expect_eq(parse(&cli, words), 0);
	cr_expect_eq(cli.serve.listen_count, SERVE_LISTEN_MAX);
	memcpy(end, more, sizeof more);
	expect_error(words, "weir serve: --listen: at most 16 addresses can be given");
}

Test(cli, says_which_word_is_wrong)
{
	expect_error("weir sevre", "weir: unknown command \"sevre\" (see 'weir --help')");
	expect_error("weir --hlep", "weir: unknown option --hlep (see 'weir --help')");
	expect_error("weir -x serve", "weir: unknown option -x (see 'weir --help')");
	expect_error("weir --help=3", "weir: --help takes no value (see 'weir --help')");
	expect_error("weir serve -vx", "weir serve: unknown option -x (see 'weir serve --help')");
	expect_error("weir serve -v --nope=3 -v",
		     "weir serve: unknown option --nope (see 'weir serve --help')");
	expect_error("weir serve --l 3", "weir serve: --l could mean several options: write it "
					 "out (see 'weir serve --help')");
	expect_error("weir serve -v --root",
		     "weir serve: --root needs a value: DIR (see 'weir serve --help')");
	expect_error("weir serve --debug-routes=yes",
		     "weir serve: --debug-routes takes no value (see 'weir serve --help')");
	expect_error("weir serve data", "weir serve: \"data\" is one word too many: options begin "
					"with -- (see 'weir serve --help')");
	expect_error("weir serve -- data", "weir serve: \"data\" is one word too many: options "
					   "begin with -- (see 'weir serve --help')");
}

Test(cli, says_which_value_is_wrong)
{
	expect_error("weir serve --workers abc", "weir serve: --workers: \"abc\" is not a number "
						 "from 1 to 4096, or two as in 16..64 (see 'weir "
						 "serve --help')");
	expect_error("weir serve --workers 4097", "weir serve: --workers: \"4097\" is not a number "
						  "from 1 to 4096, or two as in 16..64 (see 'weir "
						  "serve --help')");
	expect_error("weir serve --queue 0",
		     "weir serve: --queue: \"0\" is not a number from 1 to 1000000 (see 'weir "
		     "serve --help')");
	expect_error("weir serve --grace 10",
		     "weir serve: --grace: \"10\" is not a duration: write 500ms, 10s, 2m, 1h or "
		     "0 (see 'weir serve --help')");
	expect_error("weir serve --drain-timeout 9999999h",
		     "weir serve: --drain-timeout: \"9999999h\" is too long (see 'weir serve "
		     "--help')");
	expect_error("weir serve --log-format xml",
		     "weir serve: --log-format: \"xml\" is neither text nor json (see 'weir serve "
		     "--help')");
	expect_error("weir serve --root=",
		     "weir serve: --root: the path is empty (see 'weir serve --help')");
}

Test(cli, stays_one_line_whatever_it_is_given)
{
	struct cli cli;
	cr_assert_eq(parse(&cli, "weir serve --workers 1\n2\t\x7f"), -EINVAL);
	cr_expect_null(strpbrk(cli.error, "\n\t\x7f"), "%s", cli.error);

	char words[1500] = "weir serve ";
	memset(words + strlen(words), 'x', sizeof words - strlen(words) - 1);
	words[sizeof words - 1] = '\0';
	cr_assert_eq(parse(&cli, words), -EINVAL);
	cr_expect_lt(strlen(cli.error), sizeof cli.error);
}
