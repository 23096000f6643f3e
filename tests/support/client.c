/* support/client.c: see client.h. The socket never blocks; all waiting is poll(). */
#include "support/client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/dial.h"
#include "support/must.h"
#include "support/tls.h"

/* An answer larger than this is a fault of the test. */
static const size_t input_limit = (size_t)256 << 20;

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

static int open_with(struct client *client, const char *url, int window, const char *own)
{
	int fd = dial(url, window, own);

	*client = (struct client){.fd = fd < 0 ? -1 : fd, .end = CLIENT_OPEN};
	if (fd < 0)
		return fd;
	if (strncmp(url, "https://", strlen("https://")) == 0)
		open_tls(client);
	return 0;
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
			if (!must_poll(client->fd, POLLOUT, weir_after(pause)))
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
		if (must_poll(client->fd, POLLIN | POLLRDHUP, weir_after(interval)))
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
	weir_time until = weir_after(client->patience ? client->patience : MUST_PATIENCE);

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
		if (!must_poll(client->fd, POLLIN, until))
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
	       !must_poll(client->fd, POLLIN | POLLRDHUP, weir_now());
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
