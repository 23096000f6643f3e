/* load_test.c: the load generator against a server whose every fault is known.
 *
 * The server is one thread that answers in the order of arrival. It can stand still once for a
 * while, as under a garbage collection: what an open loop must see is the delay of everything that
 * was due meanwhile, where a closed loop would see it once for each client.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/clock.h"
#include "support/load.h"

#define CONNECTIONS 900 /* within the usual soft limit of descriptors */

#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BUSY "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno"

struct server {
	/* Fixed. */
	unsigned pause_at, pause_ms; /* before that answer, once */
	unsigned refuse_each;        /* every n-th is answered 503 */
	unsigned close_each;         /* after every n-th answer the connection is closed, unsaid */
	unsigned drop_each;          /* instead of every n-th answer it is closed */
	bool drop_second;            /* instead of the second answer on each connection */
	bool mute;                   /* never answers */
	/* The thread's. */
	int listener, stop;
	unsigned asked;
	struct pollfd fds[CONNECTIONS + 2];
	unsigned answered[CONNECTIONS + 2]; /* on each */
	nfds_t count;
};

static unsigned failures;

static void expect(bool holds, const char *text, int line)
{
	if (!holds) {
		(void)fprintf(stderr, "load_test.c:%d: %s\n", line, text);
		failures++;
	}
}

#define EXPECT(condition) expect((condition), #condition, __LINE__)

static void must(bool holds, const char *what)
{
	if (!holds) {
		(void)fprintf(stderr, "load_test: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static bool each(unsigned every, unsigned n)
{
	return every > 0 && n % every == 0;
}

/* False if the connection is to be closed. */
static bool answer(struct server *server, nfds_t i)
{
	char request[512];
	const char *text = GOOD;
	const int fd = server->fds[i].fd;
	ssize_t size = recv(fd, request, sizeof(request), 0);
	unsigned n;

	if (size <= 0)
		return false;
	if (server->mute)
		return true;
	n = ++server->asked;
	if (n == server->pause_at) {
		struct timespec pause = {0, (long)server->pause_ms * 1000000};

		must(nanosleep(&pause, NULL) == 0, "nanosleep");
	}
	if (each(server->drop_each, n) || (server->drop_second && server->answered[i] == 1))
		return false;
	server->answered[i]++;
	if (each(server->refuse_each, n))
		text = BUSY;
	/* A client that has given up is no longer there. */
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return false;
	return !each(server->close_each, n);
}

static void accept_one(struct server *server)
{
	int fd = accept(server->listener, NULL, NULL);

	if (fd < 0)
		return;
	must(server->count < CONNECTIONS + 2, "too many connections");
	server->answered[server->count] = 0;
	server->fds[server->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void *serve(void *arg)
{
	struct server *server = arg;

	server->fds[0] = (struct pollfd){.fd = server->stop, .events = POLLIN};
	server->fds[1] = (struct pollfd){.fd = server->listener, .events = POLLIN};
	server->count = 2;
	for (;;) {
		must(poll(server->fds, server->count, -1) > 0, "poll");
		if (server->fds[0].revents)
			break;
		for (nfds_t i = server->count; i-- > 2;) {
			if (server->fds[i].revents && !answer(server, i)) {
				close(server->fds[i].fd);
				server->fds[i] = server->fds[--server->count];
				server->answered[i] = server->answered[server->count];
			}
		}
		if (server->fds[1].revents)
			accept_one(server);
	}
	for (nfds_t i = 2; i < server->count; i++)
		close(server->fds[i].fd);
	return NULL;
}

static void run(struct server *server, struct bench_load_options options,
		struct bench_load_result *result)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	uint64_t one = 1;
	pthread_t thread;

	server->stop = eventfd(0, EFD_CLOEXEC);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(server->stop >= 0 && server->listener >= 0, "sockets");
	must(bind(server->listener, (struct sockaddr *)&address, size) == 0 &&
		     listen(server->listener, SOMAXCONN) == 0 &&
		     getsockname(server->listener, (struct sockaddr *)&address, &size) == 0,
	     "listen");
	must(pthread_create(&thread, NULL, serve, server) == 0, "pthread_create");
	options.port = ntohs(address.sin_port);
	options.connections = CONNECTIONS;
	options.seed = 1;
	EXPECT(bench_load_run(&options, result) == 0);
	must(write(server->stop, &one, sizeof(one)) == sizeof(one), "eventfd");
	must(pthread_join(thread, NULL) == 0, "pthread_join");
	close(server->listener);
	close(server->stop);
}

static double p_ms(const struct bench_load_result *result, double percent)
{
	return bench_histogram_percentile(&result->answers, percent) / (double)BENCH_MS;
}

/* Of a second's arrivals, 30% are due while the server stands still for 300 ms, and are answered up
 * to 300 ms late. Whatever else the machine does only adds to it. */
static void test_no_omission(struct bench_load_result *result)
{
	struct server server = {.pause_at = 200, .pause_ms = 300};

	run(&server,
	    (struct bench_load_options){.rate = 1000, .measured = BENCH_S, .deadline = 5 * BENCH_S},
	    result);
	EXPECT(result->scheduled > 800 && result->scheduled < 1200);
	EXPECT(result->good == result->scheduled);
	EXPECT(p_ms(result, 80) >= 50);
	EXPECT(p_ms(result, 90) >= 150);
	EXPECT(p_ms(result, 99) >= 250);
}

/* Who is due in the first 200 ms of those 300 gives up after 100. */
static void test_deadline(struct bench_load_result *result)
{
	struct server server = {.pause_at = 200, .pause_ms = 300};

	run(&server,
	    (struct bench_load_options){
		    .rate = 1000, .measured = BENCH_S, .deadline = 100 * BENCH_MS},
	    result);
	EXPECT(result->late + result->unsent >= 120);
	EXPECT(result->good > 0);
	EXPECT(bench_histogram_percentile(&result->answers, 100) <= 101.0 * (double)BENCH_MS);
}

/* It comes to an end all the same. */
static void test_no_answer(struct bench_load_result *result)
{
	struct server server = {.mute = true};

	run(&server,
	    (struct bench_load_options){
		    .rate = 1000, .measured = BENCH_S / 4, .deadline = 100 * BENCH_MS},
	    result);
	EXPECT(result->late == result->scheduled && result->late > 100);
}

static void test_refusals(struct bench_load_result *result)
{
	struct server server = {.refuse_each = 4};

	run(&server,
	    (struct bench_load_options){
		    .rate = 1000, .measured = BENCH_S / 2, .deadline = 5 * BENCH_S},
	    result);
	EXPECT(result->refused >= result->scheduled / 4 - 1 &&
	       result->refused <= result->scheduled / 4 + 1);
	EXPECT(result->good == result->scheduled - result->refused);
	EXPECT(result->refusals.count == result->refused);
}

/* An idle connection that the server has closed loses nobody; one that it closes instead of an
 * answer does, when it was fresh. */
static void test_closed_connections(struct bench_load_result *result)
{
	struct server closing = {.close_each = 3}, stale = {.drop_second = true},
		      dropping = {.close_each = 1, .drop_each = 2};
	const struct bench_load_options options = {
		.rate = 1000, .measured = BENCH_S / 2, .deadline = 5 * BENCH_S};

	run(&closing, options, result);
	EXPECT(result->good == result->scheduled);
	EXPECT(result->connects >= result->scheduled / 3);
	run(&stale, options, result);
	EXPECT(result->good == result->scheduled);
	EXPECT(result->connects >= result->scheduled / 2);
	run(&dropping, options, result);
	EXPECT(result->lost > 0);
}

static void test_closed_loop(struct bench_load_result *result)
{
	struct server server = {0};

	run(&server,
	    (struct bench_load_options){
		    .concurrency = 4, .measured = BENCH_S / 4, .deadline = 5 * BENCH_S},
	    result);
	EXPECT(result->good == result->scheduled && result->good > 100);
	EXPECT(result->connects == 4);
}

int main(void)
{
	struct bench_load_result *result = malloc(sizeof(*result));

	must(result != NULL, "malloc");
	test_no_omission(result);
	test_deadline(result);
	test_no_answer(result);
	test_refusals(result);
	test_closed_connections(result);
	test_closed_loop(result);
	free(result);
	return failures != 0;
}
