/* tls.h: certificates and keys of a configuration. */
#ifndef WEIR_APP_TLS_H
#define WEIR_APP_TLS_H

#include "complain.h"
#include "serve.h"

#include <stdbool.h>

/** An address that begins with this is for clients that speak TLS. */
#define TLS_PREFIX "https://"

/** Whether `address` begins so; *rest is then what is behind it, else all of it. */
bool tls_address(const char *address, const char **rest);

/** Loads what `config` names. *out is NULL if it names nothing. Returns 0; or a negative errno with
 *  the line to print in `line`, which begins with `command`. */
int tls_load(const struct serve_config *config, const char *command, weir_tls **out,
	     char line[COMPLAIN_SIZE]);

#endif
