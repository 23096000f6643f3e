/* adapters/stress_ws.c: clients that come, talk and go, while others send and close from outside,
 * and in the end a stop in the middle of it all.
 *
 * Invariants: what comes to a client are whole frames; each connection that was opened is closed
 * once, and its argument released once; the stop is clean, because every client answers.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <weir/weir.h>
#include <weir/ws.h>

#include "stress/stress.h"
#include "support/ws_client.h"

enum { CLIENTS = 12, MEDDLERS = 2, KEPT = 16 };

static weir_server *server;
static weir_ws_hub *hub;
static unsigned long rounds;
static atomic_ulong asked, opened, closed, released, messages;
static atomic_bool over;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static weir_ws *kept[KEPT]; /* under it; with references */

static void keep(weir_ws *ws, unsigned long place)
{
	weir_ws *before;

	stress_check(pthread_mutex_lock(&lock) == 0, "lock");
	before = kept[place % KEPT];
	kept[place % KEPT] = ws ? weir_ws_ref(ws) : NULL;
	stress_check(pthread_mutex_unlock(&lock) == 0, "unlock");
	if (before)
		weir_ws_unref(before);
}

static void on_open(weir_ws *ws, void *arg)
{
	(void)arg;
	keep(ws, atomic_fetch_add(&opened, 1));
}

static void on_message(weir_ws *ws, void *arg, enum weir_ws_kind kind, const void *data,
		       size_t size)
{
	(void)arg;
	(void)atomic_fetch_add(&messages, 1);
	(void)weir_ws_send(ws, kind, data, size);
}

static void on_close(weir_ws *ws, void *arg, int code)
{
	(void)ws, (void)arg, (void)code;
	(void)atomic_fetch_add(&closed, 1);
}

static void release(void *arg)
{
	free(arg);
	(void)atomic_fetch_add(&released, 1);
}

static int accept_ws(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	(void)atomic_fetch_add(&asked, 1);
	return weir_ws_accept(hub, request, response, malloc(1));
}

/* Reads until the close, and answers it, or until the end. */
static void read_out(struct ws_client *ws)
{
	while (ws_receive(ws)) {
		if (ws->frame.first == (WS_FIN | WS_CLOSE)) {
			ws_send_close(ws, 1000);
			return;
		}
	}
}

static void visit(struct ws_client *ws, struct stress_random *random)
{
	static const char data[4096];
	unsigned count = stress_random_below(random, 8), i;

	for (i = 0; i < count; i++)
		ws_send(ws, WS_FIN | WS_BINARY, data, stress_random_below(random, sizeof(data)));
	switch (stress_random_below(random, 4)) {
	case 0:
		client_reset(&ws->client);
		break;
	case 1: /* half a frame */
		client_send(&ws->client, "\x82", 1);
		break;
	case 2:
		client_send(&ws->client, "\xff\x01x", 3); /* and rubbish */
		read_out(ws);
		break;
	default:
		ws_send_close(ws, 1000);
		read_out(ws);
	}
}

static void be_a_client(void *arg, unsigned number)
{
	struct stress_random random;

	(void)arg;
	stress_random_init(&random, number);
	for (unsigned long i = 0; i < rounds; i++) {
		struct ws_client ws;

		ws_open(&ws, weir_server_url(server, 0), "/ws");
		visit(&ws, &random);
		ws_destroy(&ws);
	}
}

static void *meddle(void *arg)
{
	struct stress_random random;
	char data[512] = "";

	stress_random_init(&random, (unsigned)(uintptr_t)arg + CLIENTS);
	while (!atomic_load(&over)) {
		weir_ws *targets[KEPT];
		size_t count = 0;

		stress_check(pthread_mutex_lock(&lock) == 0, "lock");
		for (unsigned i = 0; i < KEPT; i++) {
			if (kept[i])
				targets[count++] = weir_ws_ref(kept[i]);
		}
		stress_check(pthread_mutex_unlock(&lock) == 0, "unlock");
		stress_check(weir_ws_send_all(targets, count, WEIR_WS_BINARY, data,
					      stress_random_below(&random, sizeof(data))) == 0,
			     "send_all");
		if (count > 0 && stress_random_below(&random, 4) == 0)
			stress_check(weir_ws_close(
					     targets[stress_random_below(&random, (unsigned)count)],
					     4001, "meddled with") == 0,
				     "close");
		while (count > 0)
			weir_ws_unref(targets[--count]);
		(void)weir_sleep(NULL, weir_after(100 * WEIR_MICROSECOND)); /* a pace, no wait */
	}
	return NULL;
}

/* The clients are there when the stop begins. */
static void stop_in_the_middle(void)
{
	static struct ws_client ws[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		ws_open(&ws[i], weir_server_url(server, 0), "/ws");
	weir_server_stop(server, "stress");
	for (int i = 0; i < CLIENTS; i++) {
		read_out(&ws[i]);
		(void)client_await_end(&ws[i].client);
		ws_destroy(&ws[i]);
	}
}

int main(int argc, char **argv)
{
	static const struct weir_ws_handlers handlers = {on_open, on_message, on_close, release};
	const struct weir_server_options options = {.listen = "127.0.0.1:0",
						    .queue_target = WEIR_NONE,
						    .drain_timeout = STRESS_PATIENCE,
						    .grace = STRESS_PATIENCE};
	pthread_t meddlers[MEDDLERS];

	rounds = stress_iterations(argc, argv, 300);
	stress_check(weir_ws_hub_create(&handlers, NULL, &hub) == 0, "hub");
	stress_check(weir_server_create(&options, &server) == 0, "server");
	stress_check(weir_server_route(server, "GET /ws", accept_ws, NULL, NULL) == 0, "route");
	stress_check(weir_server_start(server) == 0, "start");
	for (uintptr_t i = 0; i < MEDDLERS; i++)
		stress_check(pthread_create(&meddlers[i], NULL, meddle, (void *)i) == 0, "thread");
	stress_threads(CLIENTS, be_a_client, NULL);
	stop_in_the_middle();
	const int outcome = weir_server_wait(server, NULL);
	atomic_store(&over, true);
	for (int i = 0; i < MEDDLERS; i++)
		stress_check(pthread_join(meddlers[i], NULL) == 0, "join");
	for (unsigned i = 0; i < KEPT; i++)
		keep(NULL, i);
	weir_server_destroy(server);
	weir_ws_hub_destroy(hub);
	stress_check(outcome == WEIR_CLEAN, "outcome %d", outcome);
	stress_check(opened == closed, "%lu opened, %lu closed", opened, closed);
	stress_check(asked == released, "%lu asked for, %lu released", asked, released);
	return 0;
}
