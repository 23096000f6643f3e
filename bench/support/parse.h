/* parse.h: whole numbers out of text, as sscanf() cannot: with their limits checked. */
#ifndef BENCH_PARSE_H
#define BENCH_PARSE_H

#include <stdint.h>

/* Reads the decimal digits at *text and moves *text behind them. Returns 0, -EINVAL (there
 * are none) or -ERANGE (more than `max`). *out is 0 on failure. */
int bench_parse_number(const char **text, uint64_t max, uint64_t *out);

/* The number right after the first `key` in `line`: bench_parse_after("a=1 b=22", " b=",
 * ...). Returns as bench_parse_number(), and -EINVAL if the key is not there. */
int bench_parse_after(const char *line, const char *key, uint64_t max, uint64_t *out);

#endif
