/* yaml_path.h: values of a YAML file by their place, for tests that hold a file to its word. */
#ifndef WEIR_TESTS_YAML_PATH_H
#define WEIR_TESTS_YAML_PATH_H

#include <stddef.h>

/** The scalar at a place like "spec.containers[0].image" of the first document of `text` whose
 *  `kind` is this (NULL: of the first). Fails the test if it is not there. To be freed. */
char *yaml_path(const char *text, size_t size, const char *kind, const char *path);

/** The same, as a whole number that is not negative. */
unsigned long yaml_number(const char *text, size_t size, const char *kind, const char *path);

#endif
