/* table.h: a table of text in columns; the first `left` columns are flush left, the
 * others, which hold numbers, flush right. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stddef.h>

#define BENCH_TABLE_CELL 80

struct bench_table {
	size_t columns;
	size_t left;
	char (*cells)[BENCH_TABLE_CELL];
	size_t count;
	size_t room;
	int error;
};

/* The first row is the heading, of `columns` strings. */
void bench_table_begin(struct bench_table *table, size_t columns, size_t left,
		       const char *const *heading);

/* The next cell, going on to the next row by itself; cut if it is too long. */
void bench_table_cell(struct bench_table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The next cell, a number as bench_number() writes it. */
void bench_table_number(struct bench_table *table, double value);

/* Prints to stdout and frees. Returns 0 or what failed, also in the calls before. */
int bench_table_finish(struct bench_table *table);

#endif
