/* args.h: the command line of a bench: long options only, each with a value of a stated
 * range, `--help`, and one line on stderr for whatever is wrong. */
#ifndef BENCH_ARGS_H
#define BENCH_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_ARGS_LIST 16

/* A list of whole numbers; count 0: not given. */
struct bench_args_numbers {
	unsigned values[BENCH_ARGS_LIST];
	size_t count;
};

enum bench_args_kind {
	BENCH_ARGS_FLAG,    /* bool: no value */
	BENCH_ARGS_NUMBER,  /* unsigned: left alone if not given */
	BENCH_ARGS_NUMBERS, /* struct bench_args_numbers: "1,64,1024" */
	BENCH_ARGS_NAMES,   /* unsigned: a set bit for each name of `names` in "weir,go" */
	BENCH_ARGS_TEXT     /* const char *: borrowed from argv */
};

struct bench_args_option {
	const char *name; /* without the dashes */
	enum bench_args_kind kind;
	void *target;
	unsigned min, max;        /* NUMBER, NUMBERS */
	const char *const *names; /* NAMES; ends with NULL */
	const char *value;        /* what the help calls the value; NULL for FLAG */
	const char *help;
};

/* Returns -1 to go on, or the exit code: 0 after --help, 2 after a complaint. `about` is
 * what the help says first. */
int bench_args_parse(int argc, char **argv, const char *about,
		     const struct bench_args_option *options, size_t count);

#endif
