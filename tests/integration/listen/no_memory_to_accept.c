/* When the kernel has no memory for a new connection, the server goes on with those it has,
 * does not spin, and takes the new one when there is memory again.
 *
 * accept4() is this program's own: it can be told to fail. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/reply.h"

static atomic_int failing; /* the errno; 0: none */
static atomic_uint failures;

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
	int error = atomic_load(&failing);

	if (!error)
		return (int)syscall(SYS_accept4, fd, address, size, flags);
	atomic_fetch_add(&failures, 1);
	errno = error;
	return -1;
}

static void expect_hello(struct client *client)
{
	struct reply reply;

	client_get(client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
}

static void run_out_of(int error)
{
	struct fixture fixture;
	struct client kept, waiting;
	struct reply reply;
	unsigned tried;

	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	client_open(&kept, fixture.url);
	expect_hello(&kept);
	atomic_store(&failing, error);
	client_open(&waiting, fixture.url);
	client_send_text(&waiting, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	log_capture_await(&fixture.log, "accept-paused", 1);
	expect_hello(&kept);
	/* A loop that spins would try some thousands of times; one each 100 ms is enough. */
	tried = atomic_load(&failures);
	cr_assert_eq(weir_sleep(NULL, weir_after(300 * WEIR_MILLISECOND)), 0);
	cr_assert_leq(atomic_load(&failures) - tried, 4);
	expect_hello(&kept);
	atomic_store(&failing, 0);
	client_receive(&waiting, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&waiting);
	client_close(&kept);
	fixture_finish(&fixture);
}

Test(no_memory_to_accept, for_the_connection)
{
	run_out_of(ENOMEM);
}

Test(no_memory_to_accept, for_its_buffers)
{
	run_out_of(ENOBUFS);
}
