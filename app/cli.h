/* cli.h: the command line, read into one struct without doing anything.
 *
 * Reading prints nothing and never exits: what is wrong comes back as one line.
 */
#ifndef WEIR_APP_CLI_H
#define WEIR_APP_CLI_H

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
	CLI_CHECK_HELP
};

struct cli {
	enum cli_action action;
	struct serve_config serve;
	const char *file; /* of CLI_CHECK */
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

/** Prints what `weir check --help` prints. */
void cli_check_help(FILE *stream);

#endif
