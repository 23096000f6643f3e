/* faults/paused_drain.c: SIGSTOP in the middle of a drain, SIGCONT when its time is over.
 *
 * The drain ends at once then, late but honest: the report adds up, says that it took as
 * long as it did, and the client that was waiting has its answer or a closed connection.
 */
#include "faults/subject.h"

#include "support/client.h"
#include "support/must.h"
#include "support/reply.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define TIMEOUT (1 * WEIR_SECOND) /* of the drain: see the options */

static double total_seconds(const struct subject *subject)
{
	size_t size;
	char *report = scratch_read(&subject->scratch, "report.json", &size);
	must(report != NULL, "no report");
	const char *found = strstr(report, "\"total_seconds\":");
	must(found != NULL, "no total_seconds in %s", report);
	double total = strtod(found + strlen("\"total_seconds\":"), NULL);
	free(report);
	return total;
}

/* Returns when the process has stopped, every thread of it. */
static void pause_it(const struct subject *subject)
{
	siginfo_t info = {0};

	must(kill(subject->process.pid, SIGSTOP) == 0, "kill: %s", strerror(errno));
	must(waitid(P_PID, (id_t)subject->process.pid, &info, WSTOPPED | WNOWAIT) == 0,
	     "waitid: %s", strerror(errno));
}

int main(void)
{
	struct subject subject;
	struct client stream, sleeper;
	struct reply reply;

	subject_prepare(&subject);
	must(subject_start(&subject, (const char *const[]){"--debug-routes", "--grace", "500ms",
							   "--drain-timeout", "1s", NULL}),
	     "no start");
	client_open(&sleeper, subject.url);
	client_send_text(&sleeper, "GET /debug/sleep?ms=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
	client_open(&stream, subject.url);
	client_send_text(&stream,
			 "GET /debug/stream?ms=60000&every=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
	(void)client_fill(&stream);

	weir_time begun = weir_now();
	process_signal(&subject.process, SIGTERM);
	client_await_text(&stream, "stopping"); /* in the grace */
	pause_it(&subject);
	/* Not a wait for anything to happen: nothing can. The drain's time has to pass. */
	while (weir_now() - begun < 2 * TIMEOUT)
		(void)poll(NULL, 0, must_poll_timeout(begun + 2 * TIMEOUT));
	weir_time resumed = weir_now();
	process_signal(&subject.process, SIGCONT);

	client_receive(&sleeper, &reply);
	must(reply.status == 0 || reply.status == 503, "the one that slept was answered %d",
	     reply.status);
	reply_free(&reply);
	client_close(&sleeper);
	client_close(&stream);
	int code = subject_wait(&subject);
	weir_time ended = weir_now();
	must(ended - resumed < MUST_PATIENCE / 2, "it did not end when it went on");
	double total = total_seconds(&subject);
	must(total >= (double)(2 * TIMEOUT) / (double)WEIR_SECOND - 0.5 &&
		     total <= (double)(ended - begun) / (double)WEIR_SECOND,
	     "the report says %.3f s, of %.3f s", total,
	     (double)(ended - begun) / (double)WEIR_SECOND);
	subject_free(&subject);
	printf("paused in its grace, ended with %d; the report says %.3f s\n", code, total);
	return 0;
}
