/* trip.c: from one cancel to the last of many answers.
 *
 * Every run is a process of its own. The client, in the bench, waits for the answers in
 * one epoll loop, so its own work is the same for all peers; the moment of the cancel is
 * stamped by the peer and that of the last answer here, on the same clock.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../support/child.h"
#include "../support/client.h"
#include "../support/clock.h"
#include "../support/parse.h"
#include "../support/say.h"
#include "../support/server.h"
#include "drain_latency.h"

#define RUN_LIMIT (40 * BENCH_S)

static int expect_line(struct bench_child *child, int64_t deadline, char **line)
{
	int result = bench_child_line(child, deadline, line);

	if (result == 1)
		return 0;
	if (result == 0)
		result = -EPIPE;
	bench_child_complain(child, strerror(-result));
	return result;
}

/* The conversation that weir_trip.c describes. */
static int converse(struct bench_child *child, struct bench_client *client, int64_t deadline,
		    double *milliseconds)
{
	uint64_t tripped = 0;
	int64_t last;
	char *line;
	int result = bench_client_ask(client, deadline);

	if (result == 0)
		result = expect_line(child, deadline, &line);
	if (result == 0 && strcmp(line, "ready") != 0)
		result = -EBADMSG;
	if (result == 0)
		result = bench_child_tell(child, "cancel\n");
	if (result == 0)
		result = bench_client_collect(client, deadline, &last);
	if (result == 0)
		result = expect_line(child, deadline, &line);
	if (result == 0 && bench_parse_after(line, "tripped ", INT64_MAX, &tripped) != 0)
		result = -EBADMSG;
	if (result == 0)
		result = bench_child_expect_success(child, deadline);
	if (result == 0)
		*milliseconds = (double)(last - (int64_t)tripped) / 1e6;
	return result;
}

static int measure_run(const struct drain_latency *bench, struct series *series, unsigned run)
{
	const struct bench_peer *peer = &bench->peers[series->peer];
	struct bench_client_options options = {.count = bench->handlers,
					       .window = bench->handlers,
					       .path = "/block",
					       .status = 503};
	int64_t deadline = bench_now() + RUN_LIMIT;
	char program[PATH_MAX], handlers[16], name[32];
	const char *argv[] = {program, handlers, NULL};
	struct bench_client *client;
	struct bench_child child;
	int result = bench_peer_program(peer, "trip", program, sizeof(program));

	if (result != 0)
		return result;
	if (snprintf(handlers, sizeof(handlers), "%u", bench->handlers) < 0 ||
	    snprintf(name, sizeof(name), "%s-trip", peer->name) < 0)
		return -EINVAL;
	result = bench_child_start(&child,
				   &(struct bench_child_options){.name = name, .argv = argv});
	if (result != 0)
		return result;
	result = bench_server_read_port(&child, deadline, &options.port);
	if (result == 0)
		result = bench_client_create(&options, &client);
	if (result != 0)
		goto end_child;
	result = converse(&child, client, deadline, &series->values[run]);
	bench_client_destroy(client);
end_child:
	bench_child_end(&child);
	return result;
}

int measure_trip(struct drain_latency *bench)
{
	int result = 0;

	bench_say("trip: %u runs of each, %u blocked handlers", bench->trips, bench->handlers);
	for (unsigned run = 0; run < bench->trips; run++) {
		for (size_t i = 0; i < PAIRS; i++) {
			struct series *series = &bench->trip[(i + run) % PAIRS];
			int failed;

			if (!bench_peer_usable(&bench->peers[series->peer]))
				continue;
			failed = measure_run(bench, series, run);
			if (failed != 0) {
				bench_say("trip: %s, run %u: %s", series->name, run + 1,
					  strerror(-failed));
				bench_peer_fail(&bench->peers[series->peer]);
				result = -EIO;
			}
		}
	}
	return result;
}
