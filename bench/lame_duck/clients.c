/* clients.c: keep-alive clients with pauses; see lame_duck.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../support/clock.h"
#include "lame_duck.h"

#define PATIENCE (20 * BENCH_S)

struct client {
	pthread_t thread;
	struct clients *all;
	unsigned seed;
	int error;
	struct ends ends;
};

struct clients {
	uint16_t port;
	unsigned count, think;
	atomic_uint ready; /* have had an answer */
	struct client client[];
};

static int dial(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = -errno;

		(void)close(fd);
		return error;
	}
	return fd;
}

/* Pauses. True if the connection was closed meanwhile. */
static bool pause_or_end(struct client *client, int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	int pause = (int)((unsigned)rand_r(&client->seed) % (2 * client->all->think + 1));

	return poll(&wait, 1, pause) > 0;
}

/* 1: answered, 2: answered 503, 0: no answer at all, or a negative errno. *told: it says close. */
static int ask(int fd, bool *told)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
	char text[1024];
	size_t got = 0;

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		return errno == EPIPE || errno == ECONNRESET ? 0 : -errno;
	for (;;) {
		ssize_t more = recv(fd, text + got, sizeof(text) - 1 - got, 0);

		if (more <= 0 && got == 0)
			return more == 0 || errno == ECONNRESET ? 0 : -errno;
		if (more <= 0)
			return -EBADMSG; /* an answer that ends in its midst */
		got += (size_t)more;
		text[got] = '\0';
		if (strstr(text, "\r\n\r\nHello, world\n"))
			break;
		if (strncmp(text, "HTTP/1.1 503 ", 13) == 0 && strstr(text, "is stopping\n"))
			return 2;
	}
	*told = strstr(text, "Connection: close") != NULL;
	return 1;
}

static void converse(struct client *client, int fd)
{
	for (;;) {
		bool told = false;
		int result = ask(fd, &told);

		if (result < 0)
			client->error = result;
		else if (result == 0)
			client->ends.lost++;
		if (result == 2)
			client->ends.refused++;
		if (result != 1)
			return;
		if (client->ends.requests++ == 0)
			atomic_fetch_add(&client->all->ready, 1);
		if (told) {
			client->ends.told++;
			return;
		}
		if (pause_or_end(client, fd)) {
			client->ends.idle++;
			return;
		}
	}
}

static void *run(void *arg)
{
	struct client *client = arg;
	int fd = dial(client->all->port);

	if (fd < 0) {
		client->error = fd;
		return NULL;
	}
	converse(client, fd);
	(void)close(fd);
	return NULL;
}

int clients_start(struct clients **out, uint16_t port, unsigned count, unsigned think,
		  unsigned seed)
{
	struct clients *clients = calloc(1, sizeof(*clients) + count * sizeof(clients->client[0]));

	if (!clients)
		return -ENOMEM;
	clients->port = port;
	clients->think = think;
	for (unsigned i = 0; i < count; i++) {
		struct client *client = &clients->client[i];
		int error;

		client->all = clients;
		client->seed = seed * count + i + 1;
		error = -pthread_create(&client->thread, NULL, run, client);
		if (error != 0) {
			struct ends ends = {.requests = 0};

			(void)clients_end(clients, &ends);
			return error;
		}
		clients->count = i + 1;
	}
	*out = clients;
	return 0;
}

int clients_await(struct clients *clients)
{
	int64_t limit = bench_now() + PATIENCE;

	while (atomic_load(&clients->ready) < clients->count) {
		const struct timespec moment = {.tv_nsec = 200000};

		if (bench_now() > limit)
			return -ETIMEDOUT;
		(void)nanosleep(&moment, NULL);
	}
	return 0;
}

int clients_end(struct clients *clients, struct ends *ends)
{
	int error = 0;

	for (unsigned i = 0; i < clients->count; i++) {
		const struct client *client = &clients->client[i];

		(void)pthread_join(client->thread, NULL);
		ends->requests += client->ends.requests;
		ends->told += client->ends.told;
		ends->idle += client->ends.idle;
		ends->lost += client->ends.lost;
		ends->refused += client->ends.refused;
		if (client->error != 0)
			error = client->error;
	}
	free(clients);
	return error;
}
