/* answer.h: where an HTTP/1.1 response ends, as far as the peers' responses need it: a
 * status line, a header, and a body of Content-Length bytes. */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include <stddef.h>

struct bench_answer {
	int status;
	const char *body; /* inside the text given */
	size_t body_size;
	size_t size; /* of the whole response */
};

/* `text` is what has come so far. Returns 1 and fills *out when the response is whole, 0 if
 * more must come, -EBADMSG if it is none, or has no Content-Length. */
int bench_answer_parse(const char *text, size_t size, struct bench_answer *out);

#endif
