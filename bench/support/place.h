/* place.h: where the bench's own files are, and where its results go. */
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

#include <stddef.h>
#include <stdio.h>

/* The path of a file beside the bench's binary ("peers/weir_hello"). 0 or a negative errno. */
int bench_place_own(char *path, size_t size, const char *name);

/* The path of a program: on PATH, or where the system keeps servers. 0, or -ENOENT. */
int bench_place_program(char *path, size_t size, const char *name);

/* Makes the directory of the results, with its parents. `wanted` may be NULL: then it is
 * bench-results in the build tree. 0 or a negative errno. */
int bench_place_results(char *path, size_t size, const char *wanted);

/* A result file being written: it has its name only once it is whole. */
struct bench_place_file {
	FILE *file;
	char path[4096];
	char unfinished[4104];
};

/* Opens DIR/NAME for writing. 0 or a negative errno. */
int bench_place_open(struct bench_place_file *out, const char *dir, const char *name);

/* Closes; gives the file its name if `result` is 0, removes it if not. Returns `result`,
 * or what failed here. */
int bench_place_close(struct bench_place_file *out, int result);

#endif
