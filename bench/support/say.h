/* say.h: lines for the person at the terminal. They go to stderr, so that stdout holds
 * the tables and nothing else. */
#ifndef BENCH_SAY_H
#define BENCH_SAY_H

/* One line, after the name of the program. */
void bench_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
