/* main.c: the weir binary: one command line, one command, one exit code. */
#include "cli.h"
#include "complain.h"
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>

#include <weir/server.h>

/* Output that somebody asked for has to arrive. */
static int printed(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_SUCCESS;
	complain("weir: standard output cannot be written to");
	return EXIT_START;
}

int main(int argc, char **argv)
{
	struct cli cli;
	if (cli_parse(argc, argv, &cli) != 0) {
		complain("%s", cli.error);
		return EXIT_START;
	}
	switch (cli.action) {
	case CLI_HELP:
		cli_help(stdout);
		return printed();
	case CLI_SERVE_HELP:
		cli_serve_help(stdout);
		return printed();
	case CLI_VERSION:
		(void)printf("weir %s\n", weir_version());
		return printed();
	case CLI_CHECK_HELP:
		cli_check_help(stdout);
		return printed();
	case CLI_CHECK: {
		int code = check(cli.file);
		return code == EXIT_SUCCESS ? printed() : code;
	}
#ifdef WEIR_APP_CLIENT
	case CLI_CLIENT:
		return cli_client_run(&cli);
	case CLI_CLIENT_HELP:
		cli_client_help(cli.command, stdout);
		return printed();
#else
	case CLI_CLIENT:
	case CLI_CLIENT_HELP:
		break;
#endif
	case CLI_SERVE:
		cli.serve.argv = (const char *const *)argv;
		return serve(&cli.serve);
	case CLI_NOTHING:
		break;
	}
	cli_usage(stderr);
	return EXIT_START;
}
