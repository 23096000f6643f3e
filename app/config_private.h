/* config_private.h: the steps of config_load(), each a file of its own. All return 0, or
 * -EINVAL with the line in `error`. */
#ifndef WEIR_APP_CONFIG_PRIVATE_H
#define WEIR_APP_CONFIG_PRIVATE_H

#include "config.h"

/** Numbers, durations and addresses; config_values.c. */
int config_read_values(struct config *config, char error[COMPLAIN_SIZE]);

/** Limits of clients; config_limits.c. */
int config_read_limits(struct config *config, char error[COMPLAIN_SIZE]);

/** A field name of RFC 9110, 5.6.2. */
bool config_is_field_name(const char *text);

/** Databases and statements: names, parameters, SQL; config_statements.c. */
int config_read_statements(struct config *config, char error[COMPLAIN_SIZE]);

/** Routes: which keys each kind takes, and what they refer to; config_routes.c. */
int config_read_routes(struct config *config, char error[COMPLAIN_SIZE]);

/** One text into a value; `text` may be NULL: *out is left alone. */
int config_duration(const struct config *config, char error[COMPLAIN_SIZE], const char *place,
		    const char *text, weir_time minimum, weir_time *out);
int config_number(const struct config *config, char error[COMPLAIN_SIZE], const char *place,
		  const char *text, unsigned maximum, unsigned *out);

/** Writes a place; it is cut if it does not fit. */
void config_place(char out[CONFIG_PLACE_SIZE], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
