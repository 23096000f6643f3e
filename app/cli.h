/* cli.h: the command line, read into one struct without doing anything.
 *
 * Reading prints nothing and never exits: what is wrong comes back as one line.
 */
#ifndef WEIR_APP_CLI_H
#define WEIR_APP_CLI_H

#include "client/client.h"
#include "complain.h"
#include "serve.h"

#include <stdio.h>

enum cli_action {
	CLI_NOTHING, /* no command was given */
	CLI_HELP,
	CLI_VERSION,
	CLI_SERVE,
	CLI_SERVE_HELP,
	CLI_CHECK,
	CLI_CHECK_HELP,
	CLI_CLIENT, /* cli.command: one that talks to a running server */
	CLI_CLIENT_HELP
};

struct cli_client_command;

struct cli {
	enum cli_action action;
	struct serve_config serve;
	const char *file;                         /* of CLI_CHECK */
	const struct cli_client_command *command; /* of CLI_CLIENT */
	struct client_options client;             /* likewise */
	char error[COMPLAIN_SIZE];
};

/** Reads the command line. Strings in *cli are borrowed from argv. Returns 0, or -EINVAL
 *  with the line to print in cli->error. */
int cli_parse(int argc, char **argv, struct cli *cli);

/** Prints what `weir --help` prints. */
void cli_help(FILE *stream);

/** Prints the two lines for somebody who gave no command. */
void cli_usage(FILE *stream);

/** Prints what `weir serve --help` prints. */
void cli_serve_help(FILE *stream);

/** Runs a command that talks to a running server. Returns the exit code. */
int cli_client_run(const struct cli *cli);

/** Prints what its --help prints. */
void cli_client_help(const struct cli_client_command *command, FILE *stream);

/** Prints what `weir check --help` prints. */
void cli_check_help(FILE *stream);

#endif
