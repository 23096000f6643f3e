/* stress/rehearse.c: rehearsals in a loop, under load, until a stop comes at a random moment.
 *
 * In each round some clients ask, over connections that they keep, handlers that sleep, that
 * compute, that wait for the drain token and that never look; a thread rehearses, with random
 * fractions and brief times, while another one tries to do the same; a third looks at forecast,
 * metrics and status, and then stops the server, sometimes in a hurry. Every request gets a whole
 * answer, 200 or 503, unless the stop was faster; no rehearsal outlasts the stop; intake goes on
 * after each; and the accounts add up to the last request. */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/weir.h>

#include "stress/stress.h"
#include "support/client.h"
#include "support/metrics.h"
#include "support/reply.h"

enum { CLIENTS = 4, REHEARSERS = 2, PARTS = CLIENTS + REHEARSERS + 1 };

struct round {
	weir_server *server;
	const char *url;
	unsigned number;
	atomic_ulong answered, told; /* replies with 200 and 503 */
	atomic_ulong rehearsals, tripped, busy;
};

static int sleep_a_little(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	return weir_sleep(token, weir_after(2 * WEIR_MILLISECOND))
		       ? -ECANCELED
		       : weir_response_printf(response, "slept\n");
}

static int compute(weir_request *request, weir_response *response, weir_token *token)
{
	unsigned i;

	(void)request;
	for (i = 0; i < 20000; i++)
		if (weir_token_check(token))
			return -ECANCELED;
	return weir_response_printf(response, "computed\n");
}

static int wait_for_drain(weir_request *request, weir_response *response, weir_token *token)
{
	weir_token *either, *drain = weir_request_drain_token(request);
	int error = weir_token_create_linked((weir_token *[]){token, drain}, 2, &either);

	if (error)
		return error;
	error = weir_token_wait(either, weir_after(3 * WEIR_MILLISECOND));
	weir_token_unref(either);
	return weir_token_check(token) ? -ECANCELED : weir_response_printf(response, "%d\n", error);
}

static int never_look(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	(void)sched_yield();
	return weir_response_printf(response, "here\n");
}

static const struct {
	const char *pattern, *path;
	weir_handler handler;
} routes[] = {
	{"GET /sleep", "/sleep", sleep_a_little},
	{"GET /compute", "/compute", compute},
	{"GET /drain", "/drain", wait_for_drain},
	{"GET /never", "/never", never_look},
};

/* False when the server has gone. */
static bool ask(struct round *round, struct client *client, struct stress_random *random)
{
	char text[64];
	struct reply reply;
	int size = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: test\r\n\r\n",
			    routes[stress_random_below(random, 4)].path);
	bool goes_on;

	if (client_send_up_to(client, text, (size_t)size) < (size_t)size)
		return false;
	client_receive(client, &reply);
	goes_on = reply.status != 0 && !reply_says_close(&reply);
	if (reply.status == 0)
		stress_check(weir_server_stopping(round->server), "no answer without a stop");
	else
		stress_check(reply.complete && (reply.status == 200 || reply.status == 503),
			     "round %u: status %d, complete %d", round->number, reply.status,
			     reply.complete);
	if (reply.status == 200)
		atomic_fetch_add(&round->answered, 1);
	else if (reply.status == 503)
		atomic_fetch_add(&round->told, 1);
	reply_free(&reply);
	return goes_on;
}

static void be_client(struct round *round, struct stress_random *random)
{
	while (!weir_server_stopping(round->server)) {
		unsigned budget = 1 + stress_random_below(random, 50);
		struct client client;

		if (client_try_open(&client, round->url))
			return;
		while (budget-- > 0 && ask(round, &client, random))
			;
		client_close(&client);
	}
}

static void check_rehearsal(const struct weir_rehearsal_options *options,
			    const struct weir_rehearsal *out)
{
	stress_check(out->tripped <= out->in_flight, "%" PRIu64 " of %" PRIu64 " tripped",
		     out->tripped, out->in_flight);
	stress_check(out->over <= out->tripped, "%" PRIu64 " of %" PRIu64 " over", out->over,
		     out->tripped);
	stress_check(out->over == out->tripped || out->paused >= options->timeout,
		     "gave up after %" PRId64 " of %" PRId64 " ns", out->paused, options->timeout);
	stress_check(out->p50 <= out->p99 && out->p99 <= out->last && out->last <= out->paused,
		     "times %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64, out->p50, out->p99,
		     out->last, out->paused);
}

static void rehearse(struct round *round, struct stress_random *random)
{
	int error = 0;

	while (error != -ECANCELED) {
		const struct weir_rehearsal_options options = {
			.fraction = (1 + stress_random_below(random, 100)) / 100.0,
			.timeout = 1 + stress_random_below(random, 3000000)};
		struct weir_rehearsal out;

		error = weir_server_rehearse(round->server, &options, &out);
		stress_check(error == 0 || error == -EBUSY || error == -ECANCELED, "error %d",
			     error);
		if (error == 0) {
			check_rehearsal(&options, &out);
			atomic_fetch_add(&round->rehearsals, 1);
			atomic_fetch_add(&round->tripped, out.tripped);
		} else if (error == -EBUSY) {
			atomic_fetch_add(&round->busy, 1);
			(void)sched_yield();
		}
	}
}

static void look_and_stop(struct round *round, struct stress_random *random)
{
	unsigned looks = stress_random_below(random, 60);

	while (looks-- > 0) {
		struct weir_forecast forecast;
		struct metrics_account account;
		char *text;

		stress_check(weir_server_forecast(round->server, &forecast) == 0, "no forecast");
		stress_check(forecast.cancelled + forecast.cut <= forecast.in_flight, "sums");
		metrics_account_read(round->server, &account);
		metrics_account_check(&account);
		stress_check(weir_server_status(round->server, &text, NULL) == 0, "no status");
		free(text);
	}
	if (stress_random_below(random, 3) == 0)
		weir_server_cancel(round->server, "stress");
	else
		weir_server_stop(round->server, "stress");
}

static void take_part(void *arg, unsigned number)
{
	struct round *round = arg;
	struct stress_random random;

	stress_random_init(&random, round->number * PARTS + number);
	if (number < CLIENTS)
		be_client(round, &random);
	else if (number < CLIENTS + REHEARSERS)
		rehearse(round, &random);
	else
		look_and_stop(round, &random);
}

static void check_end(struct round *round)
{
	struct metrics_account account;
	const struct weir_report *report;
	int outcome = weir_server_wait(round->server, &report);

	stress_check(outcome == WEIR_CLEAN, "round %u: outcome %d", round->number, outcome);
	metrics_account_read(round->server, &account);
	metrics_account_check(&account);
	stress_check(account.in_flight == 0 && account.cut == 0, "something is left");
	stress_check(account.answered == atomic_load(&round->answered),
		     "round %u: %" PRIu64 " answered, %lu got one", round->number, account.answered,
		     atomic_load(&round->answered));
	stress_check(account.refused + account.cancelled == atomic_load(&round->told),
		     "round %u: %" PRIu64 " refused, %" PRIu64 " cancelled, %lu were told",
		     round->number, account.refused, account.cancelled, atomic_load(&round->told));
	stress_check(account.accepted == account.answered + account.refused + account.cancelled,
		     "round %u: not all accounted for", round->number);
}

static void run_round(unsigned number, unsigned long *rehearsals, unsigned long *tripped)
{
	const struct weir_server_options options = {.listen = "127.0.0.1:0",
						    .workers = 2,
						    .grace = STRESS_PATIENCE,
						    .drain_timeout = 2 * STRESS_PATIENCE};
	struct round round = {.number = number};
	unsigned i;

	stress_check(weir_server_create(&options, &round.server) == 0, "no server");
	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		stress_check(weir_server_route(round.server, routes[i].pattern, routes[i].handler,
					       NULL, NULL) == 0,
			     "route %u", i);
	stress_check(weir_server_start(round.server) == 0, "it does not start");
	round.url = weir_server_url(round.server, 0);
	stress_threads(PARTS, take_part, &round);
	check_end(&round);
	weir_server_destroy(round.server);
	*rehearsals += atomic_load(&round.rehearsals);
	*tripped += atomic_load(&round.tripped);
}

int main(int argc, char **argv)
{
	unsigned long rounds = stress_iterations(argc, argv, 100), rehearsals = 0, tripped = 0, i;

	for (i = 0; i < rounds; i++)
		run_round((unsigned)i, &rehearsals, &tripped);
	stress_check(rehearsals > 0 && tripped > 0, "nothing was rehearsed");
	printf("%lu servers, %lu rehearsals that tripped %lu requests\n", rounds, rehearsals,
	       tripped);
	return 0;
}
