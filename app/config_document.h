/* config_document.h: the configuration file as a tree of nodes that know their lines.
 *
 * libcyaml fills structs, but the places that it names in its messages are those of the token
 * before, and what it has loaded has no places at all. So the file is read twice: once by
 * libyaml into a document, which is compared with libcyaml's own schema and answers "in which
 * line is routes[2].deadline?", and then by libcyaml, which has nothing to object any more.
 */
#ifndef WEIR_APP_CONFIG_DOCUMENT_H
#define WEIR_APP_CONFIG_DOCUMENT_H

#include "complain.h"

#include <stddef.h>

#include <cyaml/cyaml.h>

struct config_document;

/** Longest configuration file. */
#define CONFIG_FILE_MAX ((size_t)1 << 20)

/** Reads `file`. Returns 0, or -EINVAL or -ENOMEM with the line to print in `error`. */
int config_document_read(const char *file, struct config_document **out, char error[COMPLAIN_SIZE]);

/** NULL is ignored. */
void config_document_free(struct config_document *document);

/** The bytes of the file. */
const char *config_document_text(const struct config_document *document, size_t *size);

/** The name of the file. */
const char *config_document_name(const struct config_document *document);

/** Compares the document with the schema: types, unknown, missing and doubled keys, numbers
 *  of entries, words of enumerations. Returns 0, or -EINVAL with the line to print. */
int config_document_check(const struct config_document *document,
			  const cyaml_schema_value_t *schema, char error[COMPLAIN_SIZE]);

/** The line of a place like "routes[2].deadline", counted from 1; of the nearest thing
 *  around it if there is nothing at this place. */
size_t config_document_line(const struct config_document *document, const char *place);

#endif
