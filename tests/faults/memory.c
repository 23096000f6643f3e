/* faults/memory.c: there is no memory for one piece of an exchange, each piece in turn.
 *
 * In contrast to the sweep (sweep.c) one server serves all cases, and a case is one exchange with a
 * server that is at rest: what is the n-th piece there is no matter of chance. The client gets the
 * answer that is due, another one with 5xx, or the end of the connection; never a wrong one, never
 * one that blames it, and never nothing.
 */
#include "faults/conversation.h"
#include "faults/exchange.h"

#include "support/must.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 400 /* pieces of an exchange */
#define CONFIG_SIZE 2048

static const enum fault_call calls[] = {FAULT_CALL_malloc, FAULT_CALL_calloc, FAULT_CALL_realloc};
enum { CALLS = sizeof calls / sizeof *calls };

static void echo(struct load *load, enum fault_call call, uint64_t nth)
{
	struct ws_client ws;

	must(conversation_begin(load, &ws, load->subject->url, "/echo"), "no handshake");
	must(conversation_echo(&ws, 5), "no echo, with memory");
	fault_control_arm(load->subject->control, call, nth, 1, 0);
	bool heard = conversation_echo(&ws, 5);
	fault_control_disarm(load->subject->control);
	if (heard)
		must(conversation_bye(&ws, 1000), "no goodbye");
	else
		load_missed(load, "echo", 0);
	conversation_end(&ws);
}

static void post(struct load *load, enum fault_call call, uint64_t nth, const char *request,
		 const char *body, const char *due)
{
	struct client client = {.fd = -1};
	struct reply reply;

	fault_control_arm(load->subject->control, call, nth, 1, 0);
	if (exchange_send(load, &client, load->subject->url, request, body, strlen(body), 200, 200,
			  &reply))
		must(strcmp(reply.body, due) == 0, "%s: %s", request, reply.body);
	fault_control_disarm(load->subject->control);
	reply_free(&reply);
	exchange_finish(&client);
}

static void count(struct load *load, enum fault_call call, uint64_t nth)
{
	post(load, call, nth, "POST /count", "seven b", "7\n");
}

static void store(struct load *load, enum fault_call call, uint64_t nth)
{
	post(load, call, nth, "POST /notes", "{\"text\":\"a note of gr\\u00fcn\"}",
	     "{\"rows\":[],\"changed\":1}\n");
}

static const struct {
	bool compiled;
	const char *name, *config, *route;
	void (*exchange)(struct load *load, enum fault_call call, uint64_t nth);
} kinds[] = {
	{WEIR_HAS_WEBSOCKET, "echo", "", "  - {path: /echo, kind: websocket, mode: echo}\n", echo},
	{WEIR_HAS_RUN, "command", "", "  - {path: /count, kind: run, command: [wc, -c]}\n", count},
	{WEIR_HAS_QUERY, "statement",
	 "databases:\n"
	 "  - {name: d, url: notes.db,"
	 " setup: [CREATE TABLE IF NOT EXISTS note (text TEXT NOT NULL)]}\n"
	 "statements:\n"
	 "  - name: add\n"
	 "    database: d\n"
	 "    sql: 'INSERT INTO note (text) VALUES (:text)'\n"
	 "    parameters: [{name: text, in: body, type: text}]\n",
	 "  - {path: /notes, kind: query, method: POST, statement: add}\n", store},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void append(char config[CONFIG_SIZE], const char *text)
{
	size_t used = strlen(config);
	int size = snprintf(config + used, CONFIG_SIZE - used, "%s", text);

	must(size >= 0 && (size_t)size < CONFIG_SIZE - used, "the configuration is too long");
}

static void start(struct subject *subject)
{
	char config[CONFIG_SIZE] = "";

	append(config, "workers: 2\nlisteners: [{address: 127.0.0.1:0}]\n");
	for (int i = 0; i < KINDS; i++)
		append(config, kinds[i].compiled ? kinds[i].config : "");
	append(config, "routes:\n  - {path: '/files/{path...}', kind: files, root: root}\n");
	for (int i = 0; i < KINDS; i++)
		append(config, kinds[i].compiled ? kinds[i].route : "");
	scratch_write(&subject->scratch, "weir.yaml", config, strlen(config));
	must(subject_start_words(subject, (const char *const[]){"--config", "weir.yaml", "--admin",
								subject->admin, "--drain-report",
								"report.json", NULL}),
	     "no start");
}

/* Each piece of one kind. */
static void deny(struct load *load, int kind, enum fault_call call)
{
	struct fault_control *control = load->subject->control;
	uint64_t nth = 0, spoilt = 0;

	do {
		unsigned before = load->failures;
		must(++nth < MOST, "%s: more than %d", kinds[kind].name, MOST);
		load->failed[0] = '\0';
		kinds[kind].exchange(load, call, nth);
		must(control->struck > 0 || load->failures == before, "spoilt by nothing:%s",
		     load->failed);
		spoilt += load->failures - before;
		subject_settle(load->subject);
	} while (control->struck > 0);
	printf("%s: %d of %s, %d exchanges spoilt\n", kinds[kind].name, (int)nth - 1,
	       fault_call_name(call), (int)spoilt);
}

int main(void)
{
	struct subject subject;
	struct load load = {.subject = &subject};

	subject_prepare(&subject);
	/* wslay does not give back what it had just taken when it finds no memory for more. */
	fault_control_spare(&subject.scratch, "leak:libwslay\n");
	start(&subject);
	for (int kind = 0; kind < KINDS; kind++) {
		if (!kinds[kind].compiled)
			continue;
		load.failures = 0;
		kinds[kind].exchange(&load, FAULT_CALL_malloc, MOST); /* what is made once */
		must(load.failures == 0, "spoilt by nothing:%s", load.failed);
		for (int i = 0; i < CALLS; i++)
			deny(&load, kind, calls[i]);
	}
	must(subject_stop(&subject) == 0, "the stop was not clean");
	subject_free(&subject);
	return 0;
}
