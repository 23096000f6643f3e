/* faults/root_removed.c: the directory that is served is removed while it is served.
 *
 * Requests are answered with an error, not with another directory's files, even when one
 * of the same name is put in its place: the server holds the directory, not its name. It
 * goes on, and stops cleanly.
 */
#include "faults/subject.h"

#include "support/client.h"
#include "support/must.h"
#include "support/reply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int status_of(struct client *client, const char *request)
{
	struct reply reply;

	client_send_text(client, request);
	client_receive(client, &reply);
	must(reply.complete && !reply_says_close(&reply), "the connection was not kept");
	int status = reply.status;
	reply_free(&reply);
	return status;
}

int main(void)
{
	static const char get[] = "GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n";
	static const char put[] = "PUT /new HTTP/1.1\r\nHost: localhost\r\n"
				  "Content-Length: 4\r\n\r\ntext";
	struct subject subject;
	struct client client;
	int status;

	subject_prepare(&subject);
	scratch_write(&subject.scratch, "root/file", "old", 3);
	must(subject_start(&subject, NULL), "no start");
	client_open(&client, subject.url);
	must(status_of(&client, get) == 200, "the file is not served");

	must(unlinkat(subject.scratch.fd, "root/file", 0) == 0 &&
		     unlinkat(subject.scratch.fd, "root", AT_REMOVEDIR) == 0,
	     "the root cannot be removed: %s", strerror(errno));
	status = status_of(&client, get);
	must(status == 404, "GET was answered %d", status);
	status = status_of(&client, put);
	must(status >= 400 && status != 503, "PUT was answered %d", status);

	must(mkdirat(subject.scratch.fd, "root", 0755) == 0, "mkdir: %s", strerror(errno));
	scratch_write(&subject.scratch, "root/file", "other", 5);
	status = status_of(&client, get);
	must(status == 404, "from another directory of that name: %d", status);

	client_close(&client);
	subject_settle(&subject);
	must(subject_stop(&subject) == 0, "the stop was not clean");
	subject_free(&subject);
	(void)puts("404 from then on, and a clean stop");
	return 0;
}
