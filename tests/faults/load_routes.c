/* faults/load_routes.c: the server with a configuration file: TLS, and the kinds of routes that
 * stand on other libraries; see load.h.
 *
 * What this build of the server has not is left out, and said. The proxy's upstream is a server
 * of its own, without the shim, for all cases. Each request to a database or to the upstream
 * waits until the one before has given its connection back: else it may take a second one, and a
 * descriptor more would be no leak.
 */
#include "faults/conversation.h"
#include "faults/exchange.h"

#include "support/must.h"
#ifdef WEIR_TEST_TLS
#include "support/tls.h"
#endif

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONFIG_SIZE 4096

static const struct {
	bool compiled;
	const char *name, *listeners, *routes;
} parts[] = {
	{WEIR_HAS_TLS, "TLS",
	 "  - address: https://127.0.0.1:0\n"
	 "tls:\n"
	 "  certificates: [{certificate: site.pem, key: site.key}]\n",
	 ""},
	{WEIR_HAS_RUN, "run", "",
	 "  - {path: /count, kind: run, command: [wc, -c]}\n"
	 "  - {path: /slow, kind: run, method: GET, command: [sleep, '60']}\n"},
	{WEIR_HAS_QUERY, "query",
	 "databases:\n"
	 "  - name: d\n"
	 "    url: notes.db\n"
	 "    setup:\n"
	 "      - CREATE TABLE IF NOT EXISTS note (text TEXT NOT NULL)\n"
	 "statements:\n"
	 "  - {name: all, database: d, sql: SELECT text FROM note}\n"
	 "  - name: add\n"
	 "    database: d\n"
	 "    sql: 'INSERT INTO note (text) VALUES (:text)'\n"
	 "    parameters: [{name: text, in: body, type: text}]\n"
	 "  - name: endless\n"
	 "    database: d\n"
	 "    sql: 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 100) "
	 "SELECT count(*) FROM c a, c b, c d, c e, c f, c g, c h'\n",
	 "  - {path: /notes, kind: query, statement: all}\n"
	 "  - {path: /notes, kind: query, method: POST, statement: add}\n"
	 "  - {path: /endless, kind: query, statement: endless}\n"},
	{WEIR_HAS_PROXY, "proxy", "",
	 "  - {path: '/mirror/{path...}', kind: proxy, upstream: 'UPSTREAM'}\n"},
	{WEIR_HAS_WEBSOCKET, "websocket", "", "  - {path: /echo, kind: websocket, mode: echo}\n"},
};
enum { PARTS = sizeof parts / sizeof *parts };

static struct scratch upstream_scratch;
static struct process upstream;
static char upstream_url[64];

static void make_files(const struct scratch *scratch)
{
	char *data = pattern(BIG_SIZE);

	scratch_write(scratch, "root/file", data, FILE_SIZE);
	scratch_write(scratch, "root/big", data, BIG_SIZE);
	free(data);
}

static void open_upstream(void)
{
	const char *url;

	for (int i = 0; i < PARTS; i++) {
		if (!parts[i].compiled)
			printf("left out: %s, which this build has not\n", parts[i].name);
	}
	if (!WEIR_HAS_PROXY)
		return;
	scratch_make(&upstream_scratch);
	must(mkdirat(upstream_scratch.fd, "root", 0755) == 0, "root: %s", strerror(errno));
	make_files(&upstream_scratch);
	process_start(&upstream, upstream_scratch.path,
		      (const char *const[]){WEIR_BINARY, "serve", "--listen", "127.0.0.1:0",
					    "--root", "root", NULL});
	url = process_await_line(&upstream, "listening url=");
	(void)snprintf(upstream_url, sizeof upstream_url, "%s", url);
	process_await_line(&upstream, "ready ");
}

static void close_upstream(void)
{
	if (!WEIR_HAS_PROXY)
		return;
	process_signal(&upstream, SIGTERM);
	must(process_wait(&upstream) == 0, "the upstream has suffered:\n%s", upstream.text);
	process_free(&upstream);
	scratch_remove(&upstream_scratch);
}

static void append(char *config, const char *text)
{
	static const char mark[] = "UPSTREAM";
	const char *at = strstr(text, mark);
	size_t used = strlen(config);
	int head = at != NULL ? (int)(at - text) : (int)strlen(text);
	int size = snprintf(config + used, CONFIG_SIZE - used, "%.*s%s%s", head, text,
			    at != NULL ? upstream_url : "", at != NULL ? at + strlen(mark) : "");

	must(size >= 0 && (size_t)size < CONFIG_SIZE - used, "the configuration is too long");
}

static void configure(const struct scratch *scratch)
{
	char config[CONFIG_SIZE] = "workers: 8\n"
				   "timeouts: {grace: 100ms, drain_timeout: 5s}\n"
				   "listeners:\n"
				   "  - address: 127.0.0.1:0\n";

	for (int i = 0; i < PARTS; i++)
		append(config, parts[i].compiled ? parts[i].listeners : "");
	append(config, "routes:\n  - {path: '/files/{path...}', kind: files, root: root}\n");
	for (int i = 0; i < PARTS; i++)
		append(config, parts[i].compiled ? parts[i].routes : "");
	scratch_write(scratch, "weir.yaml", config, strlen(config));
}

static bool start(struct subject *subject, struct load *load)
{
	*load = (struct load){.subject = subject};
	make_files(&subject->scratch);
	configure(&subject->scratch);
#ifdef WEIR_TEST_TLS
	tls_make_certificate(&subject->scratch, "site", "localhost", NULL, NULL);
#endif
	return subject_start_words(
		subject, (const char *const[]){"--config", "weir.yaml", "--admin", subject->admin,
					       "--drain-report", "report.json", NULL});
}

/* Of the TLS listener, or of the other if there is none. */
static const char *secure(const struct load *load)
{
	return WEIR_HAS_TLS ? load->subject->tls_url : load->subject->url;
}

static void use_files(struct load *load)
{
	struct client client = {.fd = -1};
	char *data = pattern(UPLOAD_SIZE), request[32];
	struct reply reply;

	exchange_get(load, &client, secure(load), "/files/file", "", 200, 0, FILE_SIZE);
	exchange_get(load, &client, secure(load), "/files/none", "", 404, 0, 0);
	for (unsigned i = 0; i < 2; i++) {
		(void)snprintf(request, sizeof request, "PUT /files/up%u", i);
		load->stored[i] = exchange_send(load, &client, secure(load), request, data,
						UPLOAD_SIZE, 201, 204, &reply);
		reply_free(&reply);
	}
	exchange_finish(&client);
	free(data);
}

static void use_command(struct load *load)
{
	struct client client = {.fd = -1};
	char *data = pattern(UPLOAD_SIZE), due[32];
	struct reply reply;

	(void)snprintf(due, sizeof due, "%zu\n", UPLOAD_SIZE);
	if (exchange_send(load, &client, load->subject->url, "POST /count", data, UPLOAD_SIZE, 200,
			  200, &reply))
		must(strcmp(reply.body, due) == 0, "counted: %s", reply.body);
	reply_free(&reply);
	exchange_finish(&client);
	free(data);
}

static void use_database(struct load *load)
{
	static const char *const notes[] = {"first", "second", "third"};
	enum { COUNT = sizeof notes / sizeof *notes };
	static const char get[] = "GET /notes HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct client client = {.fd = -1};
	bool stored[COUNT];
	struct reply reply;

	for (int i = 0; i < COUNT; i++) {
		char body[64];
		int size = snprintf(body, sizeof body, "{\"text\":\"%s\"}", notes[i]);
		stored[i] = exchange_send(load, &client, load->subject->url, "POST /notes", body,
					  (size_t)size, 200, 200, &reply);
		reply_free(&reply);
		subject_idle(load->subject);
	}
	exchange(&client, load->subject->url, get, NULL, 0, &reply);
	if (reply.status != 200 || !reply.complete)
		load_missed(load, "GET /notes", reply.status);
	for (int i = 0; i < COUNT; i++)
		must(!reply.complete || reply.status != 200 || !stored[i] ||
			     strstr(reply.body, notes[i]) != NULL,
		     "\"%s\" was stored and is not there: %s", notes[i], reply.body);
	reply_free(&reply);
	exchange_finish(&client);
}

static void use_proxy(struct load *load)
{
	struct client client = {.fd = -1};
	char *data = pattern(UPLOAD_SIZE);
	struct reply reply;

	exchange_get(load, &client, load->subject->url, "/mirror/file", "", 200, 0, FILE_SIZE);
	subject_idle(load->subject);
	(void)exchange_send(load, &client, load->subject->url, "PUT /mirror/up", data, UPLOAD_SIZE,
			    201, 204, &reply);
	reply_free(&reply);
	subject_idle(load->subject);
	exchange_get(load, &client, secure(load), "/mirror/file", "Range: bytes=100-299\r\n", 206,
		     100, 200);
	exchange_finish(&client);
	free(data);
}

static void use_websocket(struct load *load, const char *url)
{
	struct ws_client ws;

	if (!conversation_begin(load, &ws, url, "/echo"))
		return;
	if (!conversation_echo(&ws, 5) || !conversation_echo(&ws, 20000) ||
	    !conversation_bye(&ws, 1000))
		load_missed(load, "conversation", 0);
	conversation_end(&ws);
}

/* A client that goes in the middle: of an answer, of a wait. */
static void go(const struct load *load, const char *url, const char *target)
{
	struct client client;
	char head[128];

	if (client_try_open(&client, url) != 0)
		return;
	int size =
		snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target);
	if (client_send_up_to(&client, head, (size_t)size) == (size_t)size &&
	    strstr(target, "/big") != NULL)
		(void)client_fill(&client);
	client_reset(&client);
	subject_settle(load->subject);
}

/* Who goes comes first: whether the connection that served it is kept is a matter of chance, and
 * the last one always is. */
static void run(struct load *load)
{
	const char *url = load->subject->url;

	use_files(load);
	go(load, secure(load), "/files/big");
	if (WEIR_HAS_RUN) {
		go(load, url, "/slow");
		use_command(load);
	}
	if (WEIR_HAS_QUERY) {
		go(load, url, "/endless");
		use_database(load);
	}
	if (WEIR_HAS_PROXY) {
		go(load, url, "/mirror/big");
		use_proxy(load);
	}
	/* Not over TLS: libmicrohttpd's pump loses a piece when it has no memory, and tells neither
	 * side (docs/limits.md). */
	if (WEIR_HAS_WEBSOCKET)
		use_websocket(load, url);
}

static int stop(struct load *load, struct subject *subject)
{
	const struct {
		bool compiled;
		const char *request;
	} begun[] = {
		{true, "PUT /files/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000\r\n"
		       "\r\nab"},
		{WEIR_HAS_RUN, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{WEIR_HAS_QUERY, "GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{WEIR_HAS_PROXY, "PUT /mirror/half HTTP/1.1\r\nHost: localhost\r\n"
				 "Content-Length: 50000\r\n\r\nab"},
	};
	enum { COUNT = sizeof begun / sizeof *begun };
	struct client clients[COUNT];
	struct ws_client ws = {.client.fd = -1};
	struct reply reply;

	for (int i = 0; i < COUNT; i++) {
		clients[i].fd = -1;
		if (!begun[i].compiled || client_try_open(&clients[i], secure(load)) != 0)
			continue;
		(void)client_send_up_to(&clients[i], begun[i].request, strlen(begun[i].request));
	}
	if (WEIR_HAS_WEBSOCKET && conversation_begin(load, &ws, load->subject->url, "/echo") &&
	    !conversation_echo(&ws, 5))
		conversation_end(&ws);
	load_sigterm(load, subject);
	if (ws.client.fd >= 0 && ws_receive(&ws))
		(void)conversation_bye(&ws, 1001);
	conversation_end(&ws);
	for (int i = 0; i < COUNT; i++) {
		if (clients[i].fd < 0)
			continue;
		client_receive(&clients[i], &reply);
		must(reply.status == 0 || reply.status >= 500 || !reply.complete,
		     "%.20s was answered %d", begun[i].request, reply.status);
		reply_free(&reply);
		client_close(&clients[i]);
	}
	return subject_wait(subject);
}

const struct load_kind load_routes = {
	.name = "routes",
	.open = open_upstream,
	.close = close_upstream,
	.start = start,
	.run = run,
	.stop = stop,
};
