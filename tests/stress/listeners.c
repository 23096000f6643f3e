/* stress/listeners.c: listeners come and go under load, thousands of times.
 *
 * One thread opens a listener, tells the clients of it, and closes the one before, again and again:
 * TCP and Unix sockets by turns. Clients ask over connections that they keep and over new ones. A
 * client may be refused by a listener that has gone in the meantime, and then goes to the new
 * one; nothing else may happen to it: once it is connected it is answered. At the end there are as
 * many descriptors as at the beginning. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/weir.h>

#include "stress/stress.h"
#include "support/client.h"
#include "support/descriptors.h"
#include "support/reply.h"
#include "support/scratch.h"

#define CLIENTS 4
#define URL_SIZE 256

struct world {
	weir_server *server;
	struct scratch scratch;
	unsigned long swaps;
	atomic_bool over;
	atomic_ulong answered, refused;
	sem_t progress;
	pthread_mutex_t lock;
	char url[URL_SIZE];    /* under the lock: where to go */
	unsigned long version; /* likewise: counts the listeners */
};

static unsigned long look(struct world *world, char url[URL_SIZE])
{
	unsigned long version;

	(void)pthread_mutex_lock(&world->lock);
	memcpy(url, world->url, URL_SIZE);
	version = world->version;
	(void)pthread_mutex_unlock(&world->lock);
	return version;
}

/* A connection to wherever the server listens now. */
static void enter(struct world *world, struct client *client)
{
	for (;;) {
		char url[URL_SIZE], then[URL_SIZE];
		unsigned long version = look(world, url);
		int error = client_try_open(client, url);

		if (!error)
			return;
		stress_check(error == -ECONNREFUSED || error == -ENOENT, "connecting to %s: %s",
			     url, strerror(-error));
		stress_check(look(world, then) != version, "refused by %s, which is open", url);
		atomic_fetch_add(&world->refused, 1);
	}
}

/* A listener is not exchanged before the clients have got so many answers since the last time: who
 * comes between its refusal and its end is kept waiting for a second by TCP. */
#define ANSWERS_PER_SWAP 20

/* True if the connection can be used again. */
static bool ask(struct world *world, struct client *client)
{
	struct reply reply;
	bool again;

	client_send_text(client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	client_receive(client, &reply);
	stress_check(reply.status == 200 && reply.complete, "status %d, %s", reply.status,
		     reply.complete ? "whole" : "cut");
	again = !reply_says_close(&reply);
	reply_free(&reply);
	if (atomic_fetch_add(&world->answered, 1) % ANSWERS_PER_SWAP == 0)
		(void)sem_post(&world->progress);
	return again;
}

static void visit(void *arg, unsigned number)
{
	struct world *world = arg;

	while (!atomic_load(&world->over)) {
		struct client client;
		unsigned left = number % 2 ? 1 : 100;

		enter(world, &client);
		while (ask(world, &client) && --left > 0 && !atomic_load(&world->over))
			continue;
		client_close(&client);
	}
}

static void open_next(struct world *world, unsigned long n, char *url)
{
	char address[URL_SIZE] = "127.0.0.1:0";
	int error;

	if (n % 2)
		(void)snprintf(address, sizeof(address), "unix:%.200s/%lu", world->scratch.path, n);
	error = weir_server_listen(world->server, address, WEIR_SCOPE_PUBLIC);
	stress_check(!error, "listen: %s", strerror(-error));
	(void)snprintf(url, URL_SIZE, "%s", weir_server_url(world->server, n > 0));
}

/* `last` is the URL of the first one. */
static void swap(struct world *world, char *last)
{
	for (unsigned long n = 1; n < world->swaps; n++) {
		char next[URL_SIZE];
		int error;

		while (sem_wait(&world->progress) && errno == EINTR)
			continue;
		open_next(world, n, next);
		(void)pthread_mutex_lock(&world->lock);
		memcpy(world->url, next, URL_SIZE);
		world->version++;
		(void)pthread_mutex_unlock(&world->lock);
		error = weir_server_unlisten(world->server, last);
		stress_check(!error, "unlisten %s: %s", last, strerror(-error));
		stress_check(weir_server_url(world->server, 0) &&
				     !weir_server_url(world->server, 1),
			     "there is one listener");
		memcpy(last, next, URL_SIZE);
	}
}

static int hello(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_printf(response, "hello\n");
}

static void *visitors(void *arg)
{
	stress_threads(CLIENTS, visit, arg);
	return NULL;
}

static void run(struct world *world)
{
	const struct weir_server_options options = {.workers = 4, .queue_target = WEIR_NONE};
	const struct weir_report *report;
	pthread_t crowd;
	char first[URL_SIZE];

	stress_check(!weir_server_create(&options, &world->server), "create");
	stress_check(!weir_server_route(world->server, "GET /", hello, NULL, NULL), "route");
	stress_check(!weir_server_start(world->server), "start");
	open_next(world, 0, first);
	memcpy(world->url, first, URL_SIZE);
	stress_check(!pthread_create(&crowd, NULL, visitors, world), "no thread");
	swap(world, first);
	atomic_store(&world->over, true);
	(void)pthread_join(crowd, NULL);
	weir_server_stop(world->server, "the end");
	stress_check(weir_server_wait(world->server, &report) == WEIR_CLEAN, "not clean");
	weir_server_destroy(world->server);
}

int main(int argc, char **argv)
{
	static struct world world;
	unsigned before;

	world.swaps = stress_iterations(argc, argv, 2000);
	scratch_make(&world.scratch);
	stress_check(!pthread_mutex_init(&world.lock, NULL) && !sem_init(&world.progress, 0, 0),
		     "no lock");
	before = descriptors_count();
	run(&world);
	stress_check(descriptors_count() == before, "%u descriptors before, %u after", before,
		     descriptors_count());
	stress_check(scratch_count(&world.scratch, ".") == 0, "socket files are left");
	scratch_remove(&world.scratch);
	printf("%lu listeners came and went; %lu requests were answered, %lu clients went on to "
	       "the "
	       "next listener\n",
	       world.swaps, atomic_load(&world.answered), atomic_load(&world.refused));
	return 0;
}
