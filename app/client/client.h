/* client.h: the commands of `weir` that talk to a running server, on its admin listener.
 *
 * Each does one thing, says on stdout what came of it, and on stderr in one line what went wrong.
 */
#ifndef WEIR_APP_CLIENT_H
#define WEIR_APP_CLIENT_H

#include <stdbool.h>

#include <weir/time.h>

/** Exit codes of these commands, besides those of a drain, which are the stop's. */
#define CLIENT_FAILED 1      /**< the server has not done it, and said why */
#define CLIENT_OVER_BUDGET 3 /**< of `weir rehearse` */
#define CLIENT_DETACHED 130  /**< Ctrl-C in `weir drain`: the stop goes on */

struct client_options {
	const char *admin;         /* unix:PATH or HOST:PORT; NULL: $WEIR_ADMIN */
	const char *token_file;    /* NULL: none */
	bool json, watch, stacks;  /* of status */
	double fraction;           /* of rehearse */
	weir_time timeout, budget; /* likewise; 0: not given */
};

/** Each returns the exit code of the process. */
int client_drain(const struct client_options *options);
int client_status(const struct client_options *options);
int client_reload(const struct client_options *options);
int client_upgrade(const struct client_options *options);
int client_rehearse(const struct client_options *options);

#endif
