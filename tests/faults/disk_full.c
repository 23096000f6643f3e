/* faults/disk_full.c: the disk is full (every write says ENOSPC), and is not full any more.
 *
 * An upload is answered 507 and leaves nothing; downloads go on; a log that cannot be
 * written stops nothing; with room again, uploads are stored. The shim says ENOSPC, so
 * this needs no right to mount. (A socket is written to with send(), not with write().)
 */
#include "faults/subject.h"

#include "support/client.h"
#include "support/must.h"
#include "support/reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int status_of(const struct subject *subject, const char *request)
{
	struct client client;
	struct reply reply;

	client_open(&client, subject->url);
	client_send_text(&client, request);
	client_receive(&client, &reply);
	must(reply.complete, "no whole answer to %.20s", request);
	int status = reply.status;
	reply_free(&reply);
	client_close(&client);
	return status;
}

int main(void)
{
	static const char put[] = "PUT /new HTTP/1.1\r\nHost: localhost\r\n"
				  "Content-Length: 4\r\n\r\ntext";
	static const char get[] = "GET /old HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct subject subject;
	int status;

	subject_prepare(&subject);
	scratch_write(&subject.scratch, "root/old", "old", 3);
	must(subject_start(&subject, (const char *const[]){"--log-file", "log", NULL}), "no start");

	fault_control_arm(subject.control, FAULT_CALL_write, 1, UINT64_MAX, ENOSPC);
	status = status_of(&subject, put);
	must(status == 507, "on a full disk PUT was answered %d", status);
	must(subject.control->struck > 0, "the disk was not full");
	must(scratch_count(&subject.scratch, "root") == 1, "something was left behind");
	status = status_of(&subject, get);
	must(status == 200, "on a full disk GET was answered %d", status);

	fault_control_disarm(subject.control);
	status = status_of(&subject, put);
	must(status == 201, "with room again PUT was answered %d", status);
	subject_settle(&subject);
	must(subject_stop(&subject) == 0, "the stop was not clean");
	subject_free(&subject);
	(void)puts("507 while the disk was full, 201 when it was not");
	return 0;
}
