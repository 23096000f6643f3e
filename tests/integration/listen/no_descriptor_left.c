/* When the process has no descriptor left for a new connection, the server goes on with
 * those it has, does not spin, and takes new ones when there are descriptors again. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

/* Uses up descriptors until `left` are left; returns how many it took. */
static int use_up(int *taken, int room, int left)
{
	int count = 0;

	while (count < room && (taken[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		count++;
	must(count < room && errno == EMFILE, "open: errno %d after %d", errno, count);
	must(count >= left, "only %d descriptors to begin with", count);
	while (left-- > 0)
		close(taken[--count]);
	return count;
}

static weir_time process_time(void)
{
	struct timespec used;
	int rc = clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);

	must(rc == 0, "clock_gettime: errno %d", errno);
	return used.tv_sec * WEIR_SECOND + used.tv_nsec;
}

static void expect_hello(struct client *client)
{
	struct reply reply;

	client_get(client, "/hello", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
}

Test(no_descriptor_left, and_back)
{
	enum { room = 200, limit = 128 };
	static int taken[room];
	struct rlimit before, low;
	struct fixture fixture;
	struct client kept, waiting, fresh;
	struct reply reply;
	weir_time cpu;
	int count;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	fixture_serve(&fixture, NULL, "GET /hello", handle_hello, NULL);
	client_open(&kept, fixture.url);
	expect_hello(&kept);
	low = before;
	low.rlim_cur = limit;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	count = use_up(taken, room, 1);

	/* The client takes the last one; the server has none for its end. */
	client_open(&waiting, fixture.url);
	client_send_text(&waiting, "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
	log_capture_await(&fixture.log, "accept-paused", 1);
	expect_hello(&kept);
	cpu = process_time();
	cr_assert_eq(weir_sleep(NULL, weir_after(300 * WEIR_MILLISECOND)), 0);
	cpu = process_time() - cpu;
	cr_assert_lt(cpu, 15 * WEIR_MILLISECOND, "%lld ns of CPU time in 300 ms of waiting",
		     (long long)cpu);
	expect_hello(&kept);

	while (count > 0)
		close(taken[--count]);
	client_open(&fresh, fixture.url);
	expect_hello(&fresh);
	client_receive(&waiting, &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&waiting);
	client_close(&fresh);
	client_close(&kept);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	fixture_finish(&fixture);
}
