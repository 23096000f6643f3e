/* config_apply.h: a configuration file beneath a command line. */
#ifndef WEIR_APP_CONFIG_APPLY_H
#define WEIR_APP_CONFIG_APPLY_H

#include "config.h"
#include "serve.h"

/** Fills in what the command line has not given. Strings of `config` are borrowed. */
void config_apply(const struct config *config, struct serve_config *serve);

#endif
