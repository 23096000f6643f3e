/* stress/tls_renew.c: certificates are renewed under load, a thousand times.
 *
 * Clients make one handshake after another, or keep their connection for some requests, while two
 * certificates are loaded and exchanged in turn, each time from files, and given up at once. Each
 * handshake must come to its end with one of the two, each request must be answered 200, and the
 * server must count as many handshakes as the clients, and no failure. What a handshake still
 * uses of a certificate that was given up the sanitizers would tell. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/tls.h>
#include <weir/weir.h>

#include "stress/stress.h"
#include "support/client.h"
#include "support/metrics.h"
#include "support/reply.h"
#include "support/scratch.h"
#include "support/tls.h"

#define CLIENTS 3
/* A certificate is not exchanged before so many handshakes have been made under it. */
#define HANDSHAKES_PER_RENEWAL 2

struct world {
	weir_server *server;
	struct scratch scratch;
	unsigned long renewals;
	atomic_bool over;
	atomic_ulong handshakes, answered;
	atomic_ulong by_name[2];
	sem_t progress;
};

static int hello(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_printf(response, "hello");
}

static void use(struct world *world, unsigned long number)
{
	char pem[PATH_MAX + 16], key[PATH_MAX + 16], problem[256] = "";
	const struct weir_tls_pair pair = {pem, key};
	const struct weir_tls_options options = {.pairs = &pair, .pair_count = 1};
	weir_tls *tls;
	int rc;

	(void)snprintf(pem, sizeof(pem), "%s/%lu.pem", world->scratch.path, number % 2);
	(void)snprintf(key, sizeof(key), "%s/%lu.key", world->scratch.path, number % 2);
	rc = weir_tls_load(&options, &tls, problem, sizeof(problem));
	stress_check(rc == 0, "renewal %lu: %s", number, problem);
	weir_server_set_tls(world->server, tls);
	weir_tls_unref(tls);
}

static void ask(struct world *world, struct client *client)
{
	struct reply reply;

	client_get(client, "/hello", &reply);
	stress_check(reply.status == 200 && reply.complete, "status %d", reply.status);
	reply_free(&reply);
	(void)atomic_fetch_add(&world->answered, 1);
}

static void *visit(void *arg)
{
	struct world *world = arg;
	unsigned long round;

	for (round = 0; !atomic_load(&world->over); round++) {
		unsigned asks = round % 4 == 0 ? 20 : 1;
		struct client client;
		char *name;

		client_open(&client, weir_server_url(world->server, 0));
		stress_check(tls_link_shake(client.tls) == 0, "a handshake has failed");
		if (atomic_fetch_add(&world->handshakes, 1) % HANDSHAKES_PER_RENEWAL == 0)
			(void)sem_post(&world->progress);
		name = tls_link_peer(client.tls);
		stress_check(strcmp(name, "0") == 0 || strcmp(name, "1") == 0, "it is \"%s\"",
			     name);
		(void)atomic_fetch_add(&world->by_name[*name - '0'], 1);
		free(name);
		while (asks-- > 0)
			ask(world, &client);
		client_close(&client);
	}
	return NULL;
}

static void renew(struct world *world)
{
	unsigned long number;

	for (number = 1; number <= world->renewals; number++) {
		use(world, number);
		while (sem_wait(&world->progress) != 0)
			stress_check(errno == EINTR, "sem_wait: %d", errno);
	}
}

static void begin(struct world *world)
{
	const struct weir_server_options options = {.workers = 4, .queue_target = WEIR_NONE};
	int rc = weir_server_create(&options, &world->server);

	stress_check(rc == 0, "weir_server_create: %d", rc);
	scratch_make(&world->scratch);
	tls_make_certificate(&world->scratch, "0", "0", NULL, NULL);
	tls_make_certificate(&world->scratch, "1", "1", NULL, NULL);
	use(world, 0);
	rc = weir_server_route(world->server, "GET /hello", hello, NULL, NULL);
	if (!rc)
		rc = weir_server_listen_tls(world->server, "127.0.0.1:0", WEIR_SCOPE_PUBLIC);
	if (!rc)
		rc = weir_server_start(world->server);
	stress_check(rc == 0, "the server cannot be started: %d", rc);
}

int main(int argc, char **argv)
{
	static struct world world;
	pthread_t threads[CLIENTS];
	unsigned i;
	int rc;

	world.renewals = stress_iterations(argc, argv, 1000);
	stress_check(sem_init(&world.progress, 0, 0) == 0, "no semaphore");
	begin(&world);
	for (i = 0; i < CLIENTS; i++)
		stress_check(pthread_create(&threads[i], NULL, visit, &world) == 0, "no thread");
	renew(&world);
	atomic_store(&world.over, true);
	for (i = 0; i < CLIENTS; i++)
		stress_check(pthread_join(threads[i], NULL) == 0, "no join");
	weir_server_stop(world.server, "test");
	rc = weir_server_wait(world.server, NULL);
	stress_check(rc == WEIR_CLEAN, "outcome %d", rc);
	stress_check(metrics_now(world.server, "weir_tls_handshakes_total") ==
			     atomic_load(&world.handshakes),
		     "the server has counted other handshakes");
	stress_check(metrics_now(world.server, "weir_tls_handshake_failures_total") == 0,
		     "a handshake has failed");
	stress_check(atomic_load(&world.by_name[0]) > 0 && atomic_load(&world.by_name[1]) > 0,
		     "nobody saw the other certificate");
	weir_server_destroy(world.server);
	scratch_remove(&world.scratch);
	printf("tls_renew: %lu renewals, %lu handshakes, %lu answers\n", world.renewals,
	       atomic_load(&world.handshakes), atomic_load(&world.answered));
	return 0;
}
