/* config_check.c: a document against libcyaml's schema; see config_document.h.
 *
 * The walk is as deep as the schema and no deeper. */
#include "config_document_private.h"

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct walk {
	const struct config_document *document;
	char *error;
	char place[CONFIG_PLACE_SIZE];
	size_t length; /* of `place` */
};

static int fail(struct walk *walk, const yaml_node_t *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int fail(struct walk *walk, const yaml_node_t *node, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int result = config_document_vfail(walk->document, walk->error, node->start_mark.line + 1,
					   walk->place, format, arguments);
	va_end(arguments);
	return result;
}

/* Steps into a part of the place where it is; leave() with what this returns. */
static size_t enter(struct walk *walk, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static size_t enter(struct walk *walk, const char *format, ...)
{
	size_t before = walk->length;
	size_t room = sizeof walk->place - before;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(walk->place + before, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		walk->length += (size_t)length < room ? (size_t)length : room - 1;
	return before;
}

static void leave(struct walk *walk, size_t before)
{
	walk->length = before;
	walk->place[before] = '\0';
}

static const char *found(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_MAPPING_NODE:
		return "keys and values";
	case YAML_SEQUENCE_NODE:
		return "a list";
	default:
		return node->data.scalar.length == 0 ? "nothing" : "a single value";
	}
}

static const char *text_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static int check_text(struct walk *walk, const yaml_node_t *node,
		      const cyaml_schema_value_t *schema)
{
	size_t length = node->data.scalar.length;
	if (memchr(node->data.scalar.value, '\0', length) != NULL)
		return fail(walk, node, "has a NUL character in it: expected a text");
	if (length < schema->string.min)
		return fail(walk, node, "is empty: expected a value");
	if (length > schema->string.max)
		return fail(walk, node, "is too long: expected at most %u bytes",
			    (unsigned)schema->string.max);
	return 0;
}

static int check_word(struct walk *walk, const yaml_node_t *node,
		      const cyaml_schema_value_t *schema)
{
	char words[128] = "";
	size_t used = 0;
	for (uint32_t i = 0; i < schema->enumeration.count; i++) {
		const char *word = schema->enumeration.strings[i].str;
		if (strcmp(word, text_of(node)) == 0)
			return 0;
		int length = snprintf(words + used, sizeof words - used, "%s%s", i == 0 ? "" : ", ",
				      word);
		if (length > 0 && (size_t)length < sizeof words - used)
			used += (size_t)length;
	}
	return fail(walk, node, "\"%.60s\" is not known: expected one of %s", text_of(node), words);
}

/* libcyaml takes whatever is not known for true. */
static int check_boolean(struct walk *walk, const yaml_node_t *node)
{
	if (strcmp(text_of(node), "true") == 0 || strcmp(text_of(node), "false") == 0)
		return 0;
	return fail(walk, node, "\"%.60s\": expected true or false", text_of(node));
}

static int check_value(struct walk *walk, const yaml_node_t *node,
		       const cyaml_schema_value_t *schema);

static int check_sequence(struct walk *walk, const yaml_node_t *node,
			  const cyaml_schema_value_t *schema)
{
	const yaml_node_item_t *first = node->data.sequence.items.start;
	size_t count = (size_t)(node->data.sequence.items.top - first);
	if (count < schema->sequence.min)
		return fail(walk, node, "is an empty list: expected an entry");
	if (count > schema->sequence.max)
		return fail(walk, node, "has %zu entries: expected at most %u", count,
			    (unsigned)schema->sequence.max);
	int error = 0;
	for (size_t i = 0; error == 0 && i < count; i++) {
		size_t before = enter(walk, "[%zu]", i);
		error = check_value(walk, config_document_node(walk->document, first[i]),
				    schema->sequence.entry);
		leave(walk, before);
	}
	return error;
}

static int fail_unknown(struct walk *walk, const yaml_node_t *key,
			const cyaml_schema_field_t *fields)
{
	char known[320] = "";
	size_t used = 0;
	for (const cyaml_schema_field_t *field = fields; field->key != NULL; field++) {
		int length = snprintf(known + used, sizeof known - used, "%s%s",
				      used == 0 ? "" : ", ", field->key);
		if (length < 0 || (size_t)length >= sizeof known - used)
			break;
		used += (size_t)length;
	}
	return fail(walk, key, "\"%.60s\" is not a key here: expected one of %s", text_of(key),
		    known);
}

static const cyaml_schema_field_t *field_of(const cyaml_schema_field_t *fields, const char *key)
{
	for (; fields->key != NULL; fields++) {
		if (strcmp(fields->key, key) == 0)
			return fields;
	}
	return NULL;
}

static const yaml_node_pair_t *pair_of(const struct walk *walk, const yaml_node_t *node,
				       const char *key)
{
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = config_document_node(walk->document, pair->key);
		if (name->type == YAML_SCALAR_NODE && strcmp(text_of(name), key) == 0)
			return pair;
	}
	return NULL;
}

static int check_pair(struct walk *walk, const yaml_node_t *node, const yaml_node_pair_t *pair,
		      const cyaml_schema_field_t *fields)
{
	const yaml_node_t *key = config_document_node(walk->document, pair->key);
	if (key->type != YAML_SCALAR_NODE)
		return fail(walk, key, "a key is %s: expected a word", found(key));
	const cyaml_schema_field_t *field = field_of(fields, text_of(key));
	if (field == NULL)
		return fail_unknown(walk, key, fields);
	size_t before = enter(walk, "%s%s", walk->length == 0 ? "" : ".", field->key);
	int error = pair_of(walk, node, field->key) != pair
			    ? fail(walk, key, "stands here twice: expected it once")
			    : check_value(walk, config_document_node(walk->document, pair->value),
					  &field->value);
	leave(walk, before);
	return error;
}

static int check_mapping(struct walk *walk, const yaml_node_t *node,
			 const cyaml_schema_value_t *schema)
{
	const cyaml_schema_field_t *fields = schema->mapping.fields;
	int error = 0;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     error == 0 && pair < node->data.mapping.pairs.top; pair++)
		error = check_pair(walk, node, pair, fields);
	for (const cyaml_schema_field_t *field = fields; error == 0 && field->key != NULL;
	     field++) {
		if ((field->value.flags & CYAML_FLAG_OPTIONAL) == 0 &&
		    pair_of(walk, node, field->key) == NULL)
			error = fail(walk, node, "the key \"%s\" is missing: expected it here",
				     field->key);
	}
	return error;
}

static int check_value(struct walk *walk, const yaml_node_t *node,
		       const cyaml_schema_value_t *schema)
{
	if (schema->type == CYAML_MAPPING)
		return node->type == YAML_MAPPING_NODE
			       ? check_mapping(walk, node, schema)
			       : fail(walk, node, "is %s: expected keys and values", found(node));
	if (schema->type == CYAML_SEQUENCE)
		return node->type == YAML_SEQUENCE_NODE
			       ? check_sequence(walk, node, schema)
			       : fail(walk, node, "is %s: expected a list, each entry with a \"-\"",
				      found(node));
	if (node->type != YAML_SCALAR_NODE)
		return fail(walk, node, "is %s: expected a single value", found(node));
	switch (schema->type) {
	case CYAML_ENUM:
		return check_word(walk, node, schema);
	case CYAML_BOOL:
		return check_boolean(walk, node);
	default:
		return check_text(walk, node, schema);
	}
}

int config_document_check(const struct config_document *document,
			  const cyaml_schema_value_t *schema, char error[COMPLAIN_SIZE])
{
	struct walk walk = {.document = document, .error = error};
	const yaml_node_t *root = config_document_node(document, 1);
	if (root == NULL)
		return -EINVAL; /* config_document_read() has refused an empty file */
	return check_value(&walk, root, schema);
}
