/* support/client.c: see client.h. The socket never blocks; all waiting is poll(). */
#include "support/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/must.h"
#include "support/tls.h"

/* An answer larger than this is a fault of the test. */
static const size_t input_limit = (size_t)256 << 20;

/* Waits for `events`; 0 at the end of the patience. */
static int await(int fd, short events, weir_time until)
{
	struct pollfd one = {.fd = fd, .events = events};
	int ready;

	do
		ready = poll(&one, 1, must_poll_timeout(until));
	while (ready < 0 && errno == EINTR);
	must(ready >= 0, "poll: errno %d", errno);
	return ready;
}

static bool is_tls(const char *url)
{
	return strncmp(url, "https://", strlen("https://")) == 0;
}

#ifdef WEIR_TEST_TLS
static void open_tls(struct client *client)
{
	client->tls = tls_link_open(client->fd);
}

static void close_tls(struct client *client)
{
	tls_link_close(client->tls);
	client->tls = NULL;
}

static ssize_t put(struct client *client, const void *data, size_t size)
{
	return client->tls != NULL ? tls_link_send(client->tls, data, size)
				   : send(client->fd, data, size, MSG_NOSIGNAL);
}

static ssize_t get(struct client *client, void *data, size_t size)
{
	return client->tls != NULL ? tls_link_receive(client->tls, data, size)
				   : recv(client->fd, data, size, 0);
}

static bool has_pending(const struct client *client)
{
	return client->tls != NULL && tls_link_pending(client->tls);
}

static void say_bye(struct client *client)
{
	if (client->tls != NULL)
		tls_link_bye(client->tls);
}
#else
static void open_tls(struct client *client)
{
	(void)client;
	must(false, "these tests were built without TLS");
}

static void close_tls(struct client *client)
{
	(void)client;
}

static ssize_t put(struct client *client, const void *data, size_t size)
{
	return send(client->fd, data, size, MSG_NOSIGNAL);
}

static ssize_t get(struct client *client, void *data, size_t size)
{
	return recv(client->fd, data, size, 0);
}

static bool has_pending(const struct client *client)
{
	(void)client;
	return false;
}

static void say_bye(struct client *client)
{
	(void)client;
}
#endif

static int resolve(const char *url, struct sockaddr_storage *address, socklen_t *size)
{
	static const char tcp[] = "http://";
	static const char local[] = "unix:";
	char host[128];
	char *port;
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				 .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;

	memset(address, 0, sizeof(*address));
	if (strncmp(url, local, strlen(local)) == 0) {
		struct sockaddr_un *un = (struct sockaddr_un *)address;
		const char *path = url + strlen(local);

		if (strlen(path) >= sizeof(un->sun_path))
			return -ENAMETOOLONG;
		un->sun_family = AF_UNIX;
		memcpy(un->sun_path, path, strlen(path) + 1);
		*size = sizeof(*un);
		return 0;
	}
	if (is_tls(url))
		url++; /* as far from its end as the other */
	else if (strncmp(url, tcp, strlen(tcp)) != 0)
		return -EINVAL;
	if (strlen(url) - strlen(tcp) >= sizeof(host))
		return -EINVAL;
	memcpy(host, url + strlen(tcp), strlen(url) - strlen(tcp) + 1);
	port = strrchr(host, ':');
	if (port == NULL)
		return -EINVAL;
	*port++ = '\0';
	if (host[0] == '[' && port - host >= 3) {
		port[-2] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -EINVAL;
	memcpy(address, found->ai_addr, found->ai_addrlen);
	*size = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static int finish_connect(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (await(fd, POLLOUT, weir_after(MUST_PATIENCE)) == 0)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		return -errno;
	return -error;
}

static int bind_to(int fd, const char *own)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	if (own == NULL)
		return 0;
	if (inet_pton(AF_INET, own, &address.sin_addr) != 1)
		return -EINVAL;
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
}

static int open_with(struct client *client, const char *url, int window, const char *own)
{
	struct sockaddr_storage address;
	socklen_t size;
	int rc = resolve(url, &address, &size);

	*client = (struct client){.fd = -1, .end = CLIENT_OPEN};
	if (rc != 0)
		return rc;
	client->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (client->fd < 0)
		return -errno;
	rc = bind_to(client->fd, own);
	if (rc != 0)
		goto close_socket;
	if (window > 0 &&
	    setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window)) != 0) {
		rc = -errno;
		goto close_socket;
	}
	rc = connect(client->fd, (struct sockaddr *)&address, size) == 0 ? 0 : -errno;
	if (rc == -EINPROGRESS || rc == -EINTR)
		rc = finish_connect(client->fd);
	if (rc != 0)
		goto close_socket;
	if (is_tls(url))
		open_tls(client);
	return 0;

close_socket:
	close(client->fd);
	client->fd = -1;
	return rc;
}

int client_try_open(struct client *client, const char *url)
{
	return open_with(client, url, 0, NULL);
}

void client_open(struct client *client, const char *url)
{
	int rc = open_with(client, url, 0, NULL);

	must(rc == 0, "connecting to %s: %s", url, strerror(-rc));
}

void client_open_from(struct client *client, const char *url, const char *own)
{
	int rc = open_with(client, url, 0, own);

	must(rc == 0, "connecting to %s from %s: %s", url, own, strerror(-rc));
}

void client_open_window(struct client *client, const char *url, int window)
{
	int rc = open_with(client, url, window, NULL);

	must(rc == 0, "connecting to %s: %s", url, strerror(-rc));
}

void client_open_narrow(struct client *client, const char *url)
{
	client_open_window(client, url, 1);
}

/* Sends up to `size` bytes, giving up when nothing moves for `pause`. Sets *ended when
 * the server has closed. */
static size_t send_some(struct client *client, const char *data, size_t size, weir_time pause,
			bool *ended)
{
	size_t done = 0;

	*ended = false;
	while (done < size) {
		ssize_t sent = put(client, data + done, size - done);

		if (sent >= 0) {
			done += (size_t)sent;
		} else if (errno == EAGAIN) {
			if (await(client->fd, POLLOUT, weir_after(pause)) == 0)
				break;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			*ended = true;
			break;
		} else {
			must(errno == EINTR, "send: %s", strerror(errno));
		}
	}
	return done;
}

void client_send(struct client *client, const void *data, size_t size)
{
	bool ended;
	size_t sent = send_some(client, data, size, MUST_PATIENCE, &ended);

	must(sent == size, "sent %zu of %zu bytes; the server %s", sent, size,
	     ended ? "has closed" : "does not read");
}

void client_send_text(struct client *client, const char *text)
{
	client_send(client, text, strlen(text));
}

void client_printf(struct client *client, const char *format, ...)
{
	char *text;
	va_list args;
	int size;

	va_start(args, format);
	size = vasprintf(&text, format, args);
	va_end(args);
	must(size >= 0, "vasprintf failed");
	client_send(client, text, (size_t)size);
	free(text);
}

size_t client_send_up_to(struct client *client, const void *data, size_t size)
{
	bool ended;
	size_t sent = send_some(client, data, size, MUST_PATIENCE, &ended);

	must(sent == size || ended, "sent %zu of %zu bytes; the server neither reads nor closes",
	     sent, size);
	return sent;
}

size_t client_send_until_blocked(struct client *client, const void *data, size_t size,
				 weir_time pause)
{
	bool ended;
	size_t sent = send_some(client, data, size, pause, &ended);

	must(!ended, "the server has closed after %zu of %zu bytes", sent, size);
	return sent;
}

size_t client_trickle(struct client *client, const void *data, size_t size, weir_time interval)
{
	const char *bytes = data;
	bool ended = false;
	size_t done = 0;

	while (done < size && !ended) {
		done += send_some(client, bytes + done, 1, MUST_PATIENCE, &ended);
		if (await(client->fd, POLLIN | POLLRDHUP, weir_after(interval)) > 0)
			break;
	}
	return done;
}

static void make_room(struct client *client)
{
	size_t room = client->input_room > 0 ? 2 * client->input_room : 4096;
	char *input;

	if (client->input_size < client->input_room)
		return;
	must(room <= input_limit, "more than %zu bytes of answer", input_limit);
	input = realloc(client->input, room + 1);
	must(input != NULL, "no memory for %zu bytes", room);
	client->input = input;
	client->input_room = room;
}

bool client_fill(struct client *client)
{
	weir_time until = weir_after(MUST_PATIENCE);

	if (client->end != CLIENT_OPEN)
		return false;
	make_room(client);
	for (;;) {
		ssize_t size = get(client, client->input + client->input_size,
				   client->input_room - client->input_size);

		if (size > 0) {
			client->input_size += (size_t)size;
			client->input[client->input_size] = '\0';
			return true;
		}
		if (size == 0) {
			client->end = CLIENT_CLOSED;
			return false;
		}
		if (errno == ECONNABORTED) {
			client->end = CLIENT_CUT;
			return false;
		}
		if (errno == ECONNRESET || errno == EPIPE) {
			client->end = CLIENT_RESET;
			return false;
		}
		must(errno == EAGAIN || errno == EINTR, "recv: %s", strerror(errno));
		if (await(client->fd, POLLIN, until) == 0)
			must_fail(__FILE__, __LINE__, "the server answers",
				  "nothing came; received before: %.*s", (int)client->input_size,
				  client->input);
	}
}

void client_await_text(struct client *client, const char *text)
{
	while (client->input_size < strlen(text) ||
	       memmem(client->input, client->input_size, text, strlen(text)) == NULL) {
		bool more = client_fill(client);

		must(more, "the connection ended before \"%s\" came; received: %.*s", text,
		     (int)client->input_size, client->input != NULL ? client->input : "");
	}
}

void client_take(struct client *client, size_t size)
{
	must(size <= client->input_size, "taking %zu of %zu bytes", size, client->input_size);
	client->input_size -= size;
	if (size > 0)
		memmove(client->input, client->input + size, client->input_size + 1);
}

enum client_end client_await_end(struct client *client)
{
	do
		client->input_size = 0;
	while (client_fill(client));
	return client->end;
}

bool client_is_quiet(struct client *client)
{
	return client->end == CLIENT_OPEN && client->input_size == 0 && !has_pending(client) &&
	       await(client->fd, POLLIN | POLLRDHUP, weir_now()) == 0;
}

void client_half_close(struct client *client)
{
	int rc;

	say_bye(client);
	rc = shutdown(client->fd, SHUT_WR);

	/* After a reset by the server there is nothing to be shut; what is received tells of it. */
	must(rc == 0 || errno == ENOTCONN, "shutdown: %s", strerror(errno));
}

void client_close(struct client *client)
{
	close_tls(client);
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	free(client->input);
	client->input = NULL;
	client->input_size = client->input_room = 0;
}

void client_reset(struct client *client)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	int rc = setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));

	must(rc == 0, "SO_LINGER: %s", strerror(errno));
	client_close(client);
}
