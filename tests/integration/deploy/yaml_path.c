/* yaml_path.c: see yaml_path.h. */
#include "yaml_path.h"

#include "support/must.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

static const char *scalar(const yaml_node_t *node)
{
	return node != NULL && node->type == YAML_SCALAR_NODE
		       ? (const char *)node->data.scalar.value
		       : NULL;
}

static yaml_node_t *member(yaml_document_t *document, const yaml_node_t *node, const char *key,
			   size_t size)
{
	if (node == NULL || node->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const char *name = scalar(yaml_document_get_node(document, pair->key));
		if (name != NULL && strlen(name) == size && memcmp(name, key, size) == 0)
			return yaml_document_get_node(document, pair->value);
	}
	return NULL;
}

static yaml_node_t *element(yaml_document_t *document, const yaml_node_t *node, unsigned long n)
{
	if (node == NULL || node->type != YAML_SEQUENCE_NODE)
		return NULL;
	yaml_node_item_t *item = node->data.sequence.items.start + n;
	return item < node->data.sequence.items.top ? yaml_document_get_node(document, *item)
						    : NULL;
}

/* A key that has dots in it ends the path and is written behind a slash: "data/weir.yaml". */
static yaml_node_t *find(yaml_document_t *document, const char *path)
{
	yaml_node_t *node = yaml_document_get_root_node(document);
	while (*path != '\0' && node != NULL) {
		if (*path == '[') {
			char *end;
			node = element(document, node, strtoul(path + 1, &end, 10));
			path = end + 1;
		} else if (*path == '/') {
			return member(document, node, path + 1, strlen(path + 1));
		} else {
			path += *path == '.';
			size_t size = strcspn(path, ".[/");
			node = member(document, node, path, size);
			path += size;
		}
	}
	return node;
}

char *yaml_path(const char *text, size_t size, const char *kind, const char *path)
{
	yaml_parser_t parser;
	char *found = NULL;
	must(yaml_parser_initialize(&parser), "out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	for (bool more = true; more && found == NULL;) {
		yaml_document_t document;
		must(yaml_parser_load(&parser, &document), "not YAML: %s in line %zu",
		     parser.problem, parser.problem_mark.line + 1);
		more = yaml_document_get_root_node(&document) != NULL;
		const char *is = more ? scalar(find(&document, "kind")) : NULL;
		if (more && (kind == NULL || (is != NULL && strcmp(is, kind) == 0))) {
			const char *value = scalar(find(&document, path));
			must(value != NULL, "there is no %s", path);
			found = strdup(value);
		}
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	must(found != NULL, "there is no document of the kind %s", kind);
	return found;
}

unsigned long yaml_number(const char *text, size_t size, const char *kind, const char *path)
{
	char *end, *value = yaml_path(text, size, kind, path);
	unsigned long number = strtoul(value, &end, 10);
	must(end != value && *end == '\0' && *value != '-', "%s is \"%s\", not a number", path,
	     value);
	free(value);
	return number;
}
