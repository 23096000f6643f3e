/* config_document.c: reading the file, and finding places in it; see config_document.h. */
#include "config_document_private.h"
#include "config_trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int config_document_vfail(const struct config_document *document, char error[COMPLAIN_SIZE],
			  size_t line, const char *place, const char *format, va_list arguments)
{
	int used = snprintf(error, COMPLAIN_SIZE, "%s:%zu: %s%s", document->name, line, place,
			    *place != '\0' ? ": " : "");
	if (used >= 0 && used < COMPLAIN_SIZE &&
	    vsnprintf(error + used, (size_t)(COMPLAIN_SIZE - used), format, arguments) < 0)
		error[used] = '\0';
	complain_clean(error);
	return -EINVAL;
}

static int fail(const struct config_document *document, char error[COMPLAIN_SIZE], size_t line,
		const char *format, ...) __attribute__((format(printf, 4, 5)));
static int fail(const struct config_document *document, char error[COMPLAIN_SIZE], size_t line,
		const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int result = config_document_vfail(document, error, line, "", format, arguments);
	va_end(arguments);
	return result;
}

/* ---- the file -------------------------------------------------------------------- */

static int fill(int fd, struct config_document *document)
{
	while (document->size <= CONFIG_FILE_MAX) {
		ssize_t count = read(fd, document->text + document->size,
				     CONFIG_FILE_MAX + 1 - document->size);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return count < 0 ? -errno : 0;
		document->size += (size_t)count;
	}
	return -EFBIG;
}

static int read_file(struct config_document *document, char error[COMPLAIN_SIZE])
{
	char unsafe[COMPLAIN_SIZE] = "";
	int fd = open(document->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int problem = fd < 0 ? -errno : config_trust(document->name, fd, unsafe);
	if (problem == 0)
		problem = fill(fd, document);
	if (fd >= 0)
		(void)close(fd);
	if (problem == 0)
		return 0;
	if (unsafe[0] != '\0')
		(void)snprintf(error, COMPLAIN_SIZE, "%.150s: is refused: %.300s", document->name,
			       unsafe);
	else
		(void)snprintf(error, COMPLAIN_SIZE, "%s: cannot be read: %s", document->name,
			       problem == -EFBIG ? "longer than 1 MiB" : strerror(-problem));
	complain_clean(error);
	return -EINVAL;
}

/* ---- YAML ------------------------------------------------------------------------ */

static int fail_syntax(const struct config_document *document, const yaml_parser_t *parser,
		       char error[COMPLAIN_SIZE])
{
	/* It names a problem with every other error; of some failed allocations it keeps none. */
	if (parser->error == YAML_MEMORY_ERROR || parser->problem == NULL)
		return fail(document, error, 1, "out of memory");
	if (parser->error == YAML_READER_ERROR)
		return fail(document, error, parser->mark.line + 1,
			    "not a text: %s: expected YAML in UTF-8", parser->problem);
	return fail(document, error, parser->problem_mark.line + 1,
		    "not YAML: %s%s%s: expected \"key: value\" lines, indented by spaces",
		    parser->context != NULL ? parser->context : "",
		    parser->context != NULL ? ", " : "", parser->problem);
}

/* More than any schema here has; libyaml takes time by the square of the depth. */
#define DEPTH_MAX 32

struct seen {
	unsigned documents, depth;
};

/* One document, no aliases: they would make one place stand in several lines. */
static int check_event(const struct config_document *document, const yaml_event_t *event,
		       struct seen *seen, char error[COMPLAIN_SIZE])
{
	size_t line = event->start_mark.line + 1;
	if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT)
		seen->depth--;
	if ((event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT) &&
	    ++seen->depth > DEPTH_MAX)
		return fail(document, error, line, "nested too deeply: expected at most %d levels",
			    DEPTH_MAX);
	if (event->type == YAML_ALIAS_EVENT)
		return fail(document, error, line,
			    "an alias (*%s): expected the value itself: aliases are not used here",
			    (const char *)event->data.alias.anchor);
	if (event->type == YAML_DOCUMENT_START_EVENT && ++seen->documents > 1)
		return fail(document, error, line,
			    "a second document: expected one configuration in a file");
	return 0;
}

static int check_events(const struct config_document *document, char error[COMPLAIN_SIZE])
{
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)document->text,
				     document->size);
	struct seen seen = {0};
	int result = 0;
	for (bool end = false; result == 0 && !end;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&parser, &event)) {
			result = fail_syntax(document, &parser, error);
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		result = check_event(document, &event, &seen, error);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (result == 0 && seen.documents == 0)
		result = fail(document, error, 1, "empty: expected keys like \"routes:\"");
	return result;
}

static int load(struct config_document *document, char error[COMPLAIN_SIZE])
{
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)document->text,
				     document->size);
	int result = 0;
	if (yaml_parser_load(&parser, &document->yaml))
		document->loaded = true;
	else
		result = fail_syntax(document, &parser, error);
	yaml_parser_delete(&parser);
	return result;
}

int config_document_read(const char *file, struct config_document **out, char error[COMPLAIN_SIZE])
{
	error[0] = '\0';
	struct config_document *document = calloc(1, sizeof *document);
	if (document == NULL)
		return -ENOMEM;
	int result = -ENOMEM;
	document->name = strdup(file);
	document->text = malloc(CONFIG_FILE_MAX + 1);
	if (document->name == NULL || document->text == NULL)
		goto free_document;
	result = read_file(document, error);
	if (result == 0)
		result = check_events(document, error);
	if (result == 0)
		result = load(document, error);
	if (result != 0)
		goto free_document;
	*out = document;
	return 0;

free_document:
	config_document_free(document);
	return result;
}

void config_document_free(struct config_document *document)
{
	if (document == NULL)
		return;
	if (document->loaded)
		yaml_document_delete(&document->yaml);
	free(document->text);
	free(document->name);
	free(document);
}

const char *config_document_text(const struct config_document *document, size_t *size)
{
	*size = document->size;
	return document->text;
}

const char *config_document_name(const struct config_document *document)
{
	return document->name;
}

/* ---- places ---------------------------------------------------------------------- */

/* libyaml's accessors take a document that may be changed, and do not change it. */
yaml_node_t *config_document_node(const struct config_document *document, int index)
{
	return yaml_document_get_node((yaml_document_t *)&document->yaml, index);
}

static yaml_node_t *entry(const struct config_document *document, const yaml_node_t *node, size_t n)
{
	size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (n >= count)
		return NULL;
	return config_document_node(document, node->data.sequence.items.start[n]);
}

static yaml_node_t *value(const struct config_document *document, const yaml_node_t *node,
			  const char *key, size_t length)
{
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = config_document_node(document, pair->key);
		if (name != NULL && name->type == YAML_SCALAR_NODE &&
		    name->data.scalar.length == length &&
		    memcmp(name->data.scalar.value, key, length) == 0)
			return config_document_node(document, pair->value);
	}
	return NULL;
}

size_t config_document_line(const struct config_document *document, const char *place)
{
	const yaml_node_t *node = config_document_node(document, 1);
	size_t line = node != NULL ? node->start_mark.line + 1 : 1;
	while (node != NULL && *place != '\0') {
		if (*place == '[') {
			char *end;
			unsigned long n = strtoul(place + 1, &end, 10);
			node = node->type == YAML_SEQUENCE_NODE ? entry(document, node, n) : NULL;
			place = *end == ']' ? end + 1 : end;
		} else {
			place += *place == '.';
			size_t length = strcspn(place, ".[");
			node = node->type == YAML_MAPPING_NODE
				       ? value(document, node, place, length)
				       : NULL;
			place += length;
		}
		if (node != NULL)
			line = node->start_mark.line + 1;
	}
	return line;
}
