/* stress/clients.c: thousands of clients by address, each with more than it may have.
 *
 * Threads connect from addresses all over 127.0.0.0/8 and from a few that they share, ask, ask
 * again, go by a reset, or leave a request behind whose handler still runs. A client may find
 * itself closed or answered 429, and nothing else but 200. At the end of each round of a thread,
 * from an address of its own that nobody else uses, exactly as many connections as it may have are
 * served, and one more is not. When all have gone the server's counts add up, and what was refused
 * by a limit is what clients have seen at least.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/weir.h>

#include "stress/stress.h"
#include "support/client.h"
#include "support/metrics.h"
#include "support/reply.h"

#define THREADS 4
#define LIMIT 3
#define SHARED 5

struct world {
	weir_server *server;
	const char *url;
	unsigned long rounds;
	atomic_ulong served, limited, closed;
};

static int work(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	/* Cancelled or not, it takes its time: requests of clients that have gone count too. */
	(void)weir_sleep(token, weir_after(WEIR_MILLISECOND));
	return weir_response_body_static(response, "ok\n", 3);
}

/* An address that many threads use at a time, or almost surely nobody else. */
static void draw_address(struct stress_random *random, char out[INET_ADDRSTRLEN])
{
	if (stress_random_below(random, 2))
		(void)snprintf(out, INET_ADDRSTRLEN, "127.1.0.%u",
			       1 + stress_random_below(random, SHARED));
	else
		(void)snprintf(
			out, INET_ADDRSTRLEN, "127.%u.%u.%u", 16 + stress_random_below(random, 200),
			stress_random_below(random, 256), 1 + stress_random_below(random, 254));
}

/* One request; false if the connection was closed. */
static bool ask(struct world *world, struct client *client)
{
	static const char text[] = "GET /work HTTP/1.1\r\nHost: test\r\n\r\n";
	struct reply reply;
	int status;

	if (client_send_up_to(client, text, sizeof(text) - 1) < sizeof(text) - 1)
		return false;
	client_receive(client, &reply);
	status = reply.status;
	reply_free(&reply);
	stress_check(status == 0 || status == 200 || status == 429, "status %d", status);
	(void)atomic_fetch_add(status == 200   ? &world->served
			       : status == 429 ? &world->limited
					       : &world->closed,
			       1);
	return status != 0;
}

static void leave(struct client *client, struct stress_random *random)
{
	if (stress_random_below(random, 2))
		client_close(client);
	else
		client_reset(client);
}

static void come_and_go(struct world *world, struct stress_random *random)
{
	char address[INET_ADDRSTRLEN];
	struct client client;

	draw_address(random, address);
	client_open_from(&client, world->url, address);
	if (ask(world, &client) && stress_random_below(random, 2))
		(void)ask(world, &client);
	if (client.end == CLIENT_OPEN && stress_random_below(random, 3) == 0)
		(void)client_send_up_to(&client, "GET /work HTTP/1.1\r\nHost: t\r\n\r\n", 30);
	leave(&client, random);
}

/* From an address that nobody else has. */
static void expect_the_limit(struct world *world, unsigned thread, unsigned long round)
{
	struct client clients[LIMIT], more;
	char address[INET_ADDRSTRLEN];

	(void)snprintf(address, sizeof(address), "127.%u.%lu.%lu", 2 + thread, round / 250 % 250,
		       1 + round % 250);
	for (int i = 0; i < LIMIT; i++) {
		client_open_from(&clients[i], world->url, address);
		stress_check(ask(world, &clients[i]), "closed below the limit");
	}
	client_open_from(&more, world->url, address);
	stress_check(!ask(world, &more), "served beyond the limit");
	client_close(&more);
	for (int i = 0; i < LIMIT; i++)
		client_close(&clients[i]);
}

static void run(void *arg, unsigned number)
{
	struct world *world = arg;
	struct stress_random random;

	stress_random_init(&random, number);
	for (unsigned long round = 0; round < world->rounds; round++) {
		for (int i = 0; i < 10; i++)
			come_and_go(world, &random);
		expect_the_limit(world, number, round);
	}
}

int main(int argc, char **argv)
{
	const struct weir_server_options options = {.listen = "127.0.0.1:0",
						    .workers = 8,
						    .queue_target = WEIR_NONE,
						    .client_connections = LIMIT,
						    .client_requests = 2};
	struct world world = {.rounds = stress_iterations(argc, argv, 100)};
	struct metrics_account account;
	uint64_t refused;

	stress_check(weir_server_create(&options, &world.server) == 0, "cannot create");
	stress_check(weir_server_route(world.server, "GET /work", work, NULL, NULL) == 0, "route");
	stress_check(weir_server_start(world.server) == 0, "cannot start");
	world.url = weir_server_url(world.server, 0);
	stress_threads(THREADS, run, &world);
	metrics_await(world.server, "weir_connections_open", 0);
	metrics_await_sum(world.server, "weir_requests_in_flight", 0);
	metrics_account_read(world.server, &account);
	metrics_account_check(&account);
	refused = metrics_now(world.server, "weir_client_connections_refused_total");
	stress_check(refused >= THREADS * world.rounds, "only %lu connections refused",
		     (unsigned long)refused);
	stress_check(metrics_now(world.server, "weir_client_requests_refused_total") >=
			     atomic_load(&world.limited),
		     "more 429 than were counted");
	weir_server_stop(world.server, NULL);
	stress_check(weir_server_wait(world.server, NULL) == WEIR_CLEAN, "not clean");
	weir_server_destroy(world.server);
	printf("clients: %lu served, %lu answered 429, %lu closed; %lu connections refused\n",
	       atomic_load(&world.served), atomic_load(&world.limited), atomic_load(&world.closed),
	       (unsigned long)refused);
	return 0;
}
