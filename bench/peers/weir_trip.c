/* weir_trip.c: many handlers blocked at once, and one cancel for them all.
 *
 * Conversation with the bench:
 *	-> "listening url=..."	serves GET /block
 *	-> "ready"		so many handlers as were asked for have been entered
 *	<- a line		weir_server_cancel() is called
 *	-> "tripped NANOSECONDS"	the moment just before that call, on CLOCK_MONOTONIC
 * and it ends when the server has stopped.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include <weir/weir.h>

#include "../support/parse.h"

static int block(weir_request *request, weir_response *response, weir_token *token)
{
	sem_t *entered = weir_request_context(request);

	(void)response;
	if (sem_post(entered) != 0)
		return -errno;
	return weir_sleep(token, WEIR_NEVER);
}

static int say(const char *text)
{
	return puts(text) < 0 || fflush(stdout) != 0 ? -EIO : 0;
}

static int converse(weir_server *server, sem_t *entered, unsigned handlers)
{
	char line[64];
	weir_time tripped;
	int result;

	(void)snprintf(line, sizeof(line), "listening url=%s", weir_server_url(server, 0));
	result = say(line);
	for (unsigned i = 0; result == 0 && i < handlers; i++) {
		while (sem_wait(entered) != 0) {
			if (errno != EINTR)
				return -errno;
		}
	}
	if (result == 0)
		result = say("ready");
	if (result != 0)
		return result;
	if (!fgets(line, sizeof(line), stdin))
		return -EPIPE;
	tripped = weir_now();
	weir_server_cancel(server, "bench");
	(void)snprintf(line, sizeof(line), "tripped %lld", (long long)tripped);
	result = say(line);
	if (result == 0)
		result = weir_server_wait(server, NULL);
	/* Everybody was answered: that is a clean stop, and any other is a failure. */
	return result > 0 ? -EPROTO : result;
}

static int serve(unsigned handlers)
{
	const struct weir_server_options options = {.listen = "127.0.0.1:0", .workers = handlers};
	weir_server *server;
	sem_t entered;
	int result;

	if (sem_init(&entered, 0, 0) != 0)
		return -errno;
	result = weir_server_create(&options, &server);
	if (result != 0)
		goto destroy_entered;
	result = weir_server_route(server, "GET /block", block, &entered, NULL);
	if (result == 0)
		result = weir_server_start(server);
	if (result == 0)
		result = converse(server, &entered, handlers);
	weir_server_destroy(server);
destroy_entered:
	(void)sem_destroy(&entered);
	return result;
}

int main(int argc, char **argv)
{
	uint64_t handlers = 0;
	int result;

	if (argc != 2 || bench_parse_after(argv[1], "", 4096, &handlers) != 0) {
		(void)fprintf(stderr, "usage: weir_trip HANDLERS\n");
		return 2;
	}
	result = serve((unsigned)handlers);
	if (result != 0)
		(void)fprintf(stderr, "weir_trip: %s\n", strerror(-result));
	return result != 0;
}
