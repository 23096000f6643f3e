/* cli_serve_options.c: the options of `weir serve` and what --help says of them. */
#include "cli_serve_options.h"

const struct argp_option cli_serve_options[] = {
	{"config", KEY_CONFIG, "FILE", 0,
	 "Take listeners, limits and routes from FILE, in YAML (see weir.yaml(5)); the options "
	 "here "
	 "win over it",
	 1},
	{"listen", KEY_LISTEN, "ADDRESS", 0,
	 "Serve at HOST:PORT or unix:PATH; may be given several times; port 0 takes a free one "
	 "(default 127.0.0.1:8080); https://HOST:PORT is for clients that speak TLS",
	 1},
	{"tls-cert", KEY_TLS_CERT, "FILE", 0,
	 "Show the certificate in FILE, in PEM, with those that sign it behind it; may be given "
	 "several times: the first is for clients that ask for none of these names; a reload reads "
	 "it anew",
	 1},
	{"tls-key", KEY_TLS_KEY, "FILE", 0,
	 "The key of a certificate; as many as --tls-cert, in the same order", 1},
	{"tls-client-ca", KEY_TLS_CLIENT_CA, "FILE", 0,
	 "Ask clients for a certificate that is signed by one in FILE", 1},
	{"tls-clients", KEY_TLS_CLIENTS, "none|optional|required", 0,
	 "Whether a client must have one (default none; with --tls-client-ca: required)", 1},
	{"hsts", KEY_HSTS, "DUR", 0,
	 "Tell clients in answers over TLS to come by TLS only, for DUR (default 0: do not)", 1},
	{"root", KEY_ROOT, "DIR", 0,
	 "Serve and store the files under DIR (default ./data; with --config: only if given)", 1},
	{"admin", KEY_ADMIN, "ADDRESS", 0,
	 "Serve /metrics, /status and POST /shutdown at HOST:PORT or unix:PATH, until the end of "
	 "a stop (default: nowhere)",
	 1},
	{"admin-token-file", KEY_ADMIN_TOKEN_FILE, "FILE", 0,
	 "Ask for the bearer token in FILE on an admin listener at HOST:PORT, which there is not "
	 "without one",
	 1},
	{"workers", KEY_WORKERS, "N[..MAX]", 0,
	 "Handle N requests at a time, 1 to 4096 (default 64); more, up to MAX, while requests "
	 "wait and those N are blocked",
	 2},
	{"queue", KEY_QUEUE, "N", 0,
	 "Let N requests wait for a worker, 1 to 1000000 (default 1024); further ones are answered "
	 "503",
	 2},
	{"queue-age", KEY_QUEUE_AGE, "DUR", 0,
	 "Answer 503 to a request that has waited for a worker for DUR (default 30s; 0: never)", 2},
	{"queue-target", KEY_QUEUE_TARGET, "DUR", 0,
	 "Count as overloaded while every request waits for a worker for longer than DUR: the "
	 "newest go first then, and what has waited for over twice as long is answered 503 "
	 "(default 5ms; 0: never)",
	 2},
	{"queue-interval", KEY_QUEUE_INTERVAL, "DUR", 0,
	 "Look at the waits of DUR at a time to tell an overload from a burst (default 100ms)", 2},
	{"max-connections", KEY_MAX_CONNECTIONS, "N", 0,
	 "Let N connections be open; further ones wait (default: what descriptors are enough for)",
	 2},
	{"max-requests", KEY_MAX_REQUESTS, "N", 0,
	 "Let N requests be in flight; further ones are answered 503 (default: no limit)", 2},
	{"client-connections", KEY_CLIENT_CONNECTIONS, "N", 0,
	 "Let one client, an IPv4 address or an IPv6 /64, have N connections; further ones are "
	 "closed (default: no limit)",
	 2},
	{"client-requests", KEY_CLIENT_REQUESTS, "N", 0,
	 "Let one client have N requests in flight; further ones are answered 429 (default: no "
	 "limit)",
	 2},
	{"trusted-proxies", KEY_TRUSTED_PROXIES, "LIST", 0,
	 "Addresses and prefixes, with commas between them, whose connections are not limited", 2},
	{"client-header", KEY_CLIENT_HEADER, "NAME", 0,
	 "The field in which trusted proxies name their clients: Forwarded, X-Forwarded-For, ... "
	 "(default: none is believed)",
	 2},
	{"lame-duck", KEY_LAME_DUCK, "DUR", 0,
	 "When stopping, go on for DUR before anything is closed, while /readyz says 503 and every "
	 "answer says Connection: close (default 0)",
	 3},
	{"grace", KEY_GRACE, "DUR", 0,
	 "When stopping, leave requests undisturbed for DUR, then cancel them (default 20s; 0: "
	 "cancel at once)",
	 3},
	{"drain-timeout", KEY_DRAIN_TIMEOUT, "DUR", 0,
	 "When stopping, cut what is left after DUR in all (default 25s; 0: at once)", 3},
	{"drain-report", KEY_DRAIN_REPORT, "FILE", 0,
	 "When stopped, write the drain report to FILE as JSON", 3},
	{"pid-file", KEY_PID_FILE, "FILE", 0,
	 "Keep the number of the process that serves in FILE; an upgrade puts the new one there",
	 4},
	{"user", KEY_USER, "USER", 0,
	 "Once the sockets are bound and the log is open, give up root and be USER, a name or a "
	 "number",
	 4},
	{"group", KEY_GROUP, "GROUP", 0, "With --user: and GROUP (default: that of the user)", 4},
	{"upgrade-timeout", KEY_UPGRADE_TIMEOUT, "DUR", 0,
	 "When upgrading, give the new process DUR to be ready, or serve on (default 30s)", 4},
	{"log-file", KEY_LOG_FILE, "FILE", 0,
	 "Append the log to FILE, not to stderr; a reload opens it anew", 4},
	{"log-format", KEY_LOG_FORMAT, "text|json", 0, "Form of the log (default text)", 4},
	{"debug-routes", KEY_DEBUG_ROUTES, NULL, 0,
	 "Serve /debug/sleep, work, stuck, stream and echo, to rehearse a stop", 4},
	{"verbose", 'v', NULL, 0, "Log debugging detail too", 4},
	{"help", 'h', NULL, 0, "Show this help", 5},
	{0},
};
