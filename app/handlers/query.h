/* query.h: an SQL statement for each request.
 *
 * The parameters of the statement come from the path, the query or a JSON object in the body,
 * are of a type each, and never become part of the SQL. The answer is one JSON object:
 *
 *	{"rows":[
 *	{"id":1,"text":"one"},
 *	{"id":2,"text":null}
 *	],"changed":0}
 *
 * Rows are sent as they come; a small answer is sent whole. The statement runs in one
 * transaction. The end of the answer is sent when it has been committed, so whoever has seen the
 * end knows. When the client goes, a deadline passes or a stop's grace is over, the statement is
 * interrupted and rolled back.
 *
 * SQLite, embedded, or PostgreSQL; each where its adapter was built.
 */
#ifndef WEIR_APP_QUERY_H
#define WEIR_APP_QUERY_H

#include "query_value.h"

#include <stddef.h>

#include <weir/routes.h>

struct query_database;

/** Which database. Strings are borrowed for the length of the call. */
struct query_database_options {
	const char *url;      /* "postgresql://..." or "postgres://...", else a path for SQLite */
	unsigned connections; /* at most; 0: the adapter's default */
	const char *const *setup; /* statements to run now, if it is not only looked at */
	size_t setup_count;
	bool create;       /* make the directory of a SQLite file */
	bool look_only;    /* change nothing: can it be opened, or could it be made? */
	weir_token *token; /* ends what opening has to wait for; may be NULL */
};

/** Opens a database. Returns 0; -ENOTSUP (no adapter for it); or another negative errno; `text`
 *  has a line for people after an error. */
int query_database_open(const struct query_database_options *options, struct query_database **out,
			char *text, size_t size);

/** No handler may be running. NULL is ignored. */
void query_database_close(struct query_database *database);

/** A statement on a database. */
struct query {
	struct query_database *database;
	char *sql;                                /* with numbered parameters; owned */
	const struct query_parameter *parameters; /* borrowed */
	size_t count;
};

/** Prepares a statement with ":name" parameters. Returns 0, -ENOMEM or -EINVAL. */
int query_create(struct query_database *database, const char *sql,
		 const struct query_parameter *parameters, size_t count, struct query **out);
/** NULL is ignored. */
void query_destroy(struct query *query);

/** The handler, with a struct query as its context. */
int query_handle(weir_request *request, weir_response *response, weir_token *token);

/** Adds the route "METHOD PATH". `options` may be NULL. */
int query_route(weir_routes *routes, const char *method, const char *path, struct query *query,
		const struct weir_route_options *options);

#endif
