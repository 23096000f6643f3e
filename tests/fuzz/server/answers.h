/* server/answers.h: what came back on a connection, read by the letter. */
#ifndef WEIR_TESTS_FUZZ_ANSWERS_H
#define WEIR_TESTS_FUZZ_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>

struct answers {
	size_t interim, final; /* whole answers; interim ones are 1xx but 101 */
	size_t pages;   /* of `final`: libmicrohttpd's own, which no request is counted for */
	bool truncated; /* the last one was not whole */
	bool upgraded;  /* the last one was 101: what follows is no HTTP */
};

/* Fails the target (FUZZ_CHECK) on an answer that is not well-formed. That an answer has no body
 * because it is one to HEAD is seen by what follows: bodies here never begin like an answer. */
void answers_read(struct answers *answers, const char *data, size_t size);

#endif
