/* config_statements.c: databases and statements: that names are there and there once, and that
 * a statement and its parameters fit together. */
#include "config_private.h"

#include "handlers/query_sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 1024

/* The index of the first entry of this name before `end`, or `end`. */
static unsigned find_database(const struct config *config, const char *name, unsigned end)
{
	unsigned i = 0;
	while (i < end && strcmp(config->databases[i].name, name) != 0)
		i++;
	return i;
}

static unsigned find_statement(const struct config *config, const char *name, unsigned end)
{
	unsigned i = 0;
	while (i < end && strcmp(config->statements[i].name, name) != 0)
		i++;
	return i;
}

static int read_database(struct config *config, unsigned i, char error[COMPLAIN_SIZE])
{
	struct config_database *database = &config->databases[i];
	char place[CONFIG_PLACE_SIZE];
	config_place(place, "databases[%u].name", i);
	if (find_database(config, database->name, i) != i)
		return config_fail(config, error, place,
				   "a second database \"%.60s\": expected another name",
				   database->name);
	config_place(place, "databases[%u].connections", i);
	return config_number(config, error, place, database->connections_text, CONNECTIONS_MAX,
			     &database->connections);
}

static const char *name_of(const void *parameters, size_t i)
{
	return ((const struct query_parameter *)parameters)[i].name;
}

static int check_sql(const struct config *config, unsigned i, char error[COMPLAIN_SIZE])
{
	const struct config_statement *statement = &config->statements[i];
	char place[CONFIG_PLACE_SIZE], word[QUERY_SQL_WORD];
	bool used[CONFIG_PARAMETERS_MAX] = {false};
	char *sql;
	config_place(place, "statements[%u].sql", i);
	switch (query_sql_number(statement->sql, name_of, statement->parameters,
				 statement->parameters_count, '?', &sql, used, word)) {
	case 0:
		free(sql);
		break;
	case -ENOENT:
		return config_fail(config, error, place,
				   "\":%s\" has no entry: expected it among the parameters", word);
	case -EINVAL:
		return config_fail(config, error, place,
				   "a quote or comment does not end: expected its end");
	default:
		return -ENOMEM;
	}
	for (unsigned j = 0; j < statement->parameters_count; j++) {
		config_place(place, "statements[%u].parameters[%u].name", i, j);
		if (!used[j])
			return config_fail(config, error, place,
					   "expected \":%.60s\" in the SQL, where it is not",
					   statement->parameters[j].name);
	}
	return 0;
}

static int check_parameters(const struct config *config, unsigned i, char error[COMPLAIN_SIZE])
{
	const struct config_statement *statement = &config->statements[i];
	char place[CONFIG_PLACE_SIZE];
	for (unsigned j = 0; j < statement->parameters_count; j++) {
		const struct query_parameter *parameter = &statement->parameters[j];
		config_place(place, "statements[%u].parameters[%u].name", i, j);
		for (unsigned k = 0; k < j; k++) {
			if (strcmp(statement->parameters[k].name, parameter->name) == 0)
				return config_fail(
					config, error, place,
					"a second parameter \"%.60s\": expected another name",
					parameter->name);
		}
		struct query_value value;
		config_place(place, "statements[%u].parameters[%u].default", i, j);
		if (parameter->fallback != NULL &&
		    query_value_parse(parameter->type, parameter->fallback, &value) != 0)
			return config_fail(config, error, place, "\"%.60s\": expected %s",
					   parameter->fallback,
					   query_value_expected(parameter->type));
	}
	return 0;
}

static int read_statement(struct config *config, unsigned i, char error[COMPLAIN_SIZE])
{
	struct config_statement *statement = &config->statements[i];
	char place[CONFIG_PLACE_SIZE];
	config_place(place, "statements[%u].name", i);
	if (find_statement(config, statement->name, i) != i)
		return config_fail(config, error, place,
				   "a second statement \"%.60s\": expected another name",
				   statement->name);
	unsigned found = find_database(config, statement->database, config->databases_count);
	config_place(place, "statements[%u].database", i);
	if (found == config->databases_count)
		return config_fail(
			config, error, place,
			"\"%.60s\" is not known: expected the name of one of the databases",
			statement->database);
	statement->in = &config->databases[found];
	int problem = check_parameters(config, i, error);
	return problem != 0 ? problem : check_sql(config, i, error);
}

int config_read_statements(struct config *config, char error[COMPLAIN_SIZE])
{
	int problem = 0;
	for (unsigned i = 0; problem == 0 && i < config->databases_count; i++)
		problem = read_database(config, i, error);
	for (unsigned i = 0; problem == 0 && i < config->statements_count; i++)
		problem = read_statement(config, i, error);
	return problem;
}
