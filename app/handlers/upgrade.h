/* upgrade.h: the admin route of app/upgrade.h. */
#ifndef WEIR_APP_HANDLERS_UPGRADE_H
#define WEIR_APP_HANDLERS_UPGRADE_H

#include "routes.h"

/** POST /upgrade. */
int upgrade_route(weir_routes *routes, struct admin *admin);

#endif
