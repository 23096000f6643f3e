/* cli_private.h: what the readers of the command line share.
 *
 * argp is used with ARGP_SILENT: it has its own idea of an error message, which takes two
 * lines and names no remedy. In its place each reader keeps the first complaint, and a
 * cursor on the word that argp looks at, so that an unknown option can be named.
 */
#ifndef WEIR_APP_CLI_PRIVATE_H
#define WEIR_APP_CLI_PRIVATE_H

#include "cli.h"

#include <argp.h>

#define CLI_ARGP_FLAGS (ARGP_SILENT | ARGP_IN_ORDER)

struct cli_reader {
	const char *command;               /* "weir", "weir serve", "weir check" */
	const struct argp_option *options; /* what this reader knows */
	int cursor;                        /* index of the first word not dealt with */
	struct cli *cli;
};

/** Keeps the complaint, unless there is one already. Returns EINVAL, for argp. */
int cli_fail(struct cli_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Says what is wrong with `word`, which getopt refused. Returns EINVAL, for argp. */
int cli_fail_word(struct cli_reader *reader, const char *word);

/** Reads the words after "serve"; argv[0] is "serve". Returns 0 or -EINVAL. */
int cli_parse_serve(int argc, char **argv, struct cli *cli);

/** A command that talks to a running server. */
struct cli_client_command {
	const char *name; /* NULL: the end of the list */
	int (*run)(const struct client_options *options);
	struct argp argp;
};
extern const struct cli_client_command cli_client_commands[];

/** Reads the words after its name. Returns 0 or -EINVAL. */
int cli_parse_client(int argc, char **argv, const struct cli_client_command *command,
		     struct cli *cli);

/** Reads the words after "check"; argv[0] is "check". Returns 0 or -EINVAL. */
int cli_parse_check(int argc, char **argv, struct cli *cli);

#endif
