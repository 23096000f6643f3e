/* stress/routes.c: routes are exchanged under load, thousands of times.
 *
 * Clients ask one path over connections that they keep and over new ones. Each table answers with
 * its own number out of a context that is freed as soon as weir_routes_wait() says that nobody uses
 * it: a handler that ran later would find the context poisoned, and the sanitizers would tell. No
 * answer may be another than 200, and on one connection the numbers never go back. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/weir.h>

#include "stress/stress.h"
#include "support/client.h"
#include "support/reply.h"

#define CLIENTS 4
#define ALIVE 0x600dbeefUL
/* Tables are not exchanged before the clients have got so many answers since the last time. */
#define ANSWERS_PER_SWAP 5

struct world {
	weir_server *server;
	unsigned long swaps;
	atomic_bool over;
	atomic_ulong answered;
	sem_t progress;
};

struct context {
	unsigned long alive, number;
	atomic_uint users;
};

static int tell(weir_request *request, weir_response *response, weir_token *token)
{
	struct context *context = weir_request_context(request);
	int error;

	(void)token;
	atomic_fetch_add(&context->users, 1);
	stress_check(context->alive == ALIVE, "a handler runs under a table that was given up");
	error = weir_response_printf(response, "%lu", context->number);
	atomic_fetch_sub(&context->users, 1);
	return error;
}

static unsigned long ask(struct world *world, struct client *client)
{
	struct reply reply;
	unsigned long number;

	client_send_text(client, "GET /number HTTP/1.1\r\nHost: test\r\n\r\n");
	client_receive(client, &reply);
	stress_check(reply.status == 200 && reply.complete, "status %d", reply.status);
	number = strtoul(reply.body, NULL, 10);
	reply_free(&reply);
	if (atomic_fetch_add(&world->answered, 1) % ANSWERS_PER_SWAP == 0)
		(void)sem_post(&world->progress);
	return number;
}

static void visit(void *arg, unsigned number)
{
	struct world *world = arg;

	while (!atomic_load(&world->over)) {
		unsigned left = number % 2 ? 3 : 200;
		unsigned long last = 0;
		struct client client;

		client_open(&client, weir_server_url(world->server, 0));
		while (left-- > 0 && !atomic_load(&world->over)) {
			unsigned long now = ask(world, &client);

			stress_check(now >= last, "%lu after %lu", now, last);
			last = now;
		}
		client_close(&client);
	}
}

static weir_routes *make(unsigned long number, struct context **out)
{
	struct context *context = calloc(1, sizeof(*context));
	weir_routes *routes;

	stress_check(context, "no memory");
	context->alive = ALIVE;
	context->number = number;
	stress_check(!weir_routes_create(&routes), "create");
	stress_check(!weir_routes_add(routes, "GET /number", tell, context, NULL), "add");
	*out = context;
	return routes;
}

static void retire(weir_routes *old, struct context *context)
{
	int error = weir_routes_wait(old, weir_after(STRESS_PATIENCE), NULL);

	stress_check(!error, "waiting: %s", strerror(-error));
	stress_check(atomic_load(&context->users) == 0, "somebody is in a handler");
	weir_routes_destroy(old);
	context->alive = 0;
	free(context);
}

static struct context *swap(struct world *world, struct context *context)
{
	for (unsigned long n = 1; n <= world->swaps; n++) {
		struct context *next;
		weir_routes *routes = make(n, &next), *old;
		int error;

		while (sem_wait(&world->progress) && errno == EINTR)
			continue;
		error = weir_server_swap_routes(world->server, routes, &old);
		stress_check(!error, "swap: %s", strerror(-error));
		retire(old, context);
		context = next;
	}
	return context;
}

static void *visitors(void *arg)
{
	stress_threads(CLIENTS, visit, arg);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct weir_server_options options = {
		.workers = 4, .queue_target = WEIR_NONE, .listen = "127.0.0.1:0"};
	const struct weir_report *report;
	static struct world world;
	struct context *context;
	weir_routes *old;
	pthread_t crowd;

	world.swaps = stress_iterations(argc, argv, 5000);
	stress_check(!sem_init(&world.progress, 0, 0), "no semaphore");
	stress_check(!weir_server_create(&options, &world.server), "create");
	stress_check(!weir_server_swap_routes(world.server, make(0, &context), &old), "swap");
	weir_routes_destroy(old);
	stress_check(!weir_server_start(world.server), "start");
	stress_check(!pthread_create(&crowd, NULL, visitors, &world), "no thread");
	context = swap(&world, context);
	atomic_store(&world.over, true);
	(void)pthread_join(crowd, NULL);
	weir_server_stop(world.server, "the end");
	stress_check(weir_server_wait(world.server, &report) == WEIR_CLEAN, "not clean");
	weir_server_destroy(world.server);
	free(context);
	printf("%lu tables came and went; %lu requests were answered\n", world.swaps,
	       atomic_load(&world.answered));
	return 0;
}
