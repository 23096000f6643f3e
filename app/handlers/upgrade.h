/* upgrade.h: the admin route of app/upgrade.h. */
#ifndef WEIR_APP_HANDLERS_UPGRADE_H
#define WEIR_APP_HANDLERS_UPGRADE_H

#include "routes.h"

#include <weir/later.h>

/** POST /upgrade. */
int upgrade_route(weir_routes *routes, struct admin *admin);

/** Answers POST /upgrade: 200 with the new process's number, or 409 with the problem, if it is not
 *  NULL. */
void upgrade_answer(weir_later *answer, long pid, const char *problem);

/** What upgrade_ask() says, in words; a literal. */
const char *upgrade_problem(int error);

#endif
