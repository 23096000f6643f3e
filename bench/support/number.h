/* number.h: measured values in a form that people read. */
#ifndef BENCH_NUMBER_H
#define BENCH_NUMBER_H

#define BENCH_NUMBER_SIZE 40

/* About three digits that matter, thousands separated: "195,012", "17.7", "0.042"; "-" for
 * NaN. Returns `text`. */
const char *bench_number(char text[BENCH_NUMBER_SIZE], double value);

#endif
