/* smuggling.c: what a real proxy and the server behind it make of requests that each might end in
 * another place.
 *
 *	smuggling haproxy|haproxy-lenient|nginx|nginx-unbuffered
 *
 * Each case of pairs.c is sent to the proxy with a canary inside, and a request behind it that asks
 * for the connection's end. What has to hold, whatever the two answer:
 *
 * - the server's handler of the canary has run as often as the client was given an answer of its
 *   own to it: a proxy that sees the canary as a request has it answered like any other, and
 *   nobody else sees a request there;
 * - the last request, if it is answered, is answered last, and by its own answer;
 * - other clients, whose requests take the same connections to the server, get their own answers.
 *
 * Exits with 77 if the proxy is not installed. Each case runs in a process of its own.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "front.h"
#include "server.h"
#include "support/must.h"
#include "support/reply.h"
#include "topics.h"

#define PATIENCE 30 /* seconds, for one case */
#define VICTIMS 3
#define SKIPPED 77

extern const struct conformance_topic topic_pairs;

static const char last[] = "GET /target/last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/* Shared with the processes of the cases. */
struct tally {
	atomic_uint canaries; /* answers to it */
	atomic_uint served;   /* requests that carried it and were answered 200 */
	atomic_uint refused;  /* ... with another status */
};

/* Reads all answers of the attacker's connection. */
static void attack(const struct conformance_case *one, const char *url, struct tally *tally)
{
	struct client client;
	struct reply reply;
	bool over = false;

	client_open(&client, url);
	(void)client_send_up_to(&client, one->bytes, one->size);
	(void)client_send_up_to(&client, last, sizeof(last) - 1);
	for (unsigned n = 0;; n++) {
		bool head = n == 0 && memcmp(one->bytes, "HEAD", 4) == 0;

		(head ? client_receive_head : client_receive)(&client, &reply);
		if (reply.status == 0)
			break;
		must(!over, "an answer, of status %d, behind the last", reply.status);
		if (n == 0)
			atomic_fetch_add(reply.status == 200 ? &tally->served : &tally->refused, 1);
		if (strcmp(reply.body, "smuggled\n") == 0)
			atomic_fetch_add(&tally->canaries, 1);
		over = strcmp(reply.body, "/target/last?") == 0;
		reply_free(&reply);
	}
	reply_free(&reply);
	client_close(&client);
}

static void be_a_victim(const char *url, unsigned n)
{
	struct client client;
	struct reply reply;
	char target[64], body[64];

	(void)snprintf(target, sizeof(target), "/target/victim-%u", n);
	(void)snprintf(body, sizeof(body), "/target/victim-%u?", n);
	client_open(&client, url);
	client_get(&client, target, &reply);
	must(reply.status == 200 && strcmp(reply.body, body) == 0,
	     "another client's answer is %d: %s", reply.status, reply.body);
	reply_free(&reply);
	client_close(&client);
}

static bool passes(const struct conformance_case *one, const char *url, struct tally *tally)
{
	int status;
	pid_t pid = fork(), waited;

	must(pid >= 0, "fork: %s", strerror(errno));
	if (pid == 0) {
		(void)alarm(PATIENCE);
		attack(one, url, tally);
		for (unsigned n = 0; n < VICTIMS; n++)
			be_a_victim(url, n);
		_exit(0);
	}
	do
		waited = waitpid(pid, &status, 0);
	while (waited < 0 && errno == EINTR);
	must(waited == pid, "waitpid: %s", strerror(errno));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static unsigned run_all(const char *url, struct tally *tally, atomic_uint *smuggled)
{
	unsigned failed = 0;

	for (size_t i = 0; i < topic_pairs.count; i++) {
		const struct conformance_case *one = &topic_pairs.cases[i];
		bool good = passes(one, url, tally);
		unsigned ran = atomic_load(smuggled), told = atomic_load(&tally->canaries);

		if (ran != told) {
			fprintf(stderr, "the canary ran %u times, and was answered %u times\n", ran,
				told);
			atomic_store(smuggled, told);
			good = false;
		}
		if (!good)
			fprintf(stderr, "FAILED: %s (RFC %s)\n", one->name, one->section);
		failed += !good;
	}
	return failed;
}

static int run(const char *kind)
{
	struct conformance_server server;
	struct tally *tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct front front;
	unsigned failed, late;

	must(tally != MAP_FAILED, "mmap: %s", strerror(errno));
	conformance_server_start(&server);
	if (!front_start(&front, kind, server.url + strlen("http://"))) {
		(void)conformance_server_stop(&server);
		printf("SKIPPED: %s is not installed\n", kind);
		return SKIPPED;
	}
	failed = run_all(front.url, tally, server.smuggled);
	front_stop(&front);
	/* What was still on its way to the server when its case was over. */
	late = atomic_load(server.smuggled) - atomic_load(&tally->canaries);
	if (!conformance_server_stop(&server) || late != 0) {
		fprintf(stderr, "FAILED: at the end, %u canaries too many\n", late);
		failed++;
	}
	printf("%s: %zu pairs, %u failed; first answers: %u good, %u refusals; "
	       "%u canaries, all seen by both\n",
	       kind, topic_pairs.count, failed, atomic_load(&tally->served),
	       atomic_load(&tally->refused), atomic_load(&tally->canaries));
	return failed != 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr,
			"usage: smuggling haproxy|haproxy-lenient|nginx|nginx-unbuffered\n");
		return 2;
	}
	return run(argv[1]);
}
