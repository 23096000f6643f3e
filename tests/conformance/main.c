/* main.c: the conformance suite.
 *
 *	conformance          runs every case; 0 if all went as they should
 *	conformance WORD     only those whose topic or name has that word
 *	conformance --list   prints them, as docs/conformance.md has them
 *
 * A case runs in a process of its own, so that one that fails, or hangs, leaves the others alone.
 */
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "list.h"
#include "run.h"
#include "server.h"
#include "support/must.h"
#include "topics.h"

/* Seconds for one case, of which each takes milliseconds. */
#define PATIENCE 20

static const char *expectation(const struct conformance_case *one)
{
	bool newer = strcmp(MHD_get_version(), "1.") > 0;

	return newer && one->newer ? one->newer : one->expect;
}

static bool passes(const struct conformance_case *one, const struct conformance_server *server)
{
	unsigned smuggled = atomic_load(server->smuggled);
	int status;
	pid_t pid = fork(), waited;

	must(pid >= 0, "fork: %s", strerror(errno));
	if (pid == 0) {
		(void)close(server->stop);
		(void)alarm(PATIENCE);
		conformance_run(one, expectation(one), server->url);
		_exit(0);
	}
	do
		waited = waitpid(pid, &status, 0);
	while (waited < 0 && errno == EINTR);
	must(waited == pid, "waitpid: %s", strerror(errno));
	if (atomic_load(server->smuggled) != smuggled) {
		fprintf(stderr, "a request was smuggled\n");
		return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool is_meant(const struct conformance_topic *topic, const struct conformance_case *one,
		     const char *word)
{
	return !word || strstr(topic->title, word) || strstr(one->name, word);
}

static int run_all(const char *word)
{
	struct conformance_server server;
	unsigned run = 0, failed = 0;

	(void)fflush(NULL);
	conformance_server_start(&server);
	for (size_t t = 0; t < conformance_topic_count; t++) {
		const struct conformance_topic *topic = conformance_topics[t];

		for (size_t i = 0; i < topic->count; i++) {
			const struct conformance_case *one = &topic->cases[i];

			if (!is_meant(topic, one, word))
				continue;
			run++;
			if (passes(one, &server))
				continue;
			failed++;
			fprintf(stderr, "FAILED: %s: %s (RFC %s): %s\n", topic->title, one->name,
				one->section, expectation(one));
		}
	}
	if (!conformance_server_stop(&server)) {
		failed++;
		fprintf(stderr, "FAILED: the server did not end well\n");
	}
	printf("%u cases, %u failed, libmicrohttpd %s\n", run, failed, MHD_get_version());
	return run == 0 || failed != 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return conformance_list(stdout);
	return run_all(argc > 1 ? argv[1] : NULL);
}
