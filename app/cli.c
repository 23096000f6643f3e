/* cli.c: the words before the command, and what all readers share; see cli.h. */
#include "cli_private.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const struct argp_option options[] = {
	{"help", 'h', NULL, 0, "Show this help", 0},
	{"version", 'V', NULL, 0, "Show the version", 0},
	{0},
};

struct weir_reader {
	struct cli_reader base;
	int command; /* index of the command's word; 0: none */
	int (*parse)(int argc, char **argv, struct cli *cli); /* of the command */
};

int cli_fail(struct cli_reader *reader, const char *format, ...)
{
	char *error = reader->cli->error;
	size_t size = sizeof reader->cli->error;
	if (error[0] != '\0')
		return EINVAL;
	int prefix = snprintf(error, size, "%s: ", reader->command);
	if (prefix < 0 || (size_t)prefix >= size)
		return EINVAL;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(error + prefix, size - (size_t)prefix, format, arguments);
	va_end(arguments);
	if (length < 0)
		error[prefix] = '\0';
	complain_clean(error);
	return EINVAL;
}

static int fail_long(struct cli_reader *reader, const char *word)
{
	const char *name = word + 2;
	int length = (int)strcspn(name, "=");
	const struct argp_option *found = NULL;
	size_t matches = 0;
	for (const struct argp_option *option = reader->options; option->key != 0; option++) {
		if (option->name == NULL || strncmp(option->name, name, (size_t)length) != 0)
			continue;
		found = option;
		if (option->name[length] == '\0') {
			matches = 1;
			break;
		}
		matches++;
	}
	if (matches == 0)
		return cli_fail(reader, "unknown option --%.*s (see '%s --help')", length, name,
				reader->command);
	if (matches > 1)
		return cli_fail(reader,
				"--%.*s could mean several options: write it out (see '%s --help')",
				length, name, reader->command);
	if (found->arg == NULL)
		return cli_fail(reader, "--%s takes no value (see '%s --help')", found->name,
				reader->command);
	return cli_fail(reader, "--%s needs a value: %s (see '%s --help')", found->name, found->arg,
			reader->command);
}

static bool short_known(const struct cli_reader *reader, char letter)
{
	for (const struct argp_option *option = reader->options; option->key != 0; option++) {
		if (option->key == letter)
			return true;
	}
	return false;
}

int cli_fail_word(struct cli_reader *reader, const char *word)
{
	if (word == NULL)
		return cli_fail(reader, "an option is not understood (see '%s --help')",
				reader->command);
	if (strncmp(word, "--", 2) == 0)
		return fail_long(reader, word);
	for (const char *letter = word + 1; *letter != '\0'; letter++) {
		if (!short_known(reader, *letter))
			return cli_fail(reader, "unknown option -%c (see '%s --help')", *letter,
					reader->command);
	}
	return cli_fail(reader, "\"%s\" is not understood (see '%s --help')", word,
			reader->command);
}

static const struct cli_client_command *find_client(const char *word)
{
#ifdef WEIR_APP_CLIENT
	const struct cli_client_command *command;
	for (command = cli_client_commands; command->name != NULL; command++) {
		if (strcmp(word, command->name) == 0)
			return command;
	}
#endif
	(void)word;
	return NULL;
}

static error_t read_key(int key, char *word, struct argp_state *state)
{
	struct weir_reader *reader = state->input;
	struct cli *cli = reader->base.cli;
	switch (key) {
	case 'h':
		cli->action = CLI_HELP;
		break;
	case 'V':
		cli->action = CLI_VERSION;
		break;
	case ARGP_KEY_ARG:
		if (strcmp(word, "serve") == 0)
			reader->parse = cli_parse_serve;
		else if (strcmp(word, "check") == 0)
			reader->parse = cli_parse_check;
		else if ((cli->command = find_client(word)) != NULL)
			reader->parse = NULL;
		else
			return cli_fail(&reader->base, "unknown command \"%s\" (see 'weir --help')",
					word);
		reader->command = state->next - 1;
		state->next = state->argc; /* the rest is for the command's own reader */
		break;
	case ARGP_KEY_ERROR:
		return cli_fail_word(&reader->base, state->argv[reader->base.cursor]);
	default:
		return ARGP_ERR_UNKNOWN;
	}
	reader->base.cursor = state->next;
	return 0;
}

#ifdef WEIR_APP_CLIENT
#define CLIENT_ARGS "\ndrain|status|reload|upgrade|rehearse [OPTION...]"
#define CLIENT_COMMANDS                                                                            \
	"  drain    stop a running server, and see how that goes\n"                                \
	"  status   see what a running server does\n"                                              \
	"  reload   have it take its configuration anew\n"                                         \
	"  upgrade  have the program that is on the disk now take over\n"                          \
	"  rehearse try what a stop would do\n"
#else
#define CLIENT_ARGS
#define CLIENT_COMMANDS
#endif

static const struct argp argp = {
	.options = options,
	.parser = read_key,
	.args_doc = "serve [OPTION...]\ncheck FILE" CLIENT_ARGS,
	.doc = "Serves files and more over HTTP, and stops gracefully.\v"
	       "Commands:\n"
	       "  serve    serve until SIGTERM or SIGINT\n"
	       "  check    look at a configuration file for 'serve --config'\n" CLIENT_COMMANDS "\n"
	       "Try 'weir serve --help' for its options.",
};

int cli_parse(int argc, char **argv, struct cli *cli)
{
	*cli = (struct cli){.action = CLI_NOTHING};
	struct weir_reader reader = {
		.base = {.command = "weir", .options = options, .cursor = 1, .cli = cli},
	};
	if (argp_parse(&argp, argc, argv, CLI_ARGP_FLAGS, NULL, &reader) != 0) {
		if (cli->error[0] == '\0')
			cli_fail(&reader.base, "out of memory");
		return -EINVAL;
	}
	if (reader.command == 0 || cli->action != CLI_NOTHING)
		return 0;
#ifdef WEIR_APP_CLIENT
	if (cli->command != NULL)
		return cli_parse_client(argc - reader.command, argv + reader.command, cli->command,
					cli);
#endif
	return reader.parse(argc - reader.command, argv + reader.command, cli);
}

void cli_help(FILE *stream)
{
	argp_help(&argp, stream, ARGP_HELP_STD_HELP, (char[]){"weir"});
}

void cli_usage(FILE *stream)
{
	fputs("usage: weir serve [OPTION...]\n"
	      "Try 'weir --help', or 'weir serve' to serve and store files under ./data.\n",
	      stream);
}
