/* stress/chaos/visitor.h: a client on its visit, and what it may get for what it does.
 *
 * A request that was sent whole gets a whole answer. There are three excuses, and no others:
 * a stop has been asked for; the round is hasty, so the server's patience may be at an end;
 * the client itself has gone away.
 */
#ifndef WEIR_TESTS_CHAOS_VISITOR_H
#define WEIR_TESTS_CHAOS_VISITOR_H

#include "chaos.h"
#include "wire.h"

struct visitor {
	struct round *round;
	struct stress_random *random;
	struct wire wire;
};

unsigned visitor_below(struct visitor *visitor, unsigned limit);
bool visitor_is_excused(const struct visitor *visitor);
/* The server took no request: fails without an excuse. */
void visitor_send_failed(struct visitor *visitor);
/* Reads the answer to a request that was sent whole. True if it is `expected`; the connection
 * goes on if *go_on. */
bool visitor_hear(struct visitor *visitor, struct reply *reply, int expected, bool head,
		  bool *go_on);
/* Sends the header of a POST with a body of `size` bytes. */
bool visitor_send_header(struct visitor *visitor, const char *target, uint64_t size,
			 const char *fields);

/* uploads.c: one kind each. */
void visit_upload(struct visitor *visitor);
void visit_chunked(struct visitor *visitor);
void visit_cut_short(struct visitor *visitor);
void visit_early(struct visitor *visitor);
void visit_too_large(struct visitor *visitor);

#endif
