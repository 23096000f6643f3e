/* faults/persists.c: a call fails again and again, for a time, in the middle of a load; then it
 * does not any more. And another time from the beginning of a stop on, to its end.
 *
 *   usage: fault_persists LOAD
 *
 * While it lasts any exchange may fail, but none may be answered with what is not so. Afterwards
 * the accounts add up, no descriptor and no process is left, and all is answered as if nothing
 * had been. A stop ends in its time, cleanly or with requests that it had to cut.
 */
#include "faults/exchange.h"
#include "faults/load.h"
#include "support/must.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define LASTS (300 * WEIR_MILLISECOND)
#define LOOKS 50
#define DRAIN_TIMEOUT (5 * WEIR_SECOND) /* of both loads */

/* Without read: a signal that cannot be read stops nobody. */
static const enum fault_call calls[] = {
	FAULT_CALL_malloc,    FAULT_CALL_calloc,  FAULT_CALL_pthread_create, FAULT_CALL_socket,
	FAULT_CALL_pipe2,     FAULT_CALL_accept4, FAULT_CALL_epoll_ctl,      FAULT_CALL_open,
	FAULT_CALL_openat,    FAULT_CALL_open64,  FAULT_CALL_write,          FAULT_CALL_recv,
	FAULT_CALL_send,      FAULT_CALL_sendmsg, FAULT_CALL_sendfile64,     FAULT_CALL_fcntl,
	FAULT_CALL_setsockopt};

/* Clients wait for as long as it lasts, so another thread has to end it. */
static void *end_it(void *arg)
{
	struct fault_control *control = arg;
	weir_time until = weir_after(LASTS);

	while (weir_now() < until)
		(void)poll(NULL, 0, must_poll_timeout(until));
	fault_control_disarm(control);
	return NULL;
}

/* Returns how many calls have failed. */
static uint64_t suffer(const struct load_kind *kind, struct subject *subject, struct load *load,
		       enum fault_call call)
{
	pthread_t thread;

	fault_control_arm(subject->control, call, 1, UINT64_MAX, 0);
	must(pthread_create(&thread, NULL, end_it, subject->control) == 0, "no thread");
	while (atomic_load(&subject->control->nth) != 0)
		kind->run(load);
	must(pthread_join(thread, NULL) == 0, "no join");
	return subject->control->struck;
}

/* The least of several looks, because the server closes the last connection in its own time; of
 * as many as it takes to come down to `due`, if the patience lasts. */
static size_t descriptors(const struct subject *subject, size_t due)
{
	weir_time until = weir_after(MUST_PATIENCE / 6);
	size_t least = subject_descriptors(subject);

	for (int look = 0; look < LOOKS || (due > 0 && least > due && weir_now() < until); look++) {
		size_t open = subject_descriptors(subject);
		least = open < least ? open : least;
		(void)poll(NULL, 0, 1);
	}
	return least;
}

static void run_once(const struct load_kind *kind, struct subject *subject, struct load *load)
{
	load->failures = 0;
	load->failed[0] = '\0';
	kind->run(load);
	subject_settle(subject);
	must(load->failures == 0, "%u exchanges spoilt:%s", load->failures, load->failed);
}

static void try_call(const struct load_kind *kind, enum fault_call call)
{
	struct subject subject;
	struct load load;

	subject_prepare(&subject);
	must(kind->start(&subject, &load), "no start");
	run_once(kind, &subject, &load);
	size_t before = descriptors(&subject, 0);
	uint64_t struck = suffer(kind, &subject, &load, call);
	unsigned spoilt = load.failures;
	subject_settle(&subject);
	run_once(kind, &subject, &load);
	size_t after = descriptors(&subject, before);
	must(after <= before, "%zu descriptors stay open, before it were %zu", after, before);
	must(subject_children(&subject) == 0, "a process that it started is still there");

	load.at_stop = call;
	weir_time begun = weir_now();
	int code = kind->stop(&load, &subject);
	weir_time took = weir_now() - begun;
	must(took < DRAIN_TIMEOUT + MUST_PATIENCE / 3, "the stop took %.1f s",
	     (double)took / (double)WEIR_SECOND);
	exchange_check_files(&load);
	printf("%s: %s: %" PRIu64 " calls failed, %u exchanges; a stop ended with %d in %.2f s\n",
	       kind->name, fault_call_name(call), struck, spoilt, code,
	       (double)took / (double)WEIR_SECOND);
	(void)fflush(stdout);
	subject_free(&subject);
}

int main(int argc, char **argv)
{
	static const struct load_kind *const kinds[] = {&load_files, &load_routes};
	const struct load_kind *kind = NULL;

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc == 2 && i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i]->name, argv[1]) == 0)
			kind = kinds[i];
	}
	must(kind != NULL, "usage: fault_persists LOAD");
	if (kind->open != NULL)
		kind->open();
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		(void)fprintf(stderr, "%s\n", fault_call_name(calls[i]));
		try_call(kind, calls[i]);
	}
	if (kind->close != NULL)
		kind->close();
	return 0;
}
