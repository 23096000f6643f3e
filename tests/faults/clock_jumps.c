/* faults/clock_jumps.c: the wall clock jumps by years, forwards and backwards.
 *
 * Every deadline stands on CLOCK_MONOTONIC, so a sleep ends when it is due, a connection
 * is kept, and the drain's grace is as long as it was told to be. The Date header follows
 * the wall clock (RFC 9110, 6.6.1); If-Modified-Since is compared with the file's time
 * alone (13.1.3), whatever the clock says.
 */
#include "faults/subject.h"

#include "support/client.h"
#include "support/must.h"
#include "support/reply.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define YEAR INT64_C(31556952)
#define GRACE "2s" /* in which a stream has to hear of it, on however busy a machine */
#define GRACE_TIME (2 * WEIR_SECOND)

/* The answer's Date, in seconds; the status is due. */
static int64_t date_of(struct client *client, const char *target, const char *fields, int status)
{
	struct reply reply;
	struct tm date = {0};

	client_printf(client, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", target, fields);
	client_receive(client, &reply);
	must(reply.status == status && reply.complete, "%s: %d", target, reply.status);
	must(!reply_says_close(&reply), "the jump has closed the connection");
	const char *text = reply_header(&reply, "Date");
	must(text != NULL && strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &date) != NULL,
	     "not a Date: %s", text != NULL ? text : "none");
	reply_free(&reply);
	return timegm(&date);
}

static void jump(struct subject *subject, struct client *client, int64_t seconds)
{
	weir_time begun = weir_now();
	int64_t date, due = time(NULL) + seconds;

	atomic_store(&subject->control->realtime_offset_ns, seconds * 1000000000);
	(void)date_of(client, "/debug/sleep?ms=20", "", 200);
	must(weir_now() - begun >= 20 * WEIR_MILLISECOND, "the sleep was cut short");
	date = date_of(client, "/file", "", 200);
	must(date >= due - 1 && date <= due + MUST_PATIENCE / WEIR_SECOND,
	     "Date is %" PRId64 " s from the wall clock", date - due);
	(void)date_of(client, "/file", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n", 304);
	(void)date_of(client, "/file", "If-Modified-Since: Thu, 01 Jan 1998 00:00:00 GMT\r\n", 200);
}

int main(void)
{
	static const int64_t jumps[] = {10 * YEAR, -20 * YEAR, 60 * YEAR, 0};
	struct subject subject;
	struct client client, slow;
	struct reply reply;

	subject_prepare(&subject);
	scratch_write(&subject.scratch, "root/file", "text", 4);
	must(subject_start(&subject, (const char *const[]){"--debug-routes", "--grace", GRACE,
							   "--drain-timeout", "20s", NULL}),
	     "no start");
	client_open(&client, subject.url);
	for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++)
		jump(&subject, &client, jumps[i]);
	client_close(&client);
	subject_settle(&subject);

	/* In the middle of the grace, beyond everything that it could wait for. */
	client_open(&slow, subject.url);
	client_send_text(&slow,
			 "GET /debug/stream?ms=60000&every=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
	(void)client_fill(&slow);
	client_open(&client, subject.url);
	client_send_text(&client, "GET /debug/sleep?ms=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
	weir_time begun = weir_now();
	process_signal(&subject.process, SIGTERM);
	client_await_text(&slow, "stopping"); /* the drain token has tripped: grace */
	atomic_store(&subject.control->realtime_offset_ns, 30 * YEAR * 1000000000);
	client_receive(&client, &reply);
	must(weir_now() - begun >= GRACE_TIME, "the jump has cut the grace short");
	must(reply.status == 503, "%d", reply.status);
	reply_free(&reply);
	client_close(&client);
	client_close(&slow);
	must(subject_wait(&subject) == 0, "the stop was not clean");
	subject_free(&subject);
	(void)puts("deadlines kept, dates followed");
	return 0;
}
