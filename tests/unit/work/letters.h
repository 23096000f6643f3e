/* letters.h: a queue of jobs that are named by a letter, and a clock of the test's. One test at a
 * time. */
#ifndef WEIR_TESTS_LETTERS_H
#define WEIR_TESTS_LETTERS_H

#include <stddef.h>

#include "work/queue.h"

#define MS WEIR_MILLISECOND

/* The clock begins somewhere; `at` counts from here. */
#define START (1000 * WEIR_SECOND)

struct letter {
	struct weir__job job;
	char name;
};

extern const struct weir__job_ops letter_ops;
extern struct weir__queue queue;
extern struct weir__lane lane; /* theirs, without limits */
extern char refused[64];       /* the names of those that were, in their order */
extern size_t refused_count;

/* A queue with room for 10. */
void begin(const struct weir__queue_rules *rules);
struct weir__job *job_of(char name);
int push(char name, enum weir_priority priority, weir_time at);
void push_all(const char *names, weir_time at);
/* 0: none. */
char take(weir_time at);
void expect_taken(const char *names, weir_time at);
/* Lets the queue stand for an interval of 100 ms up to `until`: it is overloaded from the next
 * dequeue on, which is the first of its interval. The job y is left in it. */
void overload(weir_time until);

#endif
