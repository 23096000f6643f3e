/* client.c: connects, asks and collects, edge-triggered, one epoll registration for each
 * connection. */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "clock.h"
#include "say.h"

enum state { CONNECTING, ASKED, ANSWERED };

struct connection {
	int fd;
	enum state state;
	size_t used;
	char buffer[1024];
};

struct bench_client {
	struct bench_client_options options; /* path and body are borrowed */
	int epoll;
	size_t started, asked, answered;
	int64_t last; /* when the last answer was whole */
	size_t request_size;
	char request[256];
	struct connection *connections;
};

static int fail(const struct bench_client *client, const char *what, int error)
{
	bench_say("port %u, connection %zu of %zu: %s: %s", client->options.port, client->started,
		  client->options.count, what, strerror(-error));
	return error;
}

static int start_one(struct bench_client *client)
{
	struct connection *connection = &client->connections[client->started];
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(client->options.port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(client, "socket", -errno);
	connection->fd = fd;
	client->started++;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0)
		return fail(client, "TCP_NODELAY", -errno);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 && errno != EINPROGRESS)
		return fail(client, "connect", -errno);
	if (epoll_ctl(client->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		return fail(client, "epoll_ctl", -errno);
	return 0;
}

static int ask(struct bench_client *client, struct connection *connection)
{
	int error = 0;
	socklen_t size = sizeof(error);
	ssize_t sent;

	if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (error != 0)
		return fail(client, "connect", -error);
	/* The request is far smaller than an empty socket buffer: it goes whole. */
	sent = send(connection->fd, client->request, client->request_size, MSG_NOSIGNAL);
	if (sent != (ssize_t)client->request_size)
		return fail(client, "send", sent < 0 ? -errno : -EIO);
	connection->state = ASKED;
	client->asked++;
	return 0;
}

static int judge(struct bench_client *client, struct connection *connection)
{
	const struct bench_client_options *options = &client->options;
	struct bench_answer answer;
	int whole = bench_answer_parse(connection->buffer, connection->used, &answer);

	if (whole < 0)
		return fail(client, "this is no answer", whole);
	if (whole == 0)
		return connection->used == sizeof(connection->buffer)
			       ? fail(client, "answer", -EMSGSIZE)
			       : 0;
	client->last = bench_now();
	if (answer.status != options->status) {
		bench_say("port %u answers %d, not %d", options->port, answer.status,
			  options->status);
		return -EBADMSG;
	}
	if (options->body && (answer.body_size != strlen(options->body) ||
			      memcmp(answer.body, options->body, answer.body_size) != 0)) {
		bench_say("port %u answers with another body than it should", options->port);
		return -EBADMSG;
	}
	connection->state = ANSWERED;
	client->answered++;
	return 0;
}

static int take(struct bench_client *client, struct connection *connection)
{
	while (connection->state == ASKED) {
		ssize_t got = recv(connection->fd, connection->buffer + connection->used,
				   sizeof(connection->buffer) - connection->used, 0);
		int result;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (got <= 0)
			return fail(client, "closed without an answer",
				    got < 0 ? -errno : -ECONNRESET);
		connection->used += (size_t)got;
		result = judge(client, connection);
		if (result != 0)
			return result;
	}
	return 0;
}

static int handle(struct bench_client *client, const struct epoll_event *event)
{
	struct connection *connection = event->data.ptr;
	int result = 0;

	if (connection->state == CONNECTING && (event->events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		result = ask(client, connection);
	if (result == 0 && (event->events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		result = take(client, connection);
	return result;
}

/* Runs the loop until *done, one of the client's counts, has reached all connections. */
static int run(struct bench_client *client, const size_t *done, int64_t deadline)
{
	struct epoll_event events[256];
	int result;

	while (*done < client->options.count) {
		int count;

		while (client->started < client->options.count &&
		       client->started - client->answered < client->options.window) {
			result = start_one(client);
			if (result != 0)
				return result;
		}
		count = epoll_wait(client->epoll, events, 256, bench_ms_left(deadline));
		if (count < 0 && errno != EINTR)
			return fail(client, "epoll_wait", -errno);
		if (count == 0 && bench_now() >= deadline) {
			bench_say("port %u: %zu of %zu connections answered in time",
				  client->options.port, client->answered, client->options.count);
			return -ETIMEDOUT;
		}
		for (int i = 0; i < count; i++) {
			result = handle(client, &events[i]);
			if (result != 0)
				return result;
		}
	}
	return 0;
}

int bench_client_create(const struct bench_client_options *options, struct bench_client **out)
{
	struct bench_client *client = calloc(1, sizeof(*client));
	int length, result;

	if (!client)
		return -ENOMEM;
	client->options = *options;
	length = snprintf(client->request, sizeof(client->request),
			  "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", options->path,
			  options->port);
	if (length < 0 || (size_t)length >= sizeof(client->request)) {
		result = -ENAMETOOLONG;
		goto free_client;
	}
	client->request_size = (size_t)length;
	client->connections = calloc(options->count, sizeof(*client->connections));
	if (!client->connections) {
		result = -ENOMEM;
		goto free_client;
	}
	client->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (client->epoll < 0) {
		result = -errno;
		goto free_connections;
	}
	*out = client;
	return 0;

free_connections:
	free(client->connections);
free_client:
	free(client);
	return result;
}

int bench_client_ask(struct bench_client *client, int64_t deadline)
{
	if (client->options.window < client->options.count)
		return -EINVAL;
	return run(client, &client->asked, deadline);
}

int bench_client_collect(struct bench_client *client, int64_t deadline, int64_t *when)
{
	int result = run(client, &client->answered, deadline);

	if (result == 0 && when)
		*when = client->last;
	return result;
}

/* As recv() of one byte, once there is something to be had or the deadline has passed. */
static ssize_t next_byte(int fd, int64_t deadline)
{
	struct pollfd watched = {.fd = fd, .events = POLLIN};
	char byte;

	/* An interrupted or failed poll only means that recv() tries earlier. */
	if (poll(&watched, 1, bench_ms_left(deadline)) < 0 && errno != EINTR)
		bench_say("poll: %s", strerror(errno));
	return recv(fd, &byte, 1, MSG_DONTWAIT);
}

void bench_client_ends(struct bench_client *client, int64_t deadline,
		       struct bench_client_ends *ends)
{
	*ends = (struct bench_client_ends){0};
	for (size_t i = 0; i < client->started; i++) {
		ssize_t got = next_byte(client->connections[i].fd, deadline);

		if (got == 0)
			ends->clean++;
		else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			ends->open++;
		else
			ends->reset++;
	}
}

void bench_client_destroy(struct bench_client *client)
{
	if (!client)
		return;
	for (size_t i = 0; i < client->started; i++)
		close(client->connections[i].fd);
	close(client->epoll);
	free(client->connections);
	free(client);
}
