/* router_private.h: the tree of a router: router.c and router_match.c. */
#ifndef WEIR_HTTP_ROUTER_PRIVATE_H
#define WEIR_HTTP_ROUTER_PRIVATE_H

#include "http/router.h"

/* Of a pattern; what walks over the tree goes no deeper. */
#define WEIR__MAX_SEGMENTS 32

struct weir__router_node {
	char *segment; /* literal, decoded; NULL in the root, {name} and {name...} nodes */
	struct weir__router_node *children; /* literals */
	struct weir__router_node *next;     /* sibling literal */
	struct weir__router_node *param, *rest;
	struct weir__route *routes;
};

#endif
