/* query.c: see query.h. */
#include "problem.h"
#include "query_database.h"
#include "query_input.h"
#include "query_sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *name_of(const void *parameters, size_t i)
{
	return ((const struct query_parameter *)parameters)[i].name;
}

int query_create(struct query_database *database, const char *sql,
		 const struct query_parameter *parameters, size_t count, struct query **out)
{
	char word[QUERY_SQL_WORD];
	struct query *query = malloc(sizeof *query);
	bool *used = calloc(count + 1, sizeof *used);
	int error = -ENOMEM;
	if (query == NULL || used == NULL)
		goto free_query;
	*query = (struct query){.database = database, .parameters = parameters, .count = count};
	error = query_sql_number(sql, name_of, parameters, count, database->backend->mark,
				 &query->sql, used, word);
	if (error != 0) {
		error = error == -ENOMEM ? error : -EINVAL;
		goto free_query;
	}
	free(used);
	*out = query;
	return 0;

free_query:
	free(used);
	free(query);
	return error;
}

void query_destroy(struct query *query)
{
	if (query == NULL)
		return;
	free(query->sql);
	free(query);
}

static int answer_failure(weir_response *response, const struct query_failure *failure)
{
	int error = failure->retry ? weir_response_header(response, "Retry-After", "1") : 0;
	return error != 0 ? error : problem(response, failure->status, "%s", failure->text);
}

static int run(const struct query *query, const struct query_value *values, weir_request *request,
	       weir_response *response, weir_token *token)
{
	const char *method = weir_request_method(request);
	struct query_rows rows = {.response = response};
	struct query_failure failure = {0};
	struct query_run run = {
		.sql = query->sql,
		.values = values,
		.count = query->count,
		.reading = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0,
		.rows = &rows,
		.token = token,
	};
	weir_request_note(request, "running a statement");
	int error = query->database->backend->run(query->database, &run, &failure);
	if (error == 0)
		error = query_rows_finish(&rows, run.changed);
	else if (!rows.streaming && failure.status != 0)
		error = answer_failure(response, &failure);
	query_rows_free(&rows);
	return error;
}

int query_handle(weir_request *request, weir_response *response, weir_token *token)
{
	const struct query *query = weir_request_context(request);
	char reason[QUERY_REASON_SIZE];
	struct query_input input;
	int error = query_input_read(&input, query->parameters, query->count, request, reason);
	if (error > 0)
		error = problem(response, error, "%s", reason);
	else if (error == 0)
		error = run(query, input.values, request, response, token);
	query_input_free(&input);
	return error;
}

int query_route(weir_routes *routes, const char *method, const char *path, struct query *query,
		const struct weir_route_options *options)
{
	char *pattern;
	if (asprintf(&pattern, "%s %s", method, path) < 0)
		return -ENOMEM;
	int error = weir_routes_add(routes, pattern, query_handle, query, options);
	free(pattern);
	return error;
}
