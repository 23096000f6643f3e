/* reload.h: the admin routes of app/reload.h. */
#ifndef WEIR_APP_HANDLERS_RELOAD_H
#define WEIR_APP_HANDLERS_RELOAD_H

#include "../reload_history.h"
#include "json_text.h"
#include "routes.h"

/** POST /reload. */
int reload_route(weir_routes *routes, struct admin *admin);

/** Appends the members that /status gets ("generation", "reload"), with a comma before each; and
 *  the metrics. `reloads` may be NULL: nothing. */
void reload_status(struct reload_history *reloads, struct json_text *text);
void reload_metrics(struct reload_history *reloads, struct json_text *text);

#endif
