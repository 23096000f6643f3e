/* config_document_private.h: what reading a document and checking it share. */
#ifndef WEIR_APP_CONFIG_DOCUMENT_PRIVATE_H
#define WEIR_APP_CONFIG_DOCUMENT_PRIVATE_H

#include "config_document.h"

#include <stdarg.h>
#include <stdbool.h>

#include <yaml.h>

struct config_document {
	char *name;
	char *text; /* room for CONFIG_FILE_MAX + 1 */
	size_t size;
	yaml_document_t yaml;
	bool loaded; /* `yaml` is one */
};

/** Writes the line of a mistake. Returns -EINVAL. */
int config_document_vfail(const struct config_document *document, char error[COMPLAIN_SIZE],
			  size_t line, const char *place, const char *format, va_list arguments)
	__attribute__((format(printf, 5, 0)));

/** The node of this number; 1 is the root. NULL if there is none. */
yaml_node_t *config_document_node(const struct config_document *document, int index);

#endif
