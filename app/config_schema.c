/* config_schema.c: see config_schema.h. Numbers and durations are texts here: config_values.c
 * reads them by the rules of the command line. */
#include "config_schema.h"
#include "config.h"

#include <weir/tls.h>

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT_MAX 4096
#define SQL_MAX 65536

/* A text that has to be there, and one that does not. */
#define TEXT(key, structure, member)                                                               \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, structure, member, 1, TEXT_MAX)
#define TEXT_OPTIONAL(key, structure, member)                                                      \
	CYAML_FIELD_STRING_PTR(key, OPTIONAL, structure, member, 1, TEXT_MAX)
#define BOOLEAN(key, structure, member)                                                            \
	CYAML_FIELD_BOOL(key, CYAML_FLAG_OPTIONAL, structure, member)
#define WORD(key, flags, structure, member, words)                                                 \
	CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT | (flags), structure, member, words,               \
			 sizeof(words) / sizeof((words)[0]))

static const cyaml_schema_value_t word = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, TEXT_MAX)};
static const cyaml_schema_value_t sql = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, SQL_MAX)};

static const cyaml_schema_field_t listener_fields[] = {
	TEXT("address", struct config_listener, address),
	BOOLEAN("admin", struct config_listener, admin),
	TEXT_OPTIONAL("token_file", struct config_listener, token_file),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t listener = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_listener, listener_fields)};

static const cyaml_schema_field_t certificate_fields[] = {
	TEXT("certificate", struct config_certificate, certificate),
	TEXT("key", struct config_certificate, key),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t certificate = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_certificate, certificate_fields)};
static const cyaml_strval_t tls_clients[] = {
	{"none", CONFIG_TLS_CLIENTS_NONE},
	{"optional", CONFIG_TLS_CLIENTS_OPTIONAL},
	{"required", CONFIG_TLS_CLIENTS_REQUIRED},
};
static const cyaml_schema_field_t tls_fields[] = {
	CYAML_FIELD_SEQUENCE("certificates", CYAML_FLAG_POINTER, struct config_tls, certificates,
			     &certificate, 1, WEIR_TLS_PAIRS_MAX),
	TEXT_OPTIONAL("client_ca", struct config_tls, client_ca),
	WORD("clients", CYAML_FLAG_OPTIONAL, struct config_tls, clients, tls_clients),
	TEXT_OPTIONAL("hsts", struct config_tls, hsts_text),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t timeouts_fields[] = {
	TEXT_OPTIONAL("lame_duck", struct config_timeouts, lame_duck_text),
	TEXT_OPTIONAL("grace", struct config_timeouts, grace_text),
	TEXT_OPTIONAL("drain_timeout", struct config_timeouts, drain_timeout_text),
	TEXT_OPTIONAL("first_byte", struct config_timeouts, first_byte_text),
	TEXT_OPTIONAL("header", struct config_timeouts, header_text),
	TEXT_OPTIONAL("body", struct config_timeouts, body_text),
	TEXT_OPTIONAL("keepalive", struct config_timeouts, keepalive_text),
	TEXT_OPTIONAL("write", struct config_timeouts, write_text),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t limits_fields[] = {
	TEXT_OPTIONAL("connections", struct config_limits, connections_text),
	TEXT_OPTIONAL("requests", struct config_limits, requests_text),
	TEXT_OPTIONAL("client_connections", struct config_limits, client_connections_text),
	TEXT_OPTIONAL("client_requests", struct config_limits, client_requests_text),
	TEXT_OPTIONAL("body_rate", struct config_limits, body_rate_text),
	TEXT_OPTIONAL("write_rate", struct config_limits, write_rate_text),
	TEXT_OPTIONAL("trusted_proxies", struct config_limits, trusted_proxies),
	TEXT_OPTIONAL("client_header", struct config_limits, client_header),
	CYAML_FIELD_END,
};

static const cyaml_strval_t log_formats[] = {
	{"text", CONFIG_LOG_TEXT},
	{"json", CONFIG_LOG_JSON},
};
static const cyaml_schema_field_t log_fields[] = {
	WORD("format", CYAML_FLAG_OPTIONAL, struct config_log, format, log_formats),
	BOOLEAN("verbose", struct config_log, verbose),
	TEXT_OPTIONAL("file", struct config_log, file),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t database_fields[] = {
	TEXT("name", struct config_database, name),
	TEXT("url", struct config_database, url),
	TEXT_OPTIONAL("connections", struct config_database, connections_text),
	BOOLEAN("create", struct config_database, create),
	CYAML_FIELD_SEQUENCE("setup", OPTIONAL, struct config_database, setup, &sql, 0,
			     CONFIG_WORDS_MAX),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t database = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_database, database_fields)};

static const cyaml_strval_t sources[] = {
	{"path", QUERY_FROM_PATH},
	{"query", QUERY_FROM_QUERY},
	{"body", QUERY_FROM_BODY},
};
static const cyaml_strval_t types[] = {
	{"integer", QUERY_INTEGER},
	{"real", QUERY_REAL},
	{"text", QUERY_TEXT},
	{"boolean", QUERY_BOOLEAN},
};
static const cyaml_schema_field_t parameter_fields[] = {
	TEXT("name", struct query_parameter, name),
	WORD("in", CYAML_FLAG_DEFAULT, struct query_parameter, in, sources),
	WORD("type", CYAML_FLAG_DEFAULT, struct query_parameter, type, types),
	BOOLEAN("optional", struct query_parameter, optional),
	CYAML_FIELD_STRING_PTR("default", OPTIONAL, struct query_parameter, fallback, 0, TEXT_MAX),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t parameter = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct query_parameter, parameter_fields)};

static const cyaml_schema_field_t statement_fields[] = {
	TEXT("name", struct config_statement, name),
	TEXT("database", struct config_statement, database),
	CYAML_FIELD_STRING_PTR("sql", CYAML_FLAG_POINTER, struct config_statement, sql, 1, SQL_MAX),
	CYAML_FIELD_SEQUENCE("parameters", OPTIONAL, struct config_statement, parameters,
			     &parameter, 0, CONFIG_PARAMETERS_MAX),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t statement = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_statement, statement_fields)};

static const cyaml_strval_t kinds[] = {
#define KIND_WORD(name, key) {key, CONFIG_##name},
	CONFIG_KINDS(KIND_WORD)
#undef KIND_WORD
};
static const cyaml_strval_t cancel_ats[] = {
	{"shutdown", CONFIG_CANCEL_SHUTDOWN},
	{"drain", CONFIG_CANCEL_DRAIN},
};
static const cyaml_strval_t priorities[] = {
	{"first", CONFIG_PRIORITY_FIRST},
	{"high", CONFIG_PRIORITY_HIGH},
	{"normal", CONFIG_PRIORITY_NORMAL},
	{"low", CONFIG_PRIORITY_LOW},
};
static const cyaml_strval_t ws_modes[] = {
	{"echo", CONFIG_WS_ECHO},
	{"room", CONFIG_WS_ROOM},
};
static const cyaml_schema_field_t route_fields[] = {
	TEXT("path", struct config_route, path),
	TEXT_OPTIONAL("method", struct config_route, method),
	WORD("kind", CYAML_FLAG_DEFAULT, struct config_route, kind, kinds),
	TEXT_OPTIONAL("deadline", struct config_route, deadline_text),
	TEXT_OPTIONAL("body_limit", struct config_route, body_limit_text),
	WORD("cancel_at", CYAML_FLAG_OPTIONAL, struct config_route, cancel_at, cancel_ats),
	WORD("priority", CYAML_FLAG_OPTIONAL, struct config_route, priority, priorities),
	TEXT_OPTIONAL("queue", struct config_route, queue_text),
	TEXT_OPTIONAL("queue_age", struct config_route, queue_age_text),
	TEXT_OPTIONAL("root", struct config_route, root),
	BOOLEAN("create", struct config_route, create),
	BOOLEAN("read_only", struct config_route, read_only),
	TEXT_OPTIONAL("every", struct config_route, every_text),
	TEXT_OPTIONAL("retry", struct config_route, retry_text),
	CYAML_FIELD_SEQUENCE("command", OPTIONAL, struct config_route, command, &word, 1,
			     CONFIG_WORDS_MAX),
	TEXT_OPTIONAL("content_type", struct config_route, content_type),
	TEXT_OPTIONAL("directory", struct config_route, directory),
	TEXT_OPTIONAL("statement", struct config_route, statement),
	TEXT_OPTIONAL("upstream", struct config_route, upstream),
	BOOLEAN("preserve_host", struct config_route, preserve_host),
	WORD("mode", CYAML_FLAG_OPTIONAL, struct config_route, mode, ws_modes),
	CYAML_FIELD_SEQUENCE("origins", OPTIONAL, struct config_route, origins, &word, 1,
			     CONFIG_WORDS_MAX),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t route = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_route, route_fields)};

static const cyaml_schema_field_t config_fields[] = {
	CYAML_FIELD_SEQUENCE("listeners", OPTIONAL, struct config, listeners, &listener, 1,
			     CONFIG_LISTENERS_MAX),
	CYAML_FIELD_MAPPING("tls", CYAML_FLAG_OPTIONAL, struct config, tls, tls_fields),
	TEXT_OPTIONAL("workers", struct config, workers_text),
	TEXT_OPTIONAL("queue", struct config, queue_text),
	TEXT_OPTIONAL("queue_age", struct config, queue_age_text),
	TEXT_OPTIONAL("queue_target", struct config, queue_target_text),
	TEXT_OPTIONAL("queue_interval", struct config, queue_interval_text),
	CYAML_FIELD_MAPPING("timeouts", CYAML_FLAG_OPTIONAL, struct config, timeouts,
			    timeouts_fields),
	CYAML_FIELD_MAPPING("limits", CYAML_FLAG_OPTIONAL, struct config, limits, limits_fields),
	TEXT_OPTIONAL("deadline_header", struct config, deadline_header),
	CYAML_FIELD_MAPPING("log", CYAML_FLAG_OPTIONAL, struct config, log, log_fields),
	TEXT_OPTIONAL("drain_report", struct config, drain_report),
	TEXT_OPTIONAL("user", struct config, user),
	TEXT_OPTIONAL("group", struct config, group),
	CYAML_FIELD_SEQUENCE("databases", OPTIONAL, struct config, databases, &database, 1,
			     CONFIG_DATABASES_MAX),
	CYAML_FIELD_SEQUENCE("statements", OPTIONAL, struct config, statements, &statement, 1,
			     CONFIG_STATEMENTS_MAX),
	CYAML_FIELD_SEQUENCE("routes", OPTIONAL, struct config, routes, &route, 1,
			     CONFIG_ROUTES_MAX),
	CYAML_FIELD_END,
};
const cyaml_schema_value_t config_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config, config_fields)};
