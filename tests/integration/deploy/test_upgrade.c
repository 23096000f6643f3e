/* Upgrades in place under load: a hundred processes follow one another on the same sockets, and no
 * request fails. */
#include "instance.h"
#include "load.h"

#include "support/must.h"
#include "support/reply.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define UPGRADES 100

struct chain {
	struct scratch scratch;
	struct process process; /* the first one; all of them write into its pipe */
	char url[300], admin[300];
};

static void chain_start(struct chain *chain, const char *listen)
{
	memset(chain, 0, sizeof *chain);
	/* Those whose parent has ended become this test's, and can be waited for. */
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "prctl: %s", strerror(errno));
	scratch_make(&chain->scratch);
	must(mkdirat(chain->scratch.fd, "root", 0755) == 0, "root cannot be made");
	scratch_write(&chain->scratch, "root/hello", "hello\n", 6);
	(void)snprintf(chain->admin, sizeof chain->admin, "unix:%.250s/admin.sock",
		       chain->scratch.path);
	/* On a busy machine six clients can be an overload, which is no failure of an upgrade. */
	const char *const argv[] = {WEIR_BINARY,      "serve",    "--listen", listen,
				    "--root",         "root",     "--admin",  "unix:admin.sock",
				    "--pid-file",     "weir.pid", "--grace",  "10s",
				    "--queue-target", "0",        NULL};
	process_start(&chain->process, chain->scratch.path, argv);
	const char *url = process_await_line(&chain->process, "listening url=");
	if (strncmp(url, "unix:", 5) == 0)
		(void)snprintf(chain->url, sizeof chain->url, "unix:%.250s/%s", chain->scratch.path,
			       "socket");
	else
		(void)snprintf(chain->url, sizeof chain->url, "%.200s", url);
	process_await_line(&chain->process, "ready ");
}

static pid_t chain_pid(const struct chain *chain)
{
	weir_time until = weir_after(MUST_PATIENCE);
	size_t size;
	char *text;
	/* The first one comes a moment after the log has said "ready". */
	while ((text = scratch_read(&chain->scratch, "weir.pid", &size)) == NULL)
		must(weir_now() < until, "there is no pid file");
	pid_t pid = (pid_t)strtol(text, NULL, 10);
	free(text);
	return pid;
}

static void upgrade_by_signal(struct chain *chain)
{
	must(kill(chain_pid(chain), SIGUSR2) == 0, "kill: %s", strerror(errno));
	process_await_line(&chain->process, "upgraded ");
}

static void upgrade_by_post(struct chain *chain)
{
	struct client client;
	struct reply reply;
	client_open(&client, chain->admin);
	client_send_text(&client, "POST /upgrade HTTP/1.1\r\nHost: localhost\r\n\r\n");
	client_receive(&client, &reply);
	must(reply.status == 200, "POST /upgrade: %d %s", reply.status, reply.body);
	reply_free(&reply);
	client_close(&client);
	process_await_line(&chain->process, "upgraded ");
}

/* Ends the last one, and reaps all but the first, which process_wait() does. */
static void chain_stop(struct chain *chain)
{
	pid_t last = chain_pid(chain);
	must(kill(last, SIGTERM) == 0, "kill: %s", strerror(errno));
	cr_expect_eq(process_wait(&chain->process), 0, "%s", chain->process.text);
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, 0)) > 0;)
		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0,
			  "process %ld ended with status %x", (long)pid, (unsigned)status);
	cr_expect_not(scratch_has(&chain->scratch, "weir.pid"));
	cr_expect_not(scratch_has(&chain->scratch, "admin.sock"));
	process_free(&chain->process);
	scratch_remove(&chain->scratch);
}

static void upgrade_under_load(const char *listen)
{
	struct chain chain;
	struct load load;
	unsigned long answered;
	chain_start(&chain, listen);
	load_start(&load, chain.url);
	for (unsigned i = 0; i < UPGRADES; i++) {
		pid_t before = chain_pid(&chain);
		load_await(&load, 20);
		if (i % 2 == 0)
			upgrade_by_signal(&chain);
		else
			upgrade_by_post(&chain);
		cr_expect_neq(chain_pid(&chain), before);
	}
	load_await(&load, 20);
	unsigned long failed = load_stop(&load, &answered);
	cr_expect_eq(failed, 0, "of %lu requests %lu failed", answered + failed, failed);
	cr_expect_geq(answered, UPGRADES * 20UL);
	chain_stop(&chain);
}

Test(upgrade, a_hundred_lose_no_request)
{
	upgrade_under_load("127.0.0.1:0");
}

Test(upgrade, nor_do_they_at_a_socket_file)
{
	upgrade_under_load("unix:socket");
}

static bool has_descriptor(pid_t pid, int fd)
{
	char path[64];
	(void)snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)pid, fd);
	struct stat status;
	bool there = lstat(path, &status) == 0;
	must(there || errno == ENOENT, "%s: %s", path, strerror(errno));
	return there;
}

/* A library may open descriptors that exec(2) leaves open; the process here has one, as its parent
 * gave it one. */
Test(upgrade, hands_on_nothing_but_listeners)
{
	struct chain chain;
	const int stray = 200;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	must(null >= 0 && dup2(null, stray) == stray, "/dev/null: %s", strerror(errno));
	must(close(null) == 0, "close: %s", strerror(errno));
	chain_start(&chain, "127.0.0.1:0");
	must(close(stray) == 0, "close: %s", strerror(errno));
	cr_assert(has_descriptor(chain_pid(&chain), stray));
	upgrade_by_post(&chain);
	cr_assert_not(has_descriptor(chain_pid(&chain), stray));
	chain_stop(&chain);
}
