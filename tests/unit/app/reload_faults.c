/* app/reload.c: whichever call fails on the way to a new configuration, what was done before it is
 * undone, the old configuration serves on, and the next attempt succeeds.
 *
 * Each kind of fault strikes at its first call, then at its second, and so on, until a reload comes
 * to its end without having met it. Memory that was not given back is for LeakSanitizer to find. */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reload.h"
#include "service.h"
#include "support/client.h"
#include "support/must.h"
#include "support/reply.h"
#include "support/scratch.h"
#include "unit/faults.h"

/* More calls of one kind than a reload makes. */
#define MOST 5000

static struct scratch place;
static struct service service;

/* Two configurations that have nothing in common but a listener. */
static void write_config(unsigned which)
{
	char text[1024];
	(void)snprintf(text, sizeof text,
		       "listeners: [{address: 'unix:fixed.sock'}, {address: 'unix:%c.sock'}]\n"
		       "log: {file: %c.log}\n"
		       "drain_report: report.%c\n"
		       "routes:\n"
		       "  - {path: '/{p...}', kind: files, root: %c}\n"
		       "  - {path: /events, kind: events}\n"
		       "  - {path: /events/%c, kind: events, every: 1h}\n",
		       'a' + which, 'a' + which, 'a' + which, 'a' + which, 'a' + which);
	scratch_write(&place, "weir.yaml", text, strlen(text));
}

static void begin(void)
{
	static const char *const argv[] = {"/bin/true", NULL};
	static const struct serve_config given = {.argv = argv,
						  .file = "weir.yaml",
						  .workers = 2,
						  .queue = 8,
						  .drain_timeout = 10 * WEIR_SECOND};
	char line[COMPLAIN_SIZE];
	scratch_make(&place);
	must(mkdirat(place.fd, "a", 0755) == 0 && mkdirat(place.fd, "b", 0755) == 0 &&
		     chdir(place.path) == 0,
	     "no directories");
	scratch_write(&place, "a/f", "a", 1);
	scratch_write(&place, "b/f", "b", 1);
	write_config(0);
	must(service_open(&service, &given, line) == 0, "%s", line);
	must(weir_server_start(service.server) == 0, "no start");
}

#ifdef __SANITIZE_ADDRESS__
int __lsan_do_recoverable_leak_check(void);
#endif

static void expect_no_leak(void)
{
#ifdef __SANITIZE_ADDRESS__
	cr_assert_eq(__lsan_do_recoverable_leak_check(), 0);
#endif
}

/* In the test, not after it, where a failure would not count. */
static void finish(void)
{
	weir_server_stop(service.server, "the test");
	cr_assert_eq(weir_server_wait(service.server, NULL), WEIR_CLEAN);
	service_close(&service);
	expect_no_leak();
	must(chdir("/") == 0, "no /");
	scratch_remove(&place);
}

TestSuite(reload_faults, .init = begin);

/* Without sockets, of which clients have some, and without directories that are being read. */
static unsigned descriptors(void)
{
	unsigned count = 0;
	DIR *directory = opendir("/proc/self/fd");
	must(directory != NULL, "no /proc/self/fd");
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		char target[64] = "";
		ssize_t length =
			readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
		count += length > 0 && strncmp(target, "socket:", 7) != 0 &&
			 strstr(target, "/f") == NULL;
	}
	(void)closedir(directory);
	return count;
}

static void await_old(unsigned count)
{
	struct reload_state state;
	weir_time until = weir_after(MUST_PATIENCE);
	do {
		must(weir_now() < until, "old configurations stay");
		reload_history_look(&service.reloads, &state);
	} while (state.old != count);
}

/* Which of the two serves: at the listener that both have. */
static unsigned which_serves(void)
{
	struct client client;
	struct reply reply;
	client_open(&client, "unix:fixed.sock");
	client_get(&client, "/f", &reply);
	cr_assert_eq(reply.status, 200);
	unsigned which = (unsigned)(reply.body[0] - 'a');
	reply_free(&reply);
	client_close(&client);
	return which;
}

static void expect_served(unsigned which)
{
	cr_assert_eq(which_serves(), which);
	cr_assert(scratch_has(&place, which ? "b.sock" : "a.sock"));
	cr_assert_not(scratch_has(&place, which ? "a.sock" : "b.sock"));
}

/* How often it struck and nothing changed. */
static unsigned strike_everywhere(enum fault fault)
{
	unsigned which = which_serves(), failures = 0;
	for (unsigned skip = 0; skip < MOST; skip++) {
		char line[COMPLAIN_SIZE] = "";
		unsigned before = descriptors();
		write_config(!which);
		fault_set(fault, skip);
		int error = reload_take(service.admin.reload, NULL, line);
		fault_clear(fault);
		if (error == 0) {
			which = !which;
			/* without a task the next one would close it, which a fault may have hit */
			if (!fault_struck(fault))
				await_old(0);
		} else {
			cr_assert(fault_struck(fault), "%s", line);
			cr_assert_lt(error, 0);
			/* What an older configuration had open may be closed meanwhile. */
			cr_assert_leq(descriptors(), before, "at %u: %s", skip, line);
			failures++;
		}
		expect_served(which);
		if (!fault_struck(fault))
			return failures;
	}
	cr_assert_fail("it struck at all of %d calls", MOST);
	return 0;
}

Test(reload_faults, memory_that_runs_out_changes_nothing)
{
	cr_expect_gt(strike_everywhere(FAULT_MALLOC), 3);
	cr_expect_gt(strike_everywhere(FAULT_CALLOC), 10);
	finish();
}

/* A task for the channel of events that is new. The one that waits for the last request of the old
 * configuration can be done without. */
Test(reload_faults, threads_that_cannot_be_had_change_nothing)
{
	cr_expect_eq(strike_everywhere(FAULT_THREAD), 1);
	finish();
}

Test(reload_faults, listeners_that_cannot_be_had_change_nothing)
{
	cr_expect_gt(strike_everywhere(FAULT_SOCKET), 0);
	cr_expect_gt(strike_everywhere(FAULT_LISTEN), 0);
	/* The acceptor calls it for its clients, too, and may be the one that is struck. */
	unsigned failures = 0;
	for (int i = 0; failures == 0 && i < 20; i++)
		failures = strike_everywhere(FAULT_EPOLL_CTL);
	cr_expect_gt(failures, 0);
	finish();
}
