/* unit/app/config_file.h: a configuration file of a test's own: what comes of reading it. */
#ifndef WEIR_TESTS_UNIT_APP_CONFIG_FILE_H
#define WEIR_TESTS_UNIT_APP_CONFIG_FILE_H

#include <stddef.h>

#include "config.h"

/** For the .init and .fini of a suite. */
void config_file_begin(void);
void config_file_end(void);

/** Writes the file and reads it, which must succeed. The caller's to config_free(). */
struct config *config_file_load(const char *text);

/** Likewise, and it must be refused with the name of the file and `message` behind it. */
void config_file_refused(const char *text, const char *message);
void config_file_refused_bytes(const char *text, size_t size, const char *message);

#endif
