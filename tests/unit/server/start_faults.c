/* server/start_faults.c: whichever call fails on the way from nothing to a running server, what
 * was done before it is undone, the error is told, and the next attempt succeeds.
 *
 * Each kind of fault strikes at its first call, then at its second, and so on, until a server comes
 * up without having met it. Memory that was not given back is for LeakSanitizer to find. */
#include <criterion/criterion.h>

#include <errno.h>

#include <weir/weir.h>

#include "support/client.h"
#include "support/descriptors.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"
#include "unit/faults.h"
#include "unit/threads.h"

#define WORKERS 3
/* More calls of one kind than a start makes. */
#define MOST 1000

static int background(void *arg, weir_token *token)
{
	(void)arg;
	return weir_token_wait(token, WEIR_NEVER);
}

static int stage(void *arg, weir_token *token)
{
	(void)arg, (void)token;
	return 0;
}

/* From nothing to a server that runs; or an error with nothing left of it. */
static int come_up(weir_server **out)
{
	const struct weir_server_options options = {
		.listen = "127.0.0.1:0", .workers = WORKERS, .deadline_header = "X-Timeout"};
	weir_server *server;
	int error = weir_server_create(&options, &server);

	if (error)
		return error;
	error = weir_server_route(server, "GET /{name}", handle_hello, NULL, NULL);
	if (!error)
		error = weir_server_listen(server, "127.0.0.1:0", WEIR_SCOPE_ADMIN);
	if (!error)
		error = weir_task_start(server, "background", background, NULL);
	if (!error)
		error = weir_server_on_teardown(server, "stage", stage, NULL, 0);
	if (!error)
		error = weir_server_start(server);
	if (error)
		weir_server_destroy(server);
	else
		*out = server;
	return error;
}

static void get_and_stop(weir_server *server)
{
	struct client client;
	struct reply reply;

	client_open(&client, weir_server_url(server, 0));
	client_get(&client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
	weir_server_stop(server, "the test");
	cr_assert_eq(weir_server_wait(server, NULL), WEIR_CLEAN);
	weir_server_destroy(server);
}

/* How often it struck. */
static unsigned strike_everywhere(enum fault fault)
{
	unsigned threads = thread_count(), before = descriptors_count(), skip;

	for (skip = 0; skip < MOST; skip++) {
		weir_server *server;
		int error;

		fault_set(fault, skip);
		error = come_up(&server);
		fault_clear(fault);
		if (!fault_struck(fault)) {
			cr_assert_eq(error, 0);
			get_and_stop(server);
			break;
		}
		if (error == 0) /* one that can be done without */
			get_and_stop(server);
		cr_assert_leq(error, 0);
		thread_await_count(threads);
		cr_assert_eq(descriptors_count(), before, "descriptors after fault %d at call %u",
			     fault, skip);
	}
	return skip;
}

Test(start_faults, undo_what_was_done)
{
	static const struct {
		enum fault fault;
		unsigned least; /* times that it must have struck, or the test has missed it */
	} faults[] = {
		{FAULT_MALLOC, 1},        {FAULT_CALLOC, 3},           {FAULT_REALLOC, 0},
		{FAULT_ALIGNED_ALLOC, 1}, {FAULT_THREAD, WORKERS + 3}, {FAULT_SOCKET, 2},
		{FAULT_SOCKETPAIR, 1},    {FAULT_LISTEN, 2},           {FAULT_EPOLL, 1},
		{FAULT_EPOLL_CTL, 3},     {FAULT_EVENTFD, 1},
	};
	weir_server *server;

	/* Threads that last as long as the process come with the first server. */
	cr_assert_eq(come_up(&server), 0);
	get_and_stop(server);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		unsigned struck = strike_everywhere(faults[i].fault);

		cr_expect_geq(struck, faults[i].least, "fault %d struck %u times", faults[i].fault,
			      struck);
	}
}
