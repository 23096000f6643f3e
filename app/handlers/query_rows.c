/* query_rows.c: see query_rows.h. */
#include "query_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An answer that is shorter is sent in one piece, with a length; and until then, what goes
 * wrong still gets a status of its own. */
#define PIECE ((size_t)32 * 1024)

static void raw(struct query_rows *rows, const char *text)
{
	json_text_raw(&rows->text, text, strlen(text));
}

static void begin_answer(struct query_rows *rows)
{
	raw(rows, "{\"rows\":[");
}

void query_rows_begin(struct query_rows *rows)
{
	if (rows->count++ == 0)
		begin_answer(rows);
	raw(rows, rows->count > 1 ? ",\n{" : "\n{");
}

void query_rows_name(struct query_rows *rows, unsigned column, const char *name)
{
	if (column > 0)
		raw(rows, ",");
	json_text_string(&rows->text, name, strlen(name));
	raw(rows, ":");
}

void query_rows_null(struct query_rows *rows)
{
	raw(rows, "null");
}

void query_rows_integer(struct query_rows *rows, int64_t value)
{
	char text[24];
	(void)snprintf(text, sizeof text, "%" PRId64, value);
	raw(rows, text);
}

/* The fewest digits that read back as the same number. JSON has no infinity. */
void query_rows_real(struct query_rows *rows, double value)
{
	char text[32];
	if (!isfinite(value)) {
		query_rows_null(rows);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof text, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	raw(rows, text);
}

void query_rows_text(struct query_rows *rows, const char *text, size_t size)
{
	json_text_string(&rows->text, text, size);
}

void query_rows_bytes(struct query_rows *rows, const void *data, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *bytes = data;
	raw(rows, "\"");
	for (size_t at = 0; at < size; at += 3) {
		size_t left = size - at;
		uint32_t group = (uint32_t)bytes[at] << 16 |
				 (left > 1 ? (uint32_t)bytes[at + 1] << 8 : 0) |
				 (left > 2 ? bytes[at + 2] : 0);
		const char four[4] = {digits[group >> 18], digits[group >> 12 & 63],
				      (char)(left > 1 ? digits[group >> 6 & 63] : '='),
				      (char)(left > 2 ? digits[group & 63] : '=')};
		json_text_raw(&rows->text, four, sizeof four);
	}
	raw(rows, "\"");
}

void query_rows_raw(struct query_rows *rows, const char *text, size_t size)
{
	json_text_raw(&rows->text, text, size);
}

static int begin_stream(struct query_rows *rows)
{
	int error = weir_response_header(rows->response, "Content-Type", "application/json");
	if (error == 0)
		error = weir_response_stream(rows->response, -1);
	rows->streaming = error == 0;
	return error;
}

int query_rows_end(struct query_rows *rows)
{
	raw(rows, "}");
	if (rows->text.failed)
		return -ENOMEM;
	if (rows->text.size < PIECE)
		return 0;
	int error = rows->streaming ? 0 : begin_stream(rows);
	if (error == 0)
		error = weir_response_write(rows->response, rows->text.data, rows->text.size);
	rows->text.size = 0;
	return error;
}

int query_rows_finish(struct query_rows *rows, int64_t changed)
{
	if (rows->count == 0)
		begin_answer(rows);
	else
		raw(rows, "\n");
	raw(rows, "],\"changed\":");
	query_rows_integer(rows, changed);
	raw(rows, "}\n");
	if (rows->text.failed)
		return -ENOMEM;
	if (rows->streaming)
		return weir_response_write(rows->response, rows->text.data, rows->text.size);
	int error = weir_response_header(rows->response, "Content-Type", "application/json");
	if (error != 0)
		return error;
	return weir_response_body(rows->response, rows->text.data, rows->text.size);
}

void query_rows_free(struct query_rows *rows)
{
	json_text_free(&rows->text);
}
