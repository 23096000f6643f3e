/* support/upgrading.h: routes that upgrade, and clients that ask for it.
 *
 * The protocol is "test": whatever is sent comes back, until the client closes.
 */
#ifndef WEIR_TESTS_UPGRADING_H
#define WEIR_TESTS_UPGRADING_H

#include <stdatomic.h>

#include <weir/weir.h>

#include "support/client.h"
#include "support/gate.h"

/** The context of handle_upgrade(), which is also the argument of `run` and `drop`. Zeroed but
 *  for `run`. */
struct upgrading {
	weir_upgrade_fn run;
	struct gate *before;    /**< the handler passes it, before it answers; NULL: none */
	_Atomic int result;     /**< of the last weir_response_upgrade() */
	_Atomic unsigned ran;   /**< calls of upgrade_echo() and upgrade_keep() */
	_Atomic unsigned drops; /**< calls of `drop` */
	_Atomic int reason;     /**< of the token, at the end of the last echo */
	struct gate *gate;      /**< upgrade_keep() announces itself there */
	_Atomic(weir_upgraded *) kept;
};

/** Upgrades to "test", and returns what that gave. */
int handle_upgrade(weir_request *request, weir_response *response, weir_token *token);

/** A `run`: sends everything back, what came early first, until the client or the token ends it;
 *  then says "bye" if it was the token; closes. */
void upgrade_echo(weir_upgraded *connection, void *upgrading);
/** A `run`: leaves the connection to the test, in `kept`. */
void upgrade_keep(weir_upgraded *connection, void *upgrading);

/** The request, and what follows it in the same piece; `early` may be "". */
void client_ask_upgrade(struct client *client, const char *target, const char *early);
/** The same; its 101 must come, and is taken. */
void client_upgrade(struct client *client, const char *target, const char *early);
/** Sends a text, and takes it back. */
void client_echo(struct client *client, const char *text);

#endif
