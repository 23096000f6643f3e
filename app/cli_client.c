/* cli_client.c: the options of the commands that talk to a running server; see cli.h. */
#include "cli_private.h"
#include "duration.h"

#include <errno.h>
#include <stdlib.h>

enum {
	KEY_ADMIN = 0x100,
	KEY_TOKEN_FILE,
	KEY_WATCH,
	KEY_JSON,
	KEY_STACKS,
	KEY_FRACTION,
	KEY_TIMEOUT,
	KEY_BUDGET
};

#define COMMON                                                                                     \
	{"admin",                                                                                  \
	 KEY_ADMIN,                                                                                \
	 "ADDRESS",                                                                                \
	 0,                                                                                        \
	 "The server's admin listener: unix:PATH or HOST:PORT (default: $WEIR_ADMIN)",             \
	 1},                                                                                       \
		{"token-file",                                                                     \
		 KEY_TOKEN_FILE,                                                                   \
		 "FILE",                                                                           \
		 0,                                                                                \
		 "Show the bearer token in FILE, which a HOST:PORT wants",                         \
		 1},                                                                               \
	{                                                                                          \
		"help", 'h', NULL, 0, "Show this help", 5                                          \
	}

static const struct argp_option plain_options[] = {COMMON, {0}};

static const struct argp_option status_options[] = {
	COMMON,
	{"watch", KEY_WATCH, NULL, 0, "Show it again each second, until Ctrl-C", 2},
	{"json", KEY_JSON, NULL, 0, "Print what the server says, as it is", 2},
	{"stacks", KEY_STACKS, NULL, 0, "Show where the threads of all handlers are", 2},
	{0}};

static const struct argp_option rehearse_options[] = {
	COMMON,
	{"fraction", KEY_FRACTION, "F", 0,
	 "Cancel this part of what is in flight, above 0 and up to 1 (default 1)", 2},
	{"timeout", KEY_TIMEOUT, "DUR", 0, "Pause intake for DUR at most (default 5s)", 2},
	{"budget", KEY_BUDGET, "DUR", 0, "Exit with 3 if it takes longer than DUR", 2},
	{0}};

static int read_duration(struct cli_reader *reader, const char *option, const char *word,
			 weir_time *out)
{
	if (duration_parse(word, out) == 0 && *out > 0)
		return 0;
	return cli_fail(
		reader,
		"--%s: \"%s\" is not a duration: write 500ms, 10s, 2m or 1h (see '%s --help')",
		option, word, reader->command);
}

static int read_fraction(struct cli_reader *reader, const char *word)
{
	char *rest;
	double value = strtod(word, &rest);
	if (rest == word || *rest != '\0' || !(value > 0 && value <= 1))
		return cli_fail(reader,
				"--fraction: \"%s\" is not a number above 0 and up to 1 (see '%s "
				"--help')",
				word, reader->command);
	reader->cli->client.fraction = value;
	return 0;
}

static error_t read_key(int key, char *word, struct argp_state *state)
{
	struct cli_reader *reader = state->input;
	struct client_options *client = &reader->cli->client;
	int error = 0;
	switch (key) {
	case KEY_ADMIN:
		client->admin = word;
		break;
	case KEY_TOKEN_FILE:
		client->token_file = word;
		break;
	case KEY_WATCH:
		client->watch = true;
		break;
	case KEY_JSON:
		client->json = true;
		break;
	case KEY_STACKS:
		client->stacks = true;
		break;
	case KEY_FRACTION:
		error = read_fraction(reader, word);
		break;
	case KEY_TIMEOUT:
		error = read_duration(reader, "timeout", word, &client->timeout);
		break;
	case KEY_BUDGET:
		error = read_duration(reader, "budget", word, &client->budget);
		break;
	case 'h':
		reader->cli->action = CLI_CLIENT_HELP;
		break;
	case ARGP_KEY_ARG:
		return cli_fail(reader, "\"%s\" is one word too many (see '%s --help')", word,
				reader->command);
	case ARGP_KEY_ERROR:
		return cli_fail_word(reader, state->argv[reader->cursor]);
	default:
		return ARGP_ERR_UNKNOWN;
	}
	reader->cursor = state->next;
	return error;
}

const struct cli_client_command cli_client_commands[] = {
	{"drain",
	 client_drain,
	 {plain_options, read_key, NULL,
	  "Stops a running server, shows how that goes on, and the report at the end.\v"
	  "Ctrl-C leaves the stop to itself. Exit codes: those of the stop (0 clean, 3 requests "
	  "were "
	  "cut, 4 a handler never came back), 1 it could not be asked, 130 Ctrl-C.",
	  NULL, NULL, NULL}},
	{"status",
	 client_status,
	 {status_options, read_key, NULL, "Shows what a running server does.", NULL, NULL, NULL}},
	{"reload",
	 client_reload,
	 {plain_options, read_key, NULL,
	  "Has a running server take its configuration anew.\v"
	  "Exit codes: 0 done, 1 nothing has changed, and one line says why.",
	  NULL, NULL, NULL}},
	{"upgrade",
	 client_upgrade,
	 {plain_options, read_key, NULL,
	  "Has the program that is on the disk now take over from a running server.\v"
	  "Exit codes: 0 done, 1 the old one serves on, and one line says why.",
	  NULL, NULL, NULL}},
	{"rehearse",
	 client_rehearse,
	 {rehearse_options, read_key, NULL,
	  "Tries what a stop would do: pauses intake, cancels a part of what is in flight, "
	  "measures, "
	  "and goes on. Those requests are answered 503.\v"
	  "Exit codes: 0 done, 1 it could not be done, 3 over budget: not all were over in time.",
	  NULL, NULL, NULL}},
	{NULL, NULL, {0}}};

int cli_parse_client(int argc, char **argv, const struct cli_client_command *command,
		     struct cli *cli)
{
	char name[32];
	(void)snprintf(name, sizeof name, "weir %s", command->name);
	cli->action = CLI_CLIENT;
	cli->command = command;
	cli->client = (struct client_options){.fraction = 1};
	struct cli_reader reader = {
		.command = name, .options = command->argp.options, .cursor = 1, .cli = cli};
	if (argp_parse(&command->argp, argc, argv, CLI_ARGP_FLAGS, NULL, &reader) == 0)
		return 0;
	if (cli->error[0] == '\0')
		cli_fail(&reader, "out of memory");
	return -EINVAL;
}

void cli_client_help(const struct cli_client_command *command, FILE *stream)
{
	char name[32];
	(void)snprintf(name, sizeof name, "weir %s", command->name);
	argp_help(&command->argp, stream, ARGP_HELP_STD_HELP, name);
}

int cli_client_run(const struct cli *cli)
{
	return cli->command->run(&cli->client);
}
