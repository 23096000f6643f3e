/* stress/chaos/wire.c: see wire.h. */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "chaos.h"

static socklen_t parse_url(const char *url, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_un *un = (struct sockaddr_un *)out;
	unsigned short port;
	char host[16];

	memset(out, 0, sizeof(*out));
	if (strncmp(url, "unix:", 5) == 0) {
		un->sun_family = AF_UNIX;
		(void)snprintf(un->sun_path, sizeof(un->sun_path), "%s", url + 5);
		return sizeof(*un);
	}
	in->sin_family = AF_INET;
	stress_check(sscanf(url, "http://%15[0-9.]:%hu", host, &port) == 2 &&
			     inet_pton(AF_INET, host, &in->sin_addr) == 1,
		     "url %s", url);
	in->sin_port = htons(port);
	return sizeof(*in);
}

/* TCP connects a socket to itself when its own port is the one where nobody listens. */
static bool is_mirror(int fd)
{
	struct sockaddr_in here = {0}, there = {0};
	socklen_t here_size = sizeof(here), there_size = sizeof(there);

	return getsockname(fd, (struct sockaddr *)&here, &here_size) == 0 &&
	       getpeername(fd, (struct sockaddr *)&there, &there_size) == 0 &&
	       here.sin_family == AF_INET && here.sin_port == there.sin_port;
}

bool wire_open(struct wire *wire, const char *url)
{
	struct sockaddr_storage address;
	socklen_t size = parse_url(url, &address);

	wire->ended = wire->reset = false;
	wire->size = wire->start = 0;
	wire->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	stress_check(wire->fd >= 0, "socket: %d", errno);
	if (connect(wire->fd, (struct sockaddr *)&address, size) == 0 && !is_mirror(wire->fd))
		return true;
	wire_close(wire);
	return false;
}

static void wait_for(const struct wire *wire, short events)
{
	struct pollfd poller = {.fd = wire->fd, .events = events};
	int ready;

	do
		ready = poll(&poller, 1, (int)(STRESS_PATIENCE / WEIR_MILLISECOND));
	while (ready < 0 && errno == EINTR);
	stress_check(ready > 0, "a client was left hanging, wanting to %s",
		     events & POLLIN ? "receive" : "send");
}

bool wire_send(struct wire *wire, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t done = send(wire->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (done >= 0) {
			at += done;
			size -= (size_t)done;
		} else if (errno == EAGAIN) {
			wait_for(wire, POLLOUT);
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

bool wire_printf(struct wire *wire, const char *format, ...)
{
	char text[8192];
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	stress_check(size >= 0 && size < (int)sizeof(text), "%d bytes", size);
	return wire_send(wire, text, (size_t)size);
}

bool wire_send_body(struct wire *wire, uint64_t from, uint64_t size)
{
	char buffer[16384];

	while (size > 0) {
		size_t n = size < sizeof(buffer) ? (size_t)size : sizeof(buffer);

		for (size_t i = 0; i < n; i++)
			buffer[i] = chaos_byte(from + i);
		if (!wire_send(wire, buffer, n))
			return false;
		from += n;
		size -= n;
	}
	return true;
}

/* Receives more; false at the end. */
static bool fill(struct wire *wire)
{
	if (wire->start > 0) {
		memmove(wire->input, wire->input + wire->start, wire->size - wire->start);
		wire->size -= wire->start;
		wire->start = 0;
	}
	stress_check(wire->size < sizeof(wire->input), "an answer's header is endless");
	while (!wire->ended) {
		ssize_t got = recv(wire->fd, wire->input + wire->size,
				   sizeof(wire->input) - wire->size, MSG_DONTWAIT);

		if (got > 0) {
			wire->size += (size_t)got;
			return true;
		}
		if (got < 0 && errno == EAGAIN) {
			wait_for(wire, POLLIN);
		} else if (got == 0 || errno != EINTR) {
			wire->ended = true;
			wire->reset = got < 0;
		}
	}
	return false;
}

/* The next line without its end, terminated; NULL at the end of the connection. */
static char *take_line(struct wire *wire)
{
	size_t seen = 0;

	for (;;) {
		char *line = wire->input + wire->start;
		char *end = memchr(line + seen, '\n', wire->size - wire->start - seen);

		if (end) {
			stress_check(end > line && end[-1] == '\r', "a line that does not end");
			end[-1] = '\0';
			wire->start += (size_t)(end + 1 - line);
			return line;
		}
		seen = wire->size - wire->start;
		if (!fill(wire))
			return NULL;
	}
}

static void look_at(struct reply *reply, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint64_t position = reply->size + i;

		if (position < sizeof(reply->text) - 1)
			reply->text[position] = data[i];
		if (reply->strange_at == reply->size + i && data[i] == chaos_byte(position))
			reply->strange_at++;
	}
	reply->size += size;
}

/* Takes `size` bytes of body; false if the connection ends before. */
static bool take_body(struct wire *wire, struct reply *reply, uint64_t size)
{
	while (size > 0) {
		size_t n = wire->size - wire->start;

		if (n == 0 && !fill(wire))
			return false;
		n = wire->size - wire->start;
		if (n > size)
			n = (size_t)size;
		look_at(reply, wire->input + wire->start, n);
		wire->start += n;
		size -= n;
	}
	return true;
}

static bool take_chunks(struct wire *wire, struct reply *reply)
{
	for (;;) {
		const char *line = take_line(wire);
		uint64_t size = line ? strtoull(line, NULL, 16) : 0;
		bool last = line && size == 0;

		if (!line || !take_body(wire, reply, size))
			return false;
		line = take_line(wire);
		if (!line)
			return false;
		stress_check(*line == '\0', "after a chunk comes \"%s\"", line);
		if (last)
			return true;
	}
}

struct head {
	bool chunked, has_length;
	uint64_t length;
};

static void note_field(struct head *head, struct reply *reply, const char *line)
{
	if (strncasecmp(line, "Content-Length: ", 16) == 0) {
		head->length = strtoull(line + 16, NULL, 10);
		head->has_length = true;
	} else if (strcasecmp(line, "Transfer-Encoding: chunked") == 0) {
		head->chunked = true;
	} else if (strcasecmp(line, "Connection: close") == 0) {
		reply->close = true;
	}
}

static enum reply_end take_head(struct wire *wire, struct head *head, struct reply *reply)
{
	const char *line = take_line(wire);

	memset(head, 0, sizeof(*head));
	memset(reply, 0, sizeof(*reply));
	if (!line)
		return wire->size == wire->start ? REPLY_NONE : REPLY_BROKEN;
	stress_check(sscanf(line, "HTTP/1.%*1[01] %d", &reply->status) == 1, "got \"%s\"", line);
	while ((line = take_line(wire)) && *line)
		note_field(head, reply, line);
	return line ? REPLY_WHOLE : REPLY_BROKEN;
}

enum reply_end wire_receive(struct wire *wire, struct reply *reply, bool head_only)
{
	struct head head;
	enum reply_end end;
	bool whole;

	do
		end = take_head(wire, &head, reply);
	while (end == REPLY_WHOLE && reply->status < 200);
	if (end != REPLY_WHOLE || head_only || reply->status == 204 || reply->status == 304)
		return end;
	if (head.chunked) {
		whole = take_chunks(wire, reply);
	} else if (head.has_length) {
		whole = take_body(wire, reply, head.length);
	} else {
		whole = !take_body(wire, reply, UINT64_MAX) && !wire->reset;
		reply->close = true;
	}
	return whole ? REPLY_WHOLE : REPLY_BROKEN;
}

void wire_read_some(struct wire *wire, uint64_t size)
{
	struct reply sink = {0};

	(void)take_body(wire, &sink, size);
}

void wire_await_end(struct wire *wire)
{
	wire_read_some(wire, UINT64_MAX);
}

void wire_linger(struct wire *wire, unsigned milliseconds)
{
	struct pollfd poller = {.fd = wire->fd, .events = POLLIN};

	(void)poll(&poller, 1, (int)milliseconds);
}

void wire_half_close(struct wire *wire)
{
	(void)shutdown(wire->fd, SHUT_WR);
}

void wire_close(struct wire *wire)
{
	stress_check(close(wire->fd) == 0, "close: %d", errno);
	wire->fd = -1;
}

void wire_reset(struct wire *wire)
{
	const struct linger at_once = {.l_onoff = 1};

	stress_check(setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) == 0,
		     "SO_LINGER: %d", errno);
	wire_close(wire);
}
