/* inherit.h: listening sockets that were there when the process began; see weir/handover.h.
 *
 * They belong to the process, not to a server: one table, under one lock, filled once. */
#ifndef WEIR_SERVER_INHERIT_H
#define WEIR_SERVER_INHERIT_H

#include <stdbool.h>

#include <weir/handover.h>

/* Takes the first one for which `wants` says so: its descriptor is the caller's. -ENOENT if there
 * is none. Any thread. */
int weir__inherit_take(bool (*wants)(void *arg, int fd, const char *name), void *arg);

/* A name for each socket that is handed over; see handover.c. */
#define WEIR__INHERIT_PUBLIC "public"
#define WEIR__INHERIT_ADMIN "admin"

/* The variable that names the descriptor of the pipe to the process that hands over. */
#define WEIR__HANDOVER_VARIABLE "WEIR_HANDOVER_FD"

#endif
