/* weir_stop.c: how long after the last handler's end does a stop return?
 *
 * Each run makes a server as a program would, with the default 64 workers, lets one
 * request in, asks for the stop while its handler runs, and lets the handler go on for a
 * while. Measured: from the handler's last line to the return of weir_server_wait().
 *
 * Threads: main, which stops and waits; one client a run, which asks and reads to the end
 * of the connection; the server's. Two semaphores order them: `entered` (the handler to
 * main) and `stopping` (main to the handler).
 *
 * Prints "sample NANOSECONDS" for each run.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/weir.h>

#include "../support/parse.h"

struct run {
	weir_time hold; /* what the handler still works after the stop was asked for */
	sem_t entered;
	sem_t stopping;
	_Atomic(weir_time) ended; /* the handler's last line; read after the wait */
	uint64_t port;
	int client_result;
};

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0) {
		if (errno != EINTR)
			abort();
	}
}

static void post(sem_t *semaphore)
{
	if (sem_post(semaphore) != 0)
		abort();
}

static int work(weir_request *request, weir_response *response, weir_token *token)
{
	struct run *run = weir_request_context(request);
	int result = weir_response_body_static(response, "done\n", 5);

	post(&run->entered);
	wait_for(&run->stopping);
	if (result == 0)
		result = weir_sleep(token, weir_after(run->hold));
	atomic_store(&run->ended, weir_now());
	return result;
}

static int connect_to(uint64_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		int result = -errno;

		close(fd);
		return result;
	}
	return fd;
}

/* Reads to the end of the connection: 0 if what came was a 200. */
static int read_answer(int fd)
{
	static const char wanted[] = "HTTP/1.1 200 ";
	char text[1024];
	size_t used = 0;
	ssize_t got;

	while ((got = recv(fd, text + used, sizeof(text) - used, 0)) > 0)
		used += (size_t)got;
	if (got < 0)
		return -errno;
	return used >= sizeof(wanted) && memcmp(text, wanted, sizeof(wanted) - 1) == 0 ? 0
										       : -EBADMSG;
}

static void *client(void *arg)
{
	static const char request[] = "GET /work HTTP/1.1\r\nHost: bench\r\n\r\n";
	struct run *run = arg;
	int fd = connect_to(run->port);

	if (fd < 0) {
		run->client_result = fd;
	} else {
		if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) !=
		    (ssize_t)sizeof(request) - 1)
			run->client_result = -EIO;
		else
			run->client_result = read_answer(fd);
		close(fd);
	}
	/* A request that never came must not leave main waiting for its handler. */
	if (run->client_result != 0)
		post(&run->entered);
	return NULL;
}

/* One request through a started server, and the stop. */
static int measure(weir_server *server, struct run *run, weir_time *sample)
{
	pthread_t thread;
	weir_time returned;
	int outcome, result;

	if (bench_parse_after(weir_server_url(server, 0), "http://127.0.0.1:", UINT16_MAX,
			      &run->port) != 0)
		return -EINVAL;
	result = -pthread_create(&thread, NULL, client, run);
	if (result != 0)
		return result;
	wait_for(&run->entered);
	weir_server_stop(server, "bench");
	post(&run->stopping);
	outcome = weir_server_wait(server, NULL);
	returned = weir_now();
	result = -pthread_join(thread, NULL);
	if (result == 0)
		result = run->client_result;
	if (result == 0 && outcome != WEIR_CLEAN)
		result = outcome < 0 ? outcome : -EPROTO;
	*sample = returned - atomic_load(&run->ended);
	return result;
}

static int one_run(weir_time hold, weir_time *sample)
{
	const struct weir_server_options options = {.listen = "127.0.0.1:0"};
	struct run run = {.hold = hold};
	weir_server *server;
	int result;

	if (sem_init(&run.entered, 0, 0) != 0)
		return -errno;
	if (sem_init(&run.stopping, 0, 0) != 0) {
		result = -errno;
		goto destroy_entered;
	}
	result = weir_server_create(&options, &server);
	if (result != 0)
		goto destroy_stopping;
	result = weir_server_route(server, "GET /work", work, &run, NULL);
	if (result == 0)
		result = weir_server_start(server);
	if (result == 0)
		result = measure(server, &run, sample);
	weir_server_destroy(server);
destroy_stopping:
	(void)sem_destroy(&run.stopping);
destroy_entered:
	(void)sem_destroy(&run.entered);
	return result;
}

int main(int argc, char **argv)
{
	uint64_t runs = 0, hold_max = 0, first = 0;
	double part;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("weir %s\n", weir_version()) < 0;
	if (argc != 4 || bench_parse_after(argv[1], "", 1000000, &runs) != 0 ||
	    bench_parse_after(argv[2], "", 100000, &hold_max) != 0 ||
	    bench_parse_after(argv[3], "", 1000000, &first) != 0) {
		(void)fprintf(stderr, "usage: weir_stop RUNS MILLISECONDS FIRST\n");
		return 2;
	}
	for (uint64_t i = 0; i < runs; i++) {
		weir_time sample = 0;
		int result;

		/* Spreads the runs evenly over 0 to hold_max, the same way in every peer;
		 * FIRST is how many were done before. */
		part = (double)(first + i + 1) * 0.6180339887498949;
		part -= (unsigned)part;
		result =
			one_run((weir_time)(part * (double)(hold_max * WEIR_MILLISECOND)), &sample);
		if (result != 0) {
			(void)fprintf(stderr, "weir_stop: run %llu: %s\n", (unsigned long long)i,
				      strerror(-result));
			return 1;
		}
		if (printf("sample %lld\n", (long long)sample) < 0 || fflush(stdout) != 0)
			return 1;
	}
	return 0;
}
