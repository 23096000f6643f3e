/* nginx.h: nginx with one worker, and a configuration of its own in the temporary
 * directory. */
#ifndef BENCH_NGINX_H
#define BENCH_NGINX_H

#include <stddef.h>
#include <stdint.h>

#include "child.h"

/* Finds the program and its version. 0, -ENOENT (not installed), or another errno. */
int bench_nginx_find(char *program, size_t program_size, char *version, size_t version_size);

/* Starts it in the foreground; *port is where it listens. The port is bound here and
 * inherited by nginx: nobody can take it in between, and a client that connects before
 * nginx is up simply waits. 0 or a negative errno. */
int bench_nginx_start(const char *program, struct bench_child *child, uint16_t *port);

/* The same, as a proxy in front of 127.0.0.1:UPSTREAM. */
int bench_nginx_start_proxy(const char *program, uint16_t upstream, struct bench_child *child,
			    uint16_t *port);

#endif
