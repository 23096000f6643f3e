/* faults/command_input.c: the input of a command cannot be written to it.
 *
 * It is not left to take a part of the input for the whole, and to answer with what it makes of
 * that: the request fails, and the command is ended.
 */
#include "faults/subject.h"

#include "support/client.h"
#include "support/must.h"
#include "support/reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int count_of(const struct subject *subject, char out[16])
{
	struct client client;
	struct reply reply;

	client_open(&client, subject->url);
	client_send_text(&client, "POST /count HTTP/1.1\r\nHost: localhost\r\n"
				  "Content-Length: 7\r\n\r\nseven b");
	client_receive(&client, &reply);
	int status = reply.status;
	(void)snprintf(out, 16, "%s", reply.body);
	reply_free(&reply);
	client_close(&client);
	return status;
}

int main(void)
{
	static const char config[] = "listeners: [{address: 127.0.0.1:0}]\n"
				     "routes: [{path: /count, kind: run, command: [wc, -c]}]\n";
	struct subject subject;
	char text[16];
	int status;

	subject_prepare(&subject);
	scratch_write(&subject.scratch, "weir.yaml", config, strlen(config));
	must(subject_start_words(&subject, (const char *const[]){"--config", "weir.yaml", "--admin",
								 subject.admin, "--drain-report",
								 "report.json", NULL}),
	     "no start");
	fault_control_arm(subject.control, FAULT_CALL_write, 1, UINT64_MAX, EIO);
	status = count_of(&subject, text);
	must(status >= 500, "without its input it was answered %d: %s", status, text);
	must(subject.control->struck > 0, "nothing has failed");
	fault_control_disarm(subject.control);
	status = count_of(&subject, text);
	must(status == 200 && strcmp(text, "7\n") == 0, "answered %d: %s", status, text);
	subject_settle(&subject);
	must(subject_children(&subject) == 0, "a command is still there");
	must(subject_stop(&subject) == 0, "the stop was not clean");
	subject_free(&subject);
	printf("no answer from half an input\n");
	return 0;
}
