/* running.h: what workers run right now, and who may look for how long. */
#ifndef WEIR_HTTP_RUNNING_H
#define WEIR_HTTP_RUNNING_H

#include <stdbool.h>
#include <stddef.h>

#include <weir/report.h>
#include <weir/token.h>

#include "base/backtrace.h"
#include "work/queue.h"

struct weir__acceptor;

struct weir__running_entry {
	const struct weir__job
		*job;      /* to be compared; of a request it is there as long as `token` */
	weir_token *token; /* referenced */
	struct weir_straggler what; /* without its stack */
};

struct weir__running {
	struct weir__running_entry *entries; /* the caller's */
	struct weir__backtrace *traces;      /* likewise: how to ask each of them where it is */
	size_t count, capacity;
	bool admin; /* what admin listeners have with workers, too */
};

/* Lists what runs, requests and then what has left HTTP, the oldest first, up to the capacity;
 * for weir__acceptor_call(). `running` is a struct weir__running. */
void weir__running_list(struct weir__acceptor *acceptor, void *running);

/* Gives the references back. Any thread. */
void weir__running_release(struct weir__running *running);

#endif
