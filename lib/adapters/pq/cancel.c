/* cancel.c: ends a statement that nobody waits for any more.
 *
 * PostgreSQL is told to cancel through a second connection ("Canceling Requests in Progress" in
 * its protocol chapter), which PQcancel() makes; the first then brings an error, or the end of
 * the statement, and is ready for the next. Three things make that less simple:
 *
 * - PQcancel() connects, sends, and waits for the end of the connection, all blocking and
 *   without a limit, and the key that a request of our own would need is not public. (libpq 17
 *   has calls that do not block; this is written for 12 and newer.) So it runs on a thread
 *   that lives for the length of that call, at most HELPERS_MAX of them in the process: this
 *   thread waits for it, and for the statement's end, by one poll with one time limit. A
 *   helper that is given up ends by itself, at the latest when TCP gives up.
 *
 * - The request may come before the server has begun with the statement, and is ignored then.
 *   So it is repeated until the statement is over.
 *
 * - It must not hit the next statement. PQcancel() returns when the server has closed the second
 *   connection, and it does so after it has signalled the process of the first, which handles the
 *   signal before it reads on. So the connection is only used again when the last request is over
 *   in this sense; else it is closed. A request for a process that has ended is ignored.
 *
 * The helper's struct has two owners, this thread and the helper; the last one frees it.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <weir/io.h>

#include "connection.h"

enum { HELPERS_MAX = 64 };
enum { HELPER_STACK = 256 * 1024 };

static const weir_time FIRST_PAUSE = 2 * WEIR_MILLISECOND; /* before a request is repeated */

struct helper {
	PGcancel *request;
	int over;          /* an eventfd: readable when PQcancel() has returned */
	atomic_int owners; /* acquire-release: the last one sees what the other did */
};

static atomic_int helpers;

static void disown(struct helper *helper)
{
	if (atomic_fetch_sub_explicit(&helper->owners, 1, memory_order_acq_rel) != 1)
		return;
	PQfreeCancel(helper->request);
	(void)close(helper->over);
	free(helper);
}

static void *help(void *arg)
{
	struct helper *helper = arg;
	char words[256];

	/* If it fails, the statement's end will not come, and that is noticed by the clock. */
	(void)PQcancel(helper->request, words, sizeof(words));
	(void)eventfd_write(helper->over, 1);
	disown(helper);
	(void)atomic_fetch_sub_explicit(&helpers, 1, memory_order_relaxed);
	return NULL;
}

/* A detached thread that takes no signals of the program's. */
static int start_thread(struct helper *helper)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;
	int error = pthread_attr_init(&attributes);

	if (error)
		return -error;
	error = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (!error)
		error = pthread_attr_setstacksize(&attributes, HELPER_STACK);
	if (!error) {
		(void)sigfillset(&all);
		error = pthread_sigmask(SIG_SETMASK, &all, &before);
	}
	if (!error) {
		error = pthread_create(&thread, &attributes, help, helper);
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	(void)pthread_attr_destroy(&attributes);
	return -error;
}

/* NULL: there is no memory, descriptor or thread to be had, or there are too many helpers. */
static struct helper *start_helper(PGconn *pg)
{
	struct helper *helper;

	if (atomic_fetch_add_explicit(&helpers, 1, memory_order_relaxed) >= HELPERS_MAX)
		goto uncount;
	helper = malloc(sizeof(*helper));
	if (!helper)
		goto uncount;
	atomic_init(&helper->owners, 2);
	helper->over = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (helper->over < 0)
		goto free_helper;
	helper->request = PQgetCancel(pg);
	if (!helper->request)
		goto close_over;
	if (start_thread(helper) != 0)
		goto free_request;
	return helper;
free_request:
	PQfreeCancel(helper->request);
close_over:
	(void)close(helper->over);
free_helper:
	free(helper);
uncount:
	(void)atomic_fetch_sub_explicit(&helpers, 1, memory_order_relaxed);
	return NULL;
}

/* Waits until the helper is over (drained or not), or the time has come. */
static int await_helper(weir_pq *connection, const struct helper *helper, weir_time until,
			bool *drained)
{
	struct pollfd fds[2] = {{.fd = helper->over, .events = POLLIN}, {.fd = -1}};
	int error;

	do {
		if (!*drained) {
			error = weir__pq_drain(connection, &fds[1].events);
			if (error == -ECONNRESET)
				return error;
			*drained = error == 0;
		}
		fds[1].fd = *drained ? -1 : PQsocket(connection->pg);
		error = weir_poll(NULL, fds, 2, until);
		if (error < 0)
			return error;
	} while (!(fds[0].revents & POLLIN));
	return 0;
}

/* Waits for the statement's end. */
static int await_end(weir_pq *connection, weir_time until)
{
	short events = POLLIN;
	int error;

	while ((error = weir__pq_drain(connection, &events)) == -EAGAIN) {
		error = weir__pq_wait(connection->pg, events, NULL, until);
		if (error)
			return error;
	}
	return error;
}

/* One request. Returns 0 when it is over; the statement may not be. */
static int request(weir_pq *connection, weir_time until, bool *drained)
{
	struct helper *helper = start_helper(connection->pg);
	int error;

	if (!helper)
		return -EAGAIN;
	error = await_helper(connection, helper, until, drained);
	disown(helper);
	return error;
}

static int settle(weir_pq *connection)
{
	const weir_time until = weir_after(connection->cancel_timeout);
	weir_time pause = FIRST_PAUSE;
	bool drained = false;
	int error;

	do {
		error = request(connection, until, &drained);
		if (error || drained)
			return error;
		error = await_end(connection, weir__pq_bound(until, pause));
		pause *= 2;
	} while (error == -ETIMEDOUT && weir_now() < until);
	return error;
}

void weir__pq_cancel(weir_pq *connection)
{
	short events = POLLIN;

	/* It may have come to its end by itself. */
	if (weir__pq_drain(connection, &events) == -EAGAIN)
		if (settle(connection) != 0 && connection->pg)
			weir__pq_drop(connection);
}
