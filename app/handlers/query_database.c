/* query_database.c: which kind of database a URL means. */
#include "query_database.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct query_backend *backend_of(const char *url)
{
	if (strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0) {
#ifdef WEIR_APP_PQ
		return &query_backend_pq;
#else
		return NULL;
#endif
	}
#ifdef WEIR_APP_SQLITE
	return &query_backend_sqlite;
#else
	return NULL;
#endif
}

int query_database_open(const struct query_database_options *options, struct query_database **out,
			char *text, size_t size)
{
	(void)snprintf(text, size, "out of memory");
	struct query_database *database = calloc(1, sizeof *database);
	if (database == NULL)
		return -ENOMEM;
	database->backend = backend_of(options->url);
	int error = -ENOTSUP;
	if (database->backend == NULL)
		(void)snprintf(text, size, "this weir was built without the adapter for it");
	else
		error = database->backend->open(database, options, text, size);
	if (error != 0)
		free(database);
	else
		*out = database;
	return error;
}

void query_database_close(struct query_database *database)
{
	if (database == NULL)
		return;
	database->backend->close(database);
	free(database);
}
