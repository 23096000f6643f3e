/* stacks.h: the stacks of what a server runs, with names. */
#ifndef WEIR_SERVER_STACKS_H
#define WEIR_SERVER_STACKS_H

#include <stddef.h>

#include <weir/server.h>

#include "base/backtrace.h"
#include "http/running.h"

/* How long threads have for their answers, and who names frames for the names. */
#define WEIR__STACKS_PATIENCE (200 * WEIR_MILLISECOND)
#define WEIR__NAMES_PATIENCE (500 * WEIR_MILLISECOND)

#define WEIR__NAMES_KEPT 256
#define WEIR__NAME_SIZE 160

/* The names that one report needs: threads that are stuck are often stuck in one place. */
struct weir__names {
	weir_symbolizer find;
	void *arg;
	weir_time until; /* from then on addresses are written as numbers */
	size_t count;
	struct {
		uintptr_t address;
		char text[WEIR__NAME_SIZE];
	} kept[WEIR__NAMES_KEPT];
};

/* NULL when memory is short; free(). */
struct weir__names *weir__names_create(const weir_server *server);

/* The answer as lines, like weir_straggler.stack: malloc()ed. NULL if no thread had it, or when
 * memory is short. */
char *weir__names_of(struct weir__names *names, const struct weir__backtrace *trace);

/* What is run; its traces tell where that is, once they have been asked. */
struct weir__stacks {
	struct weir__running running;
};

/* Lists up to `capacity` of what workers run, and prepares to ask their threads; there is room for
 * as many traces more. 0 or -ENOMEM. Not on the acceptor's thread. */
int weir__stacks_list(weir_server *server, size_t capacity, size_t room, bool admin,
		      struct weir__stacks *out);
void weir__stacks_release(struct weir__stacks *stacks);

/* The coordinator: keeps such lines, which may be NULL, as long as the server, for its report.
 * Returns them; NULL if there is no room left. */
const char *weir__stacks_keep(weir_server *server, char *lines);
/* Frees what was kept. */
void weir__stacks_forget(weir_server *server);

/* Such lines as one, for a log: "nanosleep < work < run", cut to fit. NULL is as "". */
#define WEIR__STACK_LINE 512
void weir__stack_line(const char *lines, char out[WEIR__STACK_LINE]);

/* weir__backtrace_ask() with the time that it has here. */
void weir__stacks_ask(struct weir__backtrace *traces, size_t count);

#endif
