/* cli_check.c: the words of `weir check`; see cli.h. */
#include "cli_private.h"

#include <errno.h>

static const struct argp_option options[] = {
	{"help", 'h', NULL, 0, "Show this help", 0},
	{0},
};

static error_t read_key(int key, char *word, struct argp_state *state)
{
	struct cli_reader *reader = state->input;
	switch (key) {
	case 'h':
		reader->cli->action = CLI_CHECK_HELP;
		break;
	case ARGP_KEY_ARG:
		if (reader->cli->file != NULL)
			return cli_fail(reader,
					"\"%s\" is one word too many: one FILE can be checked at a "
					"time (see 'weir check --help')",
					word);
		if (*word == '\0')
			return cli_fail(reader, "the path is empty (see 'weir check --help')");
		reader->cli->file = word;
		break;
	case ARGP_KEY_ERROR:
		return cli_fail_word(reader, state->argv[reader->cursor]);
	default:
		return ARGP_ERR_UNKNOWN;
	}
	reader->cursor = state->next;
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = read_key,
	.args_doc = "FILE",
	.doc = "Looks at a configuration file for 'weir serve --config' and at what it names "
	       "(directories, databases, programs), and changes nothing.\v"
	       "Exit codes: 0 all is well, 2 one line on stderr says in which line what is wrong.",
};

int cli_parse_check(int argc, char **argv, struct cli *cli)
{
	cli->action = CLI_CHECK;
	struct cli_reader reader = {
		.command = "weir check", .options = options, .cursor = 1, .cli = cli};
	if (argp_parse(&argp, argc, argv, CLI_ARGP_FLAGS, NULL, &reader) != 0) {
		if (cli->error[0] == '\0')
			cli_fail(&reader, "out of memory");
		return -EINVAL;
	}
	if (cli->action == CLI_CHECK && cli->file == NULL) {
		cli_fail(&reader, "which FILE? (see 'weir check --help')");
		return -EINVAL;
	}
	return 0;
}

void cli_check_help(FILE *stream)
{
	argp_help(&argp, stream, ARGP_HELP_STD_HELP, (char[]){"weir check"});
}
