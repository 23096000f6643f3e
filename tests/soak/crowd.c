/* crowd.c: the threads of the clients, and how they connect and ask. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/must.h"
#include "visitor.h"

#define MOMENT_NS (20 * 1000 * 1000L)
/* A WebSocket over TLS for which libmicrohttpd had no memory is ended by its next ping, after up to
 * 30 seconds. */
#define PATIENCE (60 * WEIR_SECOND)

struct soak_crowd {
	struct soak *soak;
	unsigned count;
	struct soak_visitor visitors[];
};

void soak_random_init(struct soak_random *random, uint64_t seed, unsigned stream)
{
	/* splitmix64 (G. Steele, D. Lea, C. Flood, 2014): seeds of streams that are not alike. */
	uint64_t state = seed + (stream + 1) * 0x9e3779b97f4a7c15ULL;

	state = (state ^ state >> 30) * 0xbf58476d1ce4e5b9ULL;
	state = (state ^ state >> 27) * 0x94d049bb133111ebULL;
	random->state = (state ^ state >> 31) | 1;
}

bool soak_go_on(struct soak *soak)
{
	bool go_on;

	must(pthread_mutex_lock(&soak->lock) == 0, "lock");
	if (soak->paused && !soak->over) {
		soak->parked++;
		must(pthread_cond_broadcast(&soak->changed) == 0, "broadcast");
		while (soak->paused && !soak->over)
			must(pthread_cond_wait(&soak->changed, &soak->lock) == 0, "wait");
		soak->parked--;
	}
	go_on = !soak->over;
	must(pthread_mutex_unlock(&soak->lock) == 0, "unlock");
	return go_on;
}

bool soak_wants_quiet(struct soak *soak)
{
	bool quiet;

	must(pthread_mutex_lock(&soak->lock) == 0, "lock");
	quiet = soak->paused || soak->over;
	must(pthread_mutex_unlock(&soak->lock) == 0, "unlock");
	return quiet;
}

void soak_await_server(struct soak *soak, unsigned epoch)
{
	struct timespec limit;
	int error = 0;

	must(clock_gettime(CLOCK_REALTIME, &limit) == 0, "clock");
	limit.tv_nsec += MOMENT_NS;
	if (limit.tv_nsec >= 1000000000L) {
		limit.tv_nsec -= 1000000000L;
		limit.tv_sec++;
	}
	must(pthread_mutex_lock(&soak->lock) == 0, "lock");
	while (error == 0 && soak->epoch == epoch && !soak->over)
		error = pthread_cond_timedwait(&soak->changed, &soak->lock, &limit);
	must(pthread_mutex_unlock(&soak->lock) == 0, "unlock");
	must(error == 0 || error == ETIMEDOUT, "wait: %s", strerror(error));
}

unsigned soak_address(struct soak *soak, char url[64], char tls[64])
{
	unsigned epoch;

	must(pthread_mutex_lock(&soak->lock) == 0, "lock");
	memcpy(url, soak->journal.url, 64);
	memcpy(tls, soak->journal.tls_url, 64);
	epoch = soak->epoch;
	must(pthread_mutex_unlock(&soak->lock) == 0, "unlock");
	return epoch;
}

bool visitor_connect(struct soak_visitor *visitor)
{
	struct soak *soak = visitor->soak;
	unsigned where = soak_below(&visitor->random, 10);
	char url[64], tls[64];
	const char *to = url;
	int error = -ENOENT;

	if (visitor->open)
		return true;
	visitor->epoch = soak_address(soak, url, tls);
	/* Only one of the two configurations has it. */
	if (where == 0)
		error = client_try_open(&visitor->client, soak->extra_url);
	if (where < 4)
		to = soak->public_url;
	else if (where < 7 && *tls)
		to = tls;
	if (error != 0)
		error = client_try_open(&visitor->client, to);
	visitor->open = error == 0;
	visitor->answers = 0;
	visitor->client.patience = PATIENCE;
	if (visitor->open)
		return true;
	must(error == -ECONNREFUSED || error == -ENOENT || error == -EAGAIN, "connecting: %s",
	     strerror(-error));
	visitor_count(&soak->tally.refused);
	soak_await_server(soak, visitor->epoch);
	return false;
}

void visitor_leave(struct soak_visitor *visitor, bool reset)
{
	if (!visitor->open)
		return;
	if (reset)
		client_reset(&visitor->client);
	else
		client_close(&visitor->client);
	visitor->open = false;
}

bool visitor_send(struct soak_visitor *visitor, const void *data, size_t size)
{
	return client_send_up_to(&visitor->client, data, size) == size;
}

void visitor_unheard(struct soak_visitor *visitor)
{
	visitor_count(&visitor->soak->tally.unheard);
	if (visitor->answers == 0)
		visitor_count(&visitor->soak->tally.unheard_first);
	visitor_leave(visitor, false);
}

static int finish(struct soak_visitor *visitor, struct reply *reply)
{
	struct soak_tally *tally = &visitor->soak->tally;

	if (reply->status == 0) {
		visitor_unheard(visitor);
		return 0;
	}
	visitor_count(&tally->heads[reply->status / 100]);
	visitor->answers++;
	if (!reply->complete)
		visitor_count(&tally->truncated);
	if (!reply->complete || reply_says_close(reply))
		visitor_leave(visitor, false);
	return reply->status;
}

int visitor_ask(struct soak_visitor *visitor, const char *text, const void *body, size_t size,
		struct reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	if (!visitor_connect(visitor))
		return 0;
	/* It may have answered before it had read all: what it said is received all the same. */
	if (visitor_send(visitor, text, strlen(text)) && size > 0)
		(void)visitor_send(visitor, body, size);
	client_receive(&visitor->client, reply);
	return finish(visitor, reply);
}

int visitor_ask_head(struct soak_visitor *visitor, const char *text, struct reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	if (!visitor_connect(visitor))
		return 0;
	(void)visitor_send(visitor, text, strlen(text));
	client_receive_head(&visitor->client, reply);
	return finish(visitor, reply);
}

/* The size of the header that has been received, once it is whole; 0 if the connection ended. */
static size_t await_head(struct client *client)
{
	const char *end;

	while (client->input_size == 0 ||
	       (end = memmem(client->input, client->input_size, "\r\n\r\n", 4)) == NULL) {
		if (!client_fill(client))
			return 0;
	}
	return (size_t)(end - client->input) + 4;
}

int visitor_head(struct soak_visitor *visitor, bool unparsed)
{
	struct client *client = &visitor->client;
	struct soak_tally *tally = &visitor->soak->tally;
	int status;

	do {
		size_t size = await_head(client);

		if (size == 0)
			return 0;
		must(size > 12 && memcmp(client->input, "HTTP/1.", 7) == 0 &&
			     isdigit((unsigned char)client->input[9]),
		     "no answer: %.*s", (int)size, client->input);
		status = (int)strtol(client->input + 9, NULL, 10);
		client_take(client, size);
	} while (status / 100 == 1 && status != 101);
	must(status >= 100 && status < 600, "status %d", status);
	visitor_count(unparsed ? &tally->unparsed : &tally->heads[status / 100]);
	return status;
}

static void *visit(void *arg)
{
	struct soak_visitor *visitor = arg;

	while (soak_go_on(visitor->soak)) {
		if (visitor->hostile)
			soak_visit_hostile(visitor);
		else
			soak_visit(visitor);
		/* Else it would be seen as open at a quiet moment. */
		if (soak_wants_quiet(visitor->soak))
			visitor_leave(visitor, false);
	}
	visitor_leave(visitor, false);
	return NULL;
}

struct soak_crowd *soak_crowd_start(struct soak *soak)
{
	unsigned count = soak->clients + soak->hostiles;
	struct soak_crowd *crowd = calloc(1, sizeof(*crowd) + count * sizeof(crowd->visitors[0]));

	must(crowd != NULL, "no memory");
	crowd->soak = soak;
	crowd->count = count;
	for (unsigned i = 0; i < count; i++) {
		struct soak_visitor *visitor = &crowd->visitors[i];

		visitor->soak = soak;
		visitor->number = i;
		visitor->hostile = i >= soak->clients;
		soak_random_init(&visitor->random, soak->seed, i + 1);
		must(pthread_create(&visitor->thread, NULL, visit, visitor) == 0, "no thread");
	}
	return crowd;
}

void soak_crowd_join(struct soak_crowd *crowd)
{
	for (unsigned i = 0; i < crowd->count; i++)
		must(pthread_join(crowd->visitors[i].thread, NULL) == 0, "join");
	free(crowd);
}
