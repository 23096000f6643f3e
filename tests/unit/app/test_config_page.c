/* The page weir.yaml(5) and the schema name the same keys, each as often. */
#include "config_schema.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 128
#define KEY_SIZE 32

struct keys {
	char names[KEYS_MAX][KEY_SIZE];
	size_t count;
};

static void add(struct keys *keys, const char *name, size_t length)
{
	cr_assert_lt(keys->count, KEYS_MAX);
	cr_assert_lt(length, KEY_SIZE);
	memcpy(keys->names[keys->count], name, length);
	keys->names[keys->count++][length] = '\0';
}

static void collect_schema(struct keys *keys, const cyaml_schema_value_t *schema)
{
	if (schema->type == CYAML_SEQUENCE)
		collect_schema(keys, schema->sequence.entry);
	if (schema->type != CYAML_MAPPING)
		return;
	for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key != NULL;
	     field++) {
		add(keys, field->key, strlen(field->key));
		collect_schema(keys, &field->value);
	}
}

/* A key is what stands in bold after ".TP". */
static void collect_page(struct keys *keys)
{
	static const char mark[] = ".TP\n.B ";
	char *text = NULL;
	size_t room = 0;
	FILE *file = fopen(WEIR_CONFIG_PAGE, "r");
	cr_assert_not_null(file, "%s", WEIR_CONFIG_PAGE);
	cr_assert_gt(getdelim(&text, &room, '\0', file), 0);
	cr_assert_eq(fclose(file), 0);
	for (const char *at = text; (at = strstr(at, mark)) != NULL;) {
		at += sizeof mark - 1;
		add(keys, at, strcspn(at, "\n"));
	}
	free(text);
}

static size_t count_of(const struct keys *keys, const char *name)
{
	size_t count = 0;
	for (size_t i = 0; i < keys->count; i++)
		count += strcmp(keys->names[i], name) == 0;
	return count;
}

Test(config_page, and_schema_name_the_same_keys)
{
	struct keys schema = {0}, page = {0};
	collect_schema(&schema, &config_schema);
	collect_page(&page);
	cr_expect_geq(schema.count, 40);
	for (size_t i = 0; i < schema.count; i++)
		cr_expect_eq(count_of(&page, schema.names[i]), count_of(&schema, schema.names[i]),
			     "%s is %zu times on the page, %zu times in the schema",
			     schema.names[i], count_of(&page, schema.names[i]),
			     count_of(&schema, schema.names[i]));
	for (size_t i = 0; i < page.count; i++)
		cr_expect_gt(count_of(&schema, page.names[i]), 0, "%s is not in the schema",
			     page.names[i]);
}
