/* stacks.h: GET /stacks, on admin listeners: what handlers do right now, and where. */
#ifndef WEIR_APP_STACKS_H
#define WEIR_APP_STACKS_H

#include "routes.h"

int stacks_route(weir_routes *routes, struct admin *admin);

#endif
