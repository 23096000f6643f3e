/* deadline_field.h: how long a client says that it will wait. Pure functions. */
#ifndef WEIR_HTTP_DEADLINE_FIELD_H
#define WEIR_HTTP_DEADLINE_FIELD_H

#include <stddef.h>

#include <weir/time.h>

#include "http/check.h"

/* A duration: digits, then "ms", "s" or nothing, which is milliseconds. One that does not fit is
 * WEIR_NEVER. 0 or -EINVAL. */
int weir__deadline_parse(const char *value, weir_time *out);

/* The duration in the field `name`; WEIR_NEVER if it is not there. 0, or -EINVAL if it is no
 * duration, or there twice. */
int weir__deadline_field(const struct weir__field *fields, size_t count, const char *name,
			 weir_time *out);

#endif
