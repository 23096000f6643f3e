/* query_rows.h: rows, as JSON, on their way to the client. */
#ifndef WEIR_APP_QUERY_ROWS_H
#define WEIR_APP_QUERY_ROWS_H

#include "json_text.h"

#include <stdint.h>

#include <weir/response.h>

struct query_rows {
	weir_response *response;
	struct json_text text; /* what has not been sent */
	uint64_t count;
	bool streaming;
};

/** Begins a row, adds its columns one by one, ends it. Memory that is short shows at the end
 *  of the row. */
void query_rows_begin(struct query_rows *rows);
void query_rows_name(struct query_rows *rows, unsigned column, const char *name);
void query_rows_null(struct query_rows *rows);
void query_rows_integer(struct query_rows *rows, int64_t value);
void query_rows_real(struct query_rows *rows, double value);
void query_rows_text(struct query_rows *rows, const char *text, size_t size);
/** Base64 (RFC 4648, 4). */
void query_rows_bytes(struct query_rows *rows, const void *data, size_t size);
/** What is JSON already. */
void query_rows_raw(struct query_rows *rows, const char *text, size_t size);
/** Sends when there is enough; waits for a slow client then. Returns 0, -ENOMEM or as
 *  weir_response_write(). */
int query_rows_end(struct query_rows *rows);

/** Ends the answer, of a transaction that has been committed. */
int query_rows_finish(struct query_rows *rows, int64_t changed);

void query_rows_free(struct query_rows *rows);

#endif
