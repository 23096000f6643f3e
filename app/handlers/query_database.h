/* query_database.h: what query.c asks of SQLite and of PostgreSQL alike. */
#ifndef WEIR_APP_QUERY_DATABASE_H
#define WEIR_APP_QUERY_DATABASE_H

#include "query.h"
#include "query_rows.h"

/** How a statement that failed is to be answered; `status` 0: the library decides. */
struct query_failure {
	int status;
	const char *text; /* a literal */
	bool retry;       /* with Retry-After */
};

struct query_run {
	const char *sql;
	const struct query_value *values;
	size_t count;
	bool reading; /* for GET and HEAD: a transaction for reading */
	struct query_rows *rows;
	weir_token *token;
	int64_t changed; /* out: how many rows it has changed */
};

/** A kind of database. */
struct query_backend {
	char mark; /* before the number of a parameter */
	/** As query_database_open(). */
	int (*open)(struct query_database *database, const struct query_database_options *options,
		    char *text, size_t size);
	/** Takes a connection, runs the statement in a transaction, gives it back. Returns 0 when
	 *  it was committed; else it has been rolled back: a negative errno, and how to answer. */
	int (*run)(struct query_database *database, struct query_run *run,
		   struct query_failure *failure);
	void (*close)(struct query_database *database);
};

struct query_database {
	const struct query_backend *backend;
	void *pool;
};

extern const struct query_backend query_backend_sqlite;
extern const struct query_backend query_backend_pq;

#endif
