/* serve.h: the command `weir serve`: serve files until somebody asks for a stop. */
#ifndef WEIR_APP_SERVE_H
#define WEIR_APP_SERVE_H

#include <stdbool.h>
#include <stddef.h>

#include <weir/time.h>

/** Most listeners that may be asked for, the admin listener not counted. */
#define SERVE_LISTEN_MAX 16

/** What to serve, and how. Strings are borrowed. */
struct serve_config {
	const char *listen[SERVE_LISTEN_MAX];
	size_t listen_count;
	const char *admin; /* NULL: no admin listener */
	const char *root;
	unsigned workers;
	unsigned queue;
	weir_time grace;          /* 0: none */
	weir_time drain_timeout;  /* 0: none */
	const char *drain_report; /* NULL: no file */
	bool log_json;
	bool log_debug;
	bool debug_routes;
};

/** Serves. Returns the exit code of the process: the outcome of the stop, or EXIT_START
 *  with one line on stderr. Leaves by _exit(4) if a handler never came back. */
int serve(const struct serve_config *config);

#endif
