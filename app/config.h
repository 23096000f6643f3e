/* config.h: the configuration file of `weir serve --config` and `weir check`.
 *
 * One struct for each mapping of the file, filled by libcyaml through the schema in
 * config_schema.c. Members that end in `_text` are as they stand in the file; beside them is
 * what config_values.c made of them. A loaded configuration is never changed again.
 *
 * A mistake is one line: `FILE:LINE: routes[2].deadline: what is wrong: expected what`.
 * Relative paths are relative to the working directory, as on the command line.
 */
#ifndef WEIR_APP_CONFIG_H
#define WEIR_APP_CONFIG_H

#include "complain.h"
#include "handlers/query_value.h"
#include "serve_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/server.h>

#define CONFIG_LISTENERS_MAX 17
#define CONFIG_ROUTES_MAX 256
#define CONFIG_DATABASES_MAX 16
#define CONFIG_STATEMENTS_MAX 256
#define CONFIG_PARAMETERS_MAX 64
#define CONFIG_WORDS_MAX 64

/** Longest place ("statements[3].parameters[1].default") in a message. */
#define CONFIG_PLACE_SIZE 160

/** The kinds of routes: X(name, key). */
#define CONFIG_KINDS(X)                                                                            \
	X(FILES, "files")                                                                          \
	X(EVENTS, "events")                                                                        \
	X(RUN, "run")                                                                              \
	X(QUERY, "query")                                                                          \
	X(PROXY, "proxy")                                                                          \
	X(WEBSOCKET, "websocket")

enum config_kind {
#define CONFIG_KIND_ENUM(name, key) CONFIG_##name,
	CONFIG_KINDS(CONFIG_KIND_ENUM)
#undef CONFIG_KIND_ENUM
		CONFIG_KIND_COUNT
};

struct config_listener {
	char *address;
	bool admin;
	char *token_file; /* of the admin listener; NULL: none */
};

struct config_timeouts {
	char *lame_duck_text, *grace_text, *drain_timeout_text, *header_text, *body_text,
		*keepalive_text, *write_text;
	/* -1: not in the file; lame_duck, grace and drain_timeout may be 0, which means none. */
	weir_time lame_duck, grace, drain_timeout, header, body, keepalive, write;
	char *first_byte_text;
	weir_time first_byte; /* likewise */
};

struct config_limits {
	char *connections_text, *requests_text, *client_connections_text, *client_requests_text,
		*body_rate_text, *write_rate_text;
	char *trusted_proxies, *client_header;
	struct limits values; /* strings are those above */
};

struct config_certificate {
	char *certificate, *key;
};

enum config_tls_clients {
	CONFIG_TLS_CLIENTS_UNSET,
	CONFIG_TLS_CLIENTS_NONE,
	CONFIG_TLS_CLIENTS_OPTIONAL,
	CONFIG_TLS_CLIENTS_REQUIRED
};

struct config_tls {
	struct config_certificate *certificates;
	unsigned certificates_count;
	char *client_ca;
	enum config_tls_clients clients;
	char *hsts_text;
	weir_time hsts; /* -1: not in the file */
};

enum config_log_format { CONFIG_LOG_UNSET, CONFIG_LOG_TEXT, CONFIG_LOG_JSON };

struct config_log {
	enum config_log_format format;
	bool verbose;
	char *file;
};

struct config_database {
	char *name;
	char *url; /* a path for SQLite, postgresql://... */
	char *connections_text;
	unsigned connections;
	bool create; /* make the directory of a SQLite file */
	char **setup;
	unsigned setup_count;
};

struct config_statement {
	char *name;
	char *database;
	char *sql;
	struct query_parameter *parameters;
	unsigned parameters_count;
	const struct config_database *in; /* found by its name */
};

enum config_cancel_at { CONFIG_CANCEL_UNSET, CONFIG_CANCEL_SHUTDOWN, CONFIG_CANCEL_DRAIN };

enum config_priority {
	CONFIG_PRIORITY_UNSET,
	CONFIG_PRIORITY_FIRST,
	CONFIG_PRIORITY_HIGH,
	CONFIG_PRIORITY_NORMAL,
	CONFIG_PRIORITY_LOW
};

enum config_ws_mode { CONFIG_WS_UNSET, CONFIG_WS_ECHO, CONFIG_WS_ROOM };

/** One route: what all kinds have, then what each kind has for itself. */
struct config_route {
	char *path;
	char *method; /* NULL: what the kind usually has */
	enum config_kind kind;
	char *deadline_text, *body_limit_text;
	weir_time deadline;  /* 0: none */
	uint64_t body_limit; /* 0: the default */
	enum config_cancel_at cancel_at;
	enum config_priority priority;
	char *queue_text, *queue_age_text;
	unsigned queue;      /* 0: none of its own */
	weir_time queue_age; /* 0: likewise */

	char *root; /* files */
	bool create, read_only;

	char *every_text, *retry_text; /* events */
	weir_time every, retry;        /* 0: not in the file */

	char **command; /* run */
	unsigned command_count;
	char *content_type, *directory;

	char *statement; /* query */
	const struct config_statement *runs;

	char *upstream; /* proxy */
	bool preserve_host;

	enum config_ws_mode mode; /* websocket */
	char **origins;           /* none: pages of this server only */
	unsigned origins_count;
};

struct config_document; /* where in the file everything stands; config_document.c */

struct config {
	struct config_listener *listeners;
	unsigned listeners_count;
	struct config_tls tls;
	char *workers_text, *queue_text;
	char *queue_age_text, *queue_target_text, *queue_interval_text;
	weir_time queue_age, queue_target, queue_interval; /* -1: not in the file */
	unsigned workers, workers_max, queue;              /* 0: not in the file */
	struct config_timeouts timeouts;
	struct config_limits limits;
	char *deadline_header;
	struct config_log log;
	char *drain_report;
	char *user, *group;
	struct config_database *databases;
	unsigned databases_count;
	struct config_statement *statements;
	unsigned statements_count;
	struct config_route *routes;
	unsigned routes_count;

	struct config_document *document;
};

/** Loads and checks `file`, without looking at anything it names. Returns 0; or -EINVAL, or
 *  -ENOMEM, with the line to print in `error`. config_free() what it gives. */
int config_load(const char *file, struct config **out, char error[COMPLAIN_SIZE]);

/** NULL is ignored. */
void config_free(struct config *config);

/** Writes the line of a mistake at `place` ("routes[2].root"; "" is the whole file) into
 *  `error`. Returns -EINVAL. */
int config_fail(const struct config *config, char error[COMPLAIN_SIZE], const char *place,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/** "files", "events", ...; a literal. */
const char *config_kind_name(enum config_kind kind);

#endif
