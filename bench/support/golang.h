/* golang.h: the Go compiler, if there is one. */
#ifndef BENCH_GOLANG_H
#define BENCH_GOLANG_H

#include <stddef.h>

/* Writes what `go version` says. 0, -ENOENT (not installed), or another errno. */
int bench_golang_version(char *version, size_t size);

/* The path at which a program is, or will be, once built. 0 or a negative errno. */
int bench_golang_path(const char *program, char *path, size_t size);

/* Compiles peers/go/PROGRAM.go, which uses the standard library alone. 0 or a negative
 * errno, after a complaint. */
int bench_golang_build(const char *program);

#endif
