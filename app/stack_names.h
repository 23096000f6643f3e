/* stack_names.h: who names the functions in the stacks of this server's threads. */
#ifndef WEIR_APP_STACK_NAMES_H
#define WEIR_APP_STACK_NAMES_H

#include <weir/server.h>

/** For the server's options. */
struct stack_names {
	weir_symbolizer find;
	void *arg;
};

/** The best there is: libdw, where it was built in and there is memory for it, or else the dynamic
 *  linker. */
void stack_names_open(struct stack_names *names);

/** Once the server is gone. */
void stack_names_close(struct stack_names *names);

#endif
