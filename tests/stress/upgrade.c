/* stress/upgrade.c: connections that leave HTTP, closed from everywhere, with a stop in the middle.
 *
 * In each round some clients upgrade connections as fast as they can. What becomes of one is left
 * to chance: `run` echoes and closes it, closes it at once, leaves it to a thread of the program's
 * that closes it at some time, has a callback of its token close it, or echoes deaf to its token;
 * the client goes early, late or half. A stop falls into it, patient or so hurried that it has to
 * cut. Each connection's `run` or `drop` is called exactly once, each that was opened is closed
 * exactly once, the counts of the report say so, and the server is gone while the last closer is
 * still returning.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/weir.h>

#include "stress/stress.h"
#include "support/client.h"

enum { CLIENTS = 3 };

struct round;

struct one {
	struct round *round;
	weir_upgraded *connection;
	weir_token_callback callback;
	struct one *next;
	unsigned fate;
};

enum fate { ECHOED, CLOSED, LEFT, BY_TOKEN, DEAF, FATES };

struct round {
	weir_server *server;
	const char *url;
	unsigned number;
	_Atomic unsigned asked, begun, dropped, closed;
	_Atomic bool over;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct one *left; /* under the lock: for the closer */
	bool no_more;     /* likewise */
};

static void close_one(struct one *one)
{
	struct round *round = one->round;

	atomic_fetch_add(&round->closed, 1);
	weir_upgraded_close(one->connection);
	free(one);
}

static void leave(struct one *one)
{
	struct round *round = one->round;

	(void)pthread_mutex_lock(&round->lock);
	one->next = round->left;
	round->left = one;
	(void)pthread_cond_signal(&round->changed);
	(void)pthread_mutex_unlock(&round->lock);
}

/* With its token, or deaf to it. */
static void echo(struct one *one, weir_token *token)
{
	int fd = weir_upgraded_fd(one->connection);
	char buffer[64];
	ssize_t got;

	while ((got = weir_read(token, fd, buffer, sizeof(buffer), WEIR_NEVER)) > 0)
		if (weir_write(token, fd, buffer, (size_t)got, WEIR_NEVER, NULL) < 0)
			break;
	close_one(one);
}

static void tripped(void *arg)
{
	struct one *one = arg;

	weir_token_callback_detach(&one->callback);
	close_one(one);
}

static void run(weir_upgraded *connection, void *arg)
{
	struct one *one = arg;

	atomic_fetch_add(&one->round->begun, 1);
	one->connection = connection;
	switch ((enum fate)one->fate) {
	case ECHOED:
		echo(one, weir_upgraded_token(connection));
		return;
	case DEAF:
		echo(one, NULL);
		return;
	case LEFT:
		leave(one);
		return;
	case BY_TOKEN:
		weir_token_callback_add(weir_upgraded_token(connection), &one->callback, tripped,
					one);
		return;
	case CLOSED:
	case FATES:
		break;
	}
	close_one(one);
}

static void drop(void *arg)
{
	struct one *one = arg;

	atomic_fetch_add(&one->round->dropped, 1);
	free(one);
}

static int handle(weir_request *request, weir_response *response, weir_token *token)
{
	struct round *round = weir_request_context(request);
	struct one *one = calloc(1, sizeof(*one));
	const struct weir_upgrade_options options = {
		.protocol = "test", .run = run, .drop = drop, .arg = one};
	int error;

	(void)token;
	if (!one)
		return -ENOMEM;
	one->round = round;
	one->fate = atomic_fetch_add(&round->asked, 1) % FATES;
	error = weir_response_upgrade(response, &options);
	if (error) {
		atomic_fetch_sub(&round->asked, 1);
		free(one);
	}
	return error;
}

/* A thread of the program's, which has some of the connections. */
static void *closer(void *arg)
{
	struct round *round = arg;
	bool more = true;

	while (more) {
		struct one *list;

		(void)pthread_mutex_lock(&round->lock);
		while (!round->left && !round->no_more)
			(void)pthread_cond_wait(&round->changed, &round->lock);
		list = round->left;
		round->left = NULL;
		more = !round->no_more || list;
		(void)pthread_mutex_unlock(&round->lock);
		while (list) {
			struct one *next = list->next;

			close_one(list);
			list = next;
		}
	}
	return NULL;
}

static void visit(struct round *round, struct stress_random *random)
{
	static const char ask[] = "GET / HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\n"
				  "Upgrade: test\r\n\r\nearly";
	char buffer[512];
	struct client client;
	unsigned manner = stress_random_below(random, 4);

	if (client_try_open(&client, round->url))
		return;
	(void)client_send_up_to(&client, ask, sizeof(ask) - 1);
	if (manner > 0) {
		struct pollfd poller = {.fd = client.fd, .events = POLLIN};

		(void)poll(&poller, 1, 1000);
		(void)recv(client.fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	}
	if (manner == 1)
		(void)shutdown(client.fd, SHUT_WR);
	if (manner == 3 && round->number % 2 == 0) /* stays until the server ends it */
		(void)client_await_end(&client);
	if (manner == 2)
		client_reset(&client);
	else
		client_close(&client);
}

static void client_thread(void *arg, unsigned number)
{
	struct round *round = arg;
	struct stress_random random;

	stress_random_init(&random, round->number * 16 + number);
	if (number == CLIENTS) {
		unsigned after = stress_random_below(&random, 60);
		unsigned patience = 20; /* all clients may wait for the stop by now */

		while (atomic_load(&round->asked) < after && patience-- > 0)
			(void)poll(NULL, 0, 1);
		weir_server_stop(round->server, "stress");
		atomic_store(&round->over, true);
		return;
	}
	while (!atomic_load(&round->over))
		visit(round, &random);
}

static unsigned long upgraded, cut;

/* With the report, if it did not. */
static void ended_well(unsigned number, int outcome, const struct weir_report *report)
{
	char *text = NULL;
	size_t size;

	if (outcome == WEIR_CLEAN || (outcome == WEIR_FORCED && number % 2 == 0))
		return;
	stress_check(weir_report_text(report, &text, &size) == 0, "report");
	stress_check(false, "round %u: outcome %d\n%s", number, outcome, text);
}

static void play(unsigned number)
{
	const struct weir_server_options options = {
		.listen = "127.0.0.1:0",
		.workers = 4,
		.queue = 8,
		.grace = number % 2 ? 30 * WEIR_SECOND : WEIR_NONE,
		.drain_timeout = number % 2 ? 30 * WEIR_SECOND : WEIR_NONE,
	};
	struct round round = {.number = number};
	const struct weir_report *report;
	pthread_t thread;
	int outcome;

	(void)pthread_mutex_init(&round.lock, NULL);
	(void)pthread_cond_init(&round.changed, NULL);
	stress_check(weir_server_create(&options, &round.server) == 0, "create");
	stress_check(weir_server_route(round.server, "GET /", handle, &round, NULL) == 0, "route");
	stress_check(weir_server_start(round.server) == 0, "start");
	stress_check(pthread_create(&thread, NULL, closer, &round) == 0, "thread");
	round.url = weir_server_url(round.server, 0);
	stress_threads(CLIENTS + 1, client_thread, &round);
	outcome = weir_server_wait(round.server, &report);
	ended_well(number, outcome, report);
	stress_check(report->counts.upgraded_cut <= report->counts.upgraded, "more cut than open");
	cut += (unsigned long)report->counts.upgraded_cut;
	weir_server_destroy(round.server);
	stress_check(atomic_load(&round.asked) ==
			     atomic_load(&round.begun) + atomic_load(&round.dropped),
		     "round %u: %u asked, %u run, %u dropped", number, atomic_load(&round.asked),
		     atomic_load(&round.begun), atomic_load(&round.dropped));
	stress_check(atomic_load(&round.begun) == atomic_load(&round.closed),
		     "round %u: %u run, %u closed", number, atomic_load(&round.begun),
		     atomic_load(&round.closed));
	upgraded += atomic_load(&round.begun);
	(void)pthread_mutex_lock(&round.lock);
	round.no_more = true;
	(void)pthread_cond_signal(&round.changed);
	(void)pthread_mutex_unlock(&round.lock);
	(void)pthread_join(thread, NULL);
	(void)pthread_cond_destroy(&round.changed);
	(void)pthread_mutex_destroy(&round.lock);
}

int main(int argc, char **argv)
{
	unsigned long rounds = stress_iterations(argc, argv, 100), i;

	for (i = 0; i < rounds; i++)
		play((unsigned)i);
	printf("%lu servers stopped, %lu connections upgraded, %lu cut\n", rounds, upgraded, cut);
	return 0;
}
