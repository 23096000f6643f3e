/* reload.h: taking a new configuration while the server runs.
 *
 * Asked for by SIGHUP and by POST /reload, done on the lane CONTROL_CHANGE (control.h), one after
 * another. What the file says is loaded, checked and opened whole, new listeners are bound; only
 * then are the routes exchanged (weir/routes.h), and from there on nothing can fail. Whatever fails
 * before is undone: the old configuration serves on as if nothing had been.
 *
 * Requests that began under an old generation (generation.h) end under it; a task waits for the
 * last one and closes it.
 */
#ifndef WEIR_APP_RELOAD_H
#define WEIR_APP_RELOAD_H

#include "service.h"

#include <weir/later.h>

struct reload;

/** `service` is borrowed. Before the start. Returns 0 or -ENOMEM. */
int reload_create(struct service *service, struct reload **out);

/** The server is gone: closes the old generations that are left. NULL is ignored. */
void reload_destroy(struct reload *reload);

/** Reloads now, on this thread. One at a time. Returns 0; or a negative errno with one line that
 *  says why nothing has changed. */
int reload_take(struct reload *reload, weir_token *token, char line[COMPLAIN_SIZE]);

/** A reload, as soon as the ones before it are done; `answer` gets what POST /reload says. What
 *  control_ask() says. Any thread. */
int reload_ask(struct reload *reload, weir_later *answer);

/** For weir_server_on_signal(), with a struct reload: the same, unless one waits already. */
void reload_on_signal(weir_server *server, int number, void *reload);

#endif
