/* config.c: loading a configuration; see config.h.
 *
 *	document (YAML, with lines) -> schema -> libcyaml -> values -> statements -> routes
 */
#include "config_private.h"

#include "config_document.h"
#include "config_schema.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_document_private.h"

static const cyaml_config_t cyaml = {
	.log_fn = NULL,
	.mem_fn = cyaml_mem,
	.log_level = CYAML_LOG_ERROR,
	.flags = CYAML_CFG_NO_ALIAS,
};

const char *config_kind_name(enum config_kind kind)
{
	static const char *const names[] = {
#define KIND_NAME(name, key) [CONFIG_##name] = key,
		CONFIG_KINDS(KIND_NAME)
#undef KIND_NAME
	};
	return names[kind];
}

int config_fail(const struct config *config, char error[COMPLAIN_SIZE], const char *place,
		const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int result = config_document_vfail(config->document, error,
					   config_document_line(config->document, place), place,
					   format, arguments);
	va_end(arguments);
	return result;
}

static int fill(struct config_document *document, struct config **out, char error[COMPLAIN_SIZE])
{
	size_t size;
	const char *text = config_document_text(document, &size);
	cyaml_data_t *data = NULL;
	cyaml_err_t problem =
		cyaml_load_data((const uint8_t *)text, size, &cyaml, &config_schema, &data, NULL);
	/* Libyaml has read the same text before: what it cannot read now, it has no memory for. */
	if (problem == CYAML_ERR_OOM || problem == CYAML_ERR_LIBYAML_PARSER ||
	    problem == CYAML_ERR_LIBYAML_PARSER_INIT)
		return -ENOMEM;
	if (problem != CYAML_OK || data == NULL) {
		/* The check before has let something through that libcyaml has not. */
		(void)snprintf(error, COMPLAIN_SIZE, "%s:1: not understood: %s",
			       config_document_name(document), cyaml_strerror(problem));
		complain_clean(error);
		return -EINVAL;
	}
	*out = data;
	return 0;
}

int config_load(const char *file, struct config **out, char error[COMPLAIN_SIZE])
{
	struct config_document *document;
	struct config *config;
	int problem = config_document_read(file, &document, error);
	if (problem != 0)
		goto say_no_memory;
	problem = config_document_check(document, &config_schema, error);
	if (problem == 0)
		problem = fill(document, &config, error);
	if (problem != 0)
		goto free_document;
	config->document = document;
	problem = config_read_values(config, error);
	if (problem == 0)
		problem = config_read_statements(config, error);
	if (problem == 0)
		problem = config_read_routes(config, error);
	if (problem != 0) {
		config_free(config);
		goto say_no_memory;
	}
	*out = config;
	return 0;

free_document:
	config_document_free(document);
say_no_memory:
	if (problem == -ENOMEM)
		(void)snprintf(error, COMPLAIN_SIZE, "%s: cannot be read: out of memory", file);
	return problem;
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	struct config_document *document = config->document;
	/* Frees what the schema names, which is all that was allocated. It can only fail on a
	 * wrong schema. */
	(void)cyaml_free(&cyaml, &config_schema, config, 0);
	config_document_free(document);
}
