/* session.h: what libdwfl knows of this process. One thread at a time. */
#ifndef WEIR_SYMBOLS_SESSION_H
#define WEIR_SYMBOLS_SESSION_H

#include <elfutils/libdwfl.h>

#include <weir/time.h>

struct session {
	Dwfl *dwfl;         /* NULL: not begun */
	weir_time reported; /* when the maps of the process were read last */
};

/* The module that an address is in; NULL if there is none. Begins the session; reads the maps again
 * when they may have changed. */
Dwfl_Module *session_module(struct session *session, Dwarf_Addr address);
void session_end(struct session *session);

#endif
