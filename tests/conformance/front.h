/* front.h: a real proxy in front of the server: HAProxy or nginx, from its Debian package. */
#ifndef WEIR_TESTS_CONFORMANCE_FRONT_H
#define WEIR_TESTS_CONFORMANCE_FRONT_H

#include <stdbool.h>

#include "support/process.h"
#include "support/scratch.h"

struct front {
	struct scratch scratch;
	struct process process;
	char url[PATH_MAX + 16]; /* of its Unix socket */
};

/* `kind`: "haproxy" or "nginx" as they come, "haproxy-lenient" (accept-invalid-http-request) or
 * "nginx-unbuffered" (bodies are passed on as they come, odd header fields kept). `address` is that
 * of the server behind it, "127.0.0.1:41233". False if the program is not installed. */
bool front_start(struct front *front, const char *kind, const char *address);
void front_stop(struct front *front);

#endif
