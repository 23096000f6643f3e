/* upgrade.h: another process takes over, with the listening sockets (weir/handover.h).
 *
 * Asked for by SIGUSR2 and by POST /upgrade, done on the lane CONTROL_CHANGE (control.h): the
 * program that is on the disk now is started as this one was, and reads its configuration anew.
 * When it says that it serves, this one stops; if it does not, this one serves on.
 *
 * The new process: serve() says at its end why it could not begin; what is to be done when it can,
 * is done by a task, which begins with the server. */
#ifndef WEIR_APP_UPGRADE_H
#define WEIR_APP_UPGRADE_H

#include "service.h"

#include <weir/later.h>

struct upgrade;

/** `service` is borrowed. Before the start. Returns 0; or a negative errno. */
int upgrade_create(struct service *service, struct upgrade **out);

/** The server is gone. Removes the file with the process's number, if it is still this one's. NULL
 * is ignored. */
void upgrade_destroy(struct upgrade *upgrade);

/** An upgrade, as soon as what comes before it is done; `answer` gets what POST /upgrade says. What
 *  control_ask() says. Any thread. */
int upgrade_ask(struct upgrade *upgrade, weir_later *answer);

/** What upgrade_ask() says, in words; a literal. */
const char *upgrade_problem(int error);

/** For weir_server_on_signal(), with a struct upgrade. */
void upgrade_on_signal(weir_server *server, int number, void *upgrade);

#endif
