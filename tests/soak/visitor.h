/* visitor.h: one client of the soak: a thread that makes one visit after the other.
 *
 * A visit is what a person or a program would do at one go; well-behaved ones keep their connection
 * for the next. What has been seen is counted when it was seen: an answer when its header is there.
 */
#ifndef WEIR_TESTS_SOAK_VISITOR_H
#define WEIR_TESTS_SOAK_VISITOR_H

#include "soak.h"
#include "support/client.h"
#include "support/reply.h"

struct soak_visitor {
	struct soak *soak;
	unsigned number;
	bool hostile;
	pthread_t thread;
	struct soak_random random;
	struct client client;
	bool open;
	unsigned answers; /* on this connection */
	unsigned epoch;   /* of the address it last had */
	bool stored;      /* its file is on the server, with these bytes: */
	unsigned char seed;
	size_t size;
};

/* Connects, somewhere, unless it is. False: nobody listens there; waits a moment. */
bool visitor_connect(struct soak_visitor *visitor);
/* Written, and not answered: counts it, and closes. The server may have closed an idle connection,
 * or be stopping, and then never took it. */
void visitor_unheard(struct soak_visitor *visitor);
/* Closes; with a reset if asked for. */
void visitor_leave(struct soak_visitor *visitor, bool reset);
/* Sends all; false if the server closed before. */
bool visitor_send(struct soak_visitor *visitor, const void *data, size_t size);
/* Receives the header of an answer, interim ones left out, and takes it; its status, 0 if there was
 * none. Counts it, among those of the server unless `unparsed`. */
int visitor_head(struct soak_visitor *visitor, bool unparsed);
/* Connects, sends a request of that text and `body` behind it, receives the whole answer, counts
 * it. The status, or 0 if there was no answer. *reply is to be freed in every case. */
int visitor_ask(struct soak_visitor *visitor, const char *text, const void *body, size_t size,
		struct reply *reply);
/* The same for HEAD. */
int visitor_ask_head(struct soak_visitor *visitor, const char *text, struct reply *reply);

static inline void visitor_count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

#endif
