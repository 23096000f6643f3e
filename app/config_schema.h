/* config_schema.h: what may stand in a configuration file, for libcyaml. */
#ifndef WEIR_APP_CONFIG_SCHEMA_H
#define WEIR_APP_CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>

/** Of a struct config. */
extern const cyaml_schema_value_t config_schema;

#endif
