/* pool.c: the connections, by slots; those that are free and those that are idle are two stacks.
 *
 * Events are edge-triggered and registered once. epoll_pwait2() (Linux 5.11) has a timeout in
 * nanoseconds: with milliseconds, arrivals would come in bunches.
 */
#include "pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "clock.h"

#define SOURCES 200
#define EVENTS 256
#define ANSWER_MAX 1024

static const char request_text[] = "GET /work HTTP/1.1\r\nHost: bench\r\n\r\n";

struct bench_pool_connection {
	int fd;
	uint32_t generation; /* of the slot: tells events of its last connection from its own */
	bool connected, reused;
	void *request; /* NULL: idle */
	size_t place;  /* in `idle`, if idle */
	size_t filled;
	char answer[ANSWER_MAX];
};

struct bench_pool {
	int epoll;
	uint16_t port;
	struct bench_pool_handlers handlers;
	struct bench_pool_connection *slots;
	size_t most;
	struct bench_pool_connection **unused, **idle;
	size_t unused_count, idle_count;
	uint64_t connects;
};

int bench_pool_create(struct bench_pool **out, uint16_t port, size_t most,
		      const struct bench_pool_handlers *handlers)
{
	struct bench_pool *pool = calloc(1, sizeof(*pool));
	int result = -ENOMEM;

	if (!pool)
		return -ENOMEM;
	pool->port = port;
	pool->most = most;
	pool->handlers = *handlers;
	pool->slots = calloc(most, sizeof(*pool->slots));
	if (!pool->slots)
		goto free_pool;
	pool->unused = calloc(2 * most, sizeof(struct bench_pool_connection *));
	if (!pool->unused)
		goto free_slots;
	pool->idle = pool->unused + most;
	pool->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (pool->epoll < 0) {
		result = -errno;
		goto free_stacks;
	}
	for (size_t i = 0; i < most; i++) {
		pool->slots[i].fd = -1;
		pool->unused[pool->unused_count++] = &pool->slots[i];
	}
	*out = pool;
	return 0;
free_stacks:
	free(pool->unused);
free_slots:
	free(pool->slots);
free_pool:
	free(pool);
	return result;
}

static void push_idle(struct bench_pool *pool, struct bench_pool_connection *connection)
{
	connection->place = pool->idle_count;
	pool->idle[pool->idle_count++] = connection;
}

static void remove_idle(struct bench_pool *pool, struct bench_pool_connection *connection)
{
	struct bench_pool_connection *last = pool->idle[--pool->idle_count];

	pool->idle[connection->place] = last;
	last->place = connection->place;
}

/* Not idle any more, or never was. */
static void close_connection(struct bench_pool *pool, struct bench_pool_connection *connection)
{
	close(connection->fd);
	connection->fd = -1;
	connection->request = NULL;
	pool->unused[pool->unused_count++] = connection;
}

static int write_request(const struct bench_pool_connection *connection)
{
	ssize_t size = send(connection->fd, request_text, sizeof(request_text) - 1, MSG_NOSIGNAL);

	if (size < 0)
		return -errno;
	/* The buffer of a connection that carries nothing else takes it whole. */
	return size == sizeof(request_text) - 1 ? 0 : -EIO;
}

static int connect_from_many(struct bench_pool *pool, int fd)
{
	const int on = 1;
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(pool->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	from.sin_addr.s_addr = htonl(0x7f000101U + (uint32_t)(pool->connects % SOURCES));
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) != 0 ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)
		return -errno;
	return 0;
}

static int open_connection(struct bench_pool *pool, void *request,
			   struct bench_pool_connection **out)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
	struct bench_pool_connection *connection;
	int fd, result;

	if (pool->unused_count == 0)
		return -EAGAIN;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	connection = pool->unused[--pool->unused_count];
	connection->fd = fd;
	connection->generation++;
	connection->connected = connection->reused = false;
	connection->request = request;
	connection->filled = 0;
	event.data.u64 = (uint64_t)(connection - pool->slots) << 32 | connection->generation;
	result = connect_from_many(pool, fd);
	if (result == 0 && epoll_ctl(pool->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		result = -errno;
	if (result != 0) {
		close_connection(pool, connection);
		return result;
	}
	pool->connects++;
	*out = connection;
	return 0;
}

int bench_pool_send(struct bench_pool *pool, void *request, bool fresh,
		    struct bench_pool_connection **out)
{
	while (!fresh && pool->idle_count > 0) {
		struct bench_pool_connection *connection = pool->idle[pool->idle_count - 1];

		remove_idle(pool, connection);
		if (write_request(connection) == 0) {
			connection->request = request;
			connection->reused = true;
			connection->filled = 0;
			*out = connection;
			return 0;
		}
		close_connection(pool, connection);
	}
	/* An idle one makes room for one that has to be fresh. */
	if (pool->unused_count == 0 && pool->idle_count > 0) {
		struct bench_pool_connection *oldest = pool->idle[0];

		remove_idle(pool, oldest);
		close_connection(pool, oldest);
	}
	return open_connection(pool, request, out);
}

bool bench_pool_give_up(struct bench_pool *pool, struct bench_pool_connection *connection)
{
	bool written = connection->connected;

	close_connection(pool, connection);
	return written;
}

/* True if the answer's header says so. */
static bool says_close(const struct bench_pool_connection *connection,
		       const struct bench_answer *answer)
{
	static const char field[] = "\r\nConnection: close\r\n";
	const size_t length = sizeof(field) - 1;
	size_t header = (size_t)(answer->body - connection->answer);

	for (size_t i = 0; i + length <= header; i++) {
		if (strncasecmp(connection->answer + i, field, length) == 0)
			return true;
	}
	return false;
}

/* It is over without an answer, or was idle. */
static void end_connection(struct bench_pool *pool, struct bench_pool_connection *connection)
{
	void *request = connection->request;
	bool reused = connection->reused;

	if (!request)
		remove_idle(pool, connection);
	close_connection(pool, connection);
	if (request)
		pool->handlers.lost(pool->handlers.arg, request, reused);
}

static void take_answer(struct bench_pool *pool, struct bench_pool_connection *connection,
			const struct bench_answer *answer, bool ended)
{
	void *request = connection->request;

	connection->request = NULL;
	if (ended || says_close(connection, answer) || answer->size < connection->filled)
		close_connection(pool, connection);
	else
		push_idle(pool, connection);
	pool->handlers.answered(pool->handlers.arg, request, answer->status);
}

/* Until there is no more, or one answer is whole: the next request is only sent after it. `ended`:
 * the server has closed, which is not told again. */
static void read_answer(struct bench_pool *pool, struct bench_pool_connection *connection,
			bool ended)
{
	for (;;) {
		struct bench_answer answer;
		ssize_t size = recv(connection->fd, connection->answer + connection->filled,
				    ANSWER_MAX - connection->filled, 0);
		int whole;

		if (size < 0 && errno == EAGAIN)
			return;
		/* Something without having been asked, or more than any of the servers sends. */
		if (size <= 0 || !connection->request) {
			end_connection(pool, connection);
			return;
		}
		connection->filled += (size_t)size;
		whole = bench_answer_parse(connection->answer, connection->filled, &answer);
		if (whole < 0 || (whole == 0 && connection->filled == ANSWER_MAX)) {
			end_connection(pool, connection);
			return;
		}
		if (whole == 1) {
			take_answer(pool, connection, &answer, ended);
			return;
		}
	}
}

static void handle(struct bench_pool *pool, struct bench_pool_connection *connection,
		   uint32_t events)
{
	if (!connection->connected) {
		if (events & (EPOLLERR | EPOLLHUP)) {
			end_connection(pool, connection);
			return;
		}
		if (!(events & EPOLLOUT))
			return;
		connection->connected = true;
		if (write_request(connection) != 0)
			end_connection(pool, connection);
		return;
	}
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP))
		read_answer(pool, connection, (events & (EPOLLRDHUP | EPOLLHUP)) != 0);
}

int bench_pool_wait(struct bench_pool *pool, int64_t deadline)
{
	struct epoll_event events[EVENTS];
	int64_t left = deadline - bench_now();
	struct timespec timeout = {0, 0};
	int count;

	if (left > 0)
		timeout = (struct timespec){left / BENCH_S, left % BENCH_S};
	count = epoll_pwait2(pool->epoll, events, EVENTS, &timeout, NULL);
	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	/* A handler may close a connection whose event is yet to come, and open another there. */
	for (int i = 0; i < count; i++) {
		struct bench_pool_connection *connection = &pool->slots[events[i].data.u64 >> 32];

		if (connection->fd >= 0 && connection->generation == (uint32_t)events[i].data.u64)
			handle(pool, connection, events[i].events);
	}
	return 0;
}

uint64_t bench_pool_connects(const struct bench_pool *pool)
{
	return pool->connects;
}

void bench_pool_destroy(struct bench_pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->most; i++) {
		if (pool->slots[i].fd >= 0)
			close(pool->slots[i].fd);
	}
	close(pool->epoll);
	free(pool->unused);
	free(pool->slots);
	free(pool);
}
