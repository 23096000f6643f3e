/* idle.c: what an idle connection costs in memory, and how long many of them hold up the
 * end of the process.
 *
 * Each connection has done one request, and is then kept alive. The client is the bench
 * itself; while a server ends it does nothing, so the processor is the server's. What the
 * connections saw is looked at afterwards: closed in order, or reset.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "../support/client.h"
#include "../support/clock.h"
#include "../support/say.h"
#include "../support/server.h"
#include "drain_latency.h"

#define FILL_LIMIT (60 * BENCH_S)
#define EXIT_LIMIT (60 * BENCH_S)
#define ENDS_LIMIT (10 * BENCH_S)
#define WINDOW 128

/* How each is asked to leave. nginx takes SIGTERM for a fast stop, SIGQUIT for a graceful
 * one. */
static const int signals[IDLES] = {[IDLE_WEIR] = SIGTERM,
				   [IDLE_GO] = SIGTERM,
				   [IDLE_NGINX_FAST] = SIGTERM,
				   [IDLE_NGINX_GRACEFUL] = SIGQUIT};

static int wait_for_exit(struct bench_server *server, int signal, double *milliseconds)
{
	int64_t asked = bench_now(), ended;
	int status, result;

	if (kill(server->child.pid, signal) != 0)
		return -errno;
	result = bench_child_wait(&server->child, asked + EXIT_LIMIT, &status, &ended);
	if (result != 0)
		return result;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		bench_child_complain(&server->child, "ended with a failure");
		return -EIO;
	}
	*milliseconds = (double)(ended - asked) / 1e6;
	return 0;
}

static int measure_server(struct drain_latency *bench, size_t subject, unsigned round,
			  struct bench_server *server, struct bench_client *client)
{
	struct bench_client_ends ends;
	int64_t before, after;
	int result = bench_proc_rss(&server->proc, &before);

	if (result == 0)
		result = bench_client_collect(client, bench_now() + FILL_LIMIT, NULL);
	if (result == 0)
		result = bench_proc_rss(&server->proc, &after);
	if (result == 0)
		result = wait_for_exit(server, signals[subject],
				       &bench->exits[subject].values[round]);
	if (result != 0)
		return result;
	bench->memory[subject].values[round] = (double)(after - before) / 1024 / bench->connections;
	bench_client_ends(client, bench_now() + ENDS_LIMIT, &ends);
	bench->resets[subject] += ends.reset;
	if (ends.open > 0) {
		bench_say("%s left %zu connections open", bench->exits[subject].name, ends.open);
		return -EPROTO;
	}
	return 0;
}

static int measure_subject(struct drain_latency *bench, size_t subject, unsigned round)
{
	struct bench_client_options options = {
		.count = bench->connections,
		.window = bench->connections < WINDOW ? bench->connections : WINDOW,
		.path = "/",
		.status = 200,
		.body = BENCH_HELLO};
	struct bench_server server;
	struct bench_client *client;
	int result = bench_server_start(&server, &bench->peers[bench->exits[subject].peer]);

	if (result != 0)
		return result;
	options.port = server.port;
	result = bench_client_create(&options, &client);
	if (result != 0)
		goto end_server;
	result = measure_server(bench, subject, round, &server, client);
	bench_client_destroy(client);
end_server:
	bench_server_end(&server);
	return result;
}

int measure_idle(struct drain_latency *bench)
{
	int result = 0;

	for (unsigned round = 0; round < bench->rounds; round++) {
		bench_say("idle: round %u of %u, %u connections", round + 1, bench->rounds,
			  bench->connections);
		for (size_t i = 0; i < IDLES; i++) {
			size_t subject = (i + round) % IDLES;
			struct bench_peer *peer = &bench->peers[bench->exits[subject].peer];
			int failed;

			if (!bench_peer_usable(peer))
				continue;
			failed = measure_subject(bench, subject, round);
			if (failed != 0) {
				bench_say("idle: %s, round %u: %s", bench->exits[subject].name,
					  round + 1, strerror(-failed));
				bench_peer_fail(peer);
				result = -EIO;
			}
		}
	}
	return result;
}
