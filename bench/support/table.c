/* table.c: cells in one array, widths found when it is printed. */
#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

#define CELLS_MAX 4096

static char *next_cell(struct bench_table *table)
{
	if (table->error != 0)
		return NULL;
	if (table->count == table->room) {
		size_t room = table->room ? table->room * 2 : 64;
		void *cells = NULL;

		if (room <= CELLS_MAX)
			cells = realloc(table->cells, room * sizeof(*table->cells));
		if (!cells) {
			table->error = -ENOMEM;
			return NULL;
		}
		table->cells = cells;
		table->room = room;
	}
	return table->cells[table->count++];
}

void bench_table_begin(struct bench_table *table, size_t columns, size_t left,
		       const char *const *heading)
{
	*table = (struct bench_table){.columns = columns, .left = left};
	for (size_t i = 0; i < columns; i++)
		bench_table_cell(table, "%s", heading[i]);
}

void bench_table_cell(struct bench_table *table, const char *format, ...)
{
	char *cell = next_cell(table);
	va_list list;

	if (!cell)
		return;
	va_start(list, format);
	if (vsnprintf(cell, BENCH_TABLE_CELL, format, list) < 0)
		table->error = -EINVAL;
	va_end(list);
}

void bench_table_number(struct bench_table *table, double value)
{
	char text[BENCH_NUMBER_SIZE];

	bench_table_cell(table, "%s", bench_number(text, value));
}

static size_t width_of(const struct bench_table *table, size_t column)
{
	size_t widest = 0;

	for (size_t i = column; i < table->count; i += table->columns) {
		size_t width = strlen(table->cells[i]);

		if (width > widest)
			widest = width;
	}
	return widest;
}

int bench_table_finish(struct bench_table *table)
{
	if (table->error == 0 && table->count % table->columns != 0)
		table->error = -EINVAL;
	for (size_t i = 0; table->error == 0 && i < table->count; i++) {
		size_t column = i % table->columns;
		int width = (int)width_of(table, column);
		int last = column + 1 == table->columns;

		if (printf("%*s%s", column < table->left ? -width : width, table->cells[i],
			   last ? "\n" : "  ") < 0)
			table->error = -EIO;
	}
	free(table->cells);
	table->cells = NULL;
	return table->error;
}
