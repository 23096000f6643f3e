/* serve.h: the command `weir serve`: serve until somebody asks for a stop. */
#ifndef WEIR_APP_SERVE_H
#define WEIR_APP_SERVE_H

#include <stdbool.h>
#include <stddef.h>

#include "serve_limits.h"

#include <weir/time.h>
#include <weir/tls.h>

/** Most listeners that may be asked for, the admin listener not counted. */
#define SERVE_LISTEN_MAX 16
#define SERVE_WORKERS_MAX 4096
#define SERVE_TLS_MAX WEIR_TLS_PAIRS_MAX
#define SERVE_QUEUE_MAX 1000000

/** What the command line has set by itself: there it wins over a configuration file. */
enum serve_given {
	SERVE_GIVEN_ROOT = 1,
	SERVE_GIVEN_WORKERS = 2,
	SERVE_GIVEN_QUEUE = 4,
	SERVE_GIVEN_GRACE = 8,
	SERVE_GIVEN_DRAIN_TIMEOUT = 16,
	SERVE_GIVEN_LOG_FORMAT = 32,
	SERVE_GIVEN_LAME_DUCK = 64,
	SERVE_GIVEN_HSTS = 128,
	SERVE_GIVEN_QUEUE_AGE = 1 << 16,
	SERVE_GIVEN_QUEUE_TARGET = 1 << 17,
	SERVE_GIVEN_QUEUE_INTERVAL = 1 << 18
};

/** What to serve, and how. Strings are borrowed. */
struct serve_config {
	const char *file; /* the configuration file; NULL: none */
	unsigned given;   /* of enum serve_given */
	const char *listen[SERVE_LISTEN_MAX];
	size_t listen_count;
	const char *admin;            /* NULL: no admin listener */
	const char *admin_token_file; /* NULL: none; a Unix socket needs none */
	const char *tls_certs[SERVE_TLS_MAX],
		*tls_keys[SERVE_TLS_MAX]; /* the n-th of each: a pair */
	size_t tls_cert_count, tls_key_count;
	const char *tls_client_ca; /* NULL: none */
	enum weir_tls_clients tls_clients;
	bool tls_clients_given;        /* else: required if there is a client_ca */
	weir_time hsts;                /* 0: not said */
	const char *root;              /* NULL: only the routes of the configuration file */
	unsigned workers, workers_max; /* at least; up to */
	unsigned queue;
	weir_time queue_age, queue_target;        /* 0: none */
	weir_time queue_interval;                 /* above 0 */
	weir_time lame_duck;                      /* 0: none */
	weir_time grace;                          /* 0: none */
	weir_time drain_timeout;                  /* 0: none */
	weir_time header, body, keepalive, write; /* timeouts; 0: the library's default */
	weir_time first_byte;                     /* likewise */
	struct limits limits;
	const char *deadline_header; /* NULL: none */
	const char *drain_report;    /* NULL: no file */
	const char *log_file;        /* NULL: stderr */
	bool log_json;
	bool log_debug;
	const char *pid_file;      /* NULL: none */
	const char *user, *group;  /* who to be once the sockets are bound; NULL: as started */
	weir_time upgrade_timeout; /* 0: the library's default */
	const char *const *argv;   /* of the process, for an upgrade; ends with NULL */
	bool debug_routes;
};

/** Serves; loads the configuration file first. Returns the exit code of the process: the outcome of
 * the stop, or EXIT_START with one line on stderr. Leaves by _exit(4) if a handler never came back.
 */
int serve(const struct serve_config *config);

/** The command `weir check`: looks at a configuration file and at what it names, changes
 *  nothing, and says on stdout that all is well. Returns EXIT_SUCCESS, or EXIT_START with one
 *  line on stderr. */
int check(const char *file);

#endif
