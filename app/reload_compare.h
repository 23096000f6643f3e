/* reload_compare.h: what a reload cannot change, and what it answers. */
#ifndef WEIR_APP_RELOAD_COMPARE_H
#define WEIR_APP_RELOAD_COMPARE_H

#include "serve.h"

#include <stdbool.h>

#define RELOAD_NAMES_SIZE 512

/** The names of the options that are not what the server was started with, and that it keeps until
 *  it is started again, with commas between them. False: there is none. */
bool reload_compare(const struct serve_config *started, const struct serve_config *now,
		    char names[RELOAD_NAMES_SIZE]);

#endif
