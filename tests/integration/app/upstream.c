/* upstream.c: see upstream.h. */
#include "upstream.h"

#include "support/must.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

unsigned upstream_listen(struct upstream *upstream)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 16) == 0 &&
		     getsockname(fd, (struct sockaddr *)&address, &size) == 0,
	     "no listener");
	*upstream = (struct upstream){.listener = fd, .fd = -1};
	return ntohs(address.sin_port);
}

static void await(int fd)
{
	must(must_poll(fd, POLLIN, weir_after(MUST_PATIENCE)), "nothing came");
}

void upstream_accept(struct upstream *upstream)
{
	await(upstream->listener);
	upstream->fd = accept4(upstream->listener, NULL, NULL, SOCK_CLOEXEC);
	must(upstream->fd >= 0, "accept");
	upstream->size = 0;
}

/* Reads up to and with `end`. */
void upstream_read(struct upstream *upstream, const char *end)
{
	while (memmem(upstream->text, upstream->size, end, strlen(end)) == NULL) {
		must(upstream->size < sizeof upstream->text - 1, "too much");
		await(upstream->fd);
		ssize_t count = read(upstream->fd, upstream->text + upstream->size,
				     sizeof upstream->text - 1 - upstream->size);
		must(count > 0, "the proxy has gone");
		upstream->size += (size_t)count;
		upstream->text[upstream->size] = '\0';
	}
}

void upstream_say(struct upstream *upstream, const char *text)
{
	must(write(upstream->fd, text, strlen(text)) == (ssize_t)strlen(text), "not written");
}

/* Waits until the proxy has closed its end. */
void upstream_await_end(struct upstream *upstream)
{
	ssize_t count;
	do {
		await(upstream->fd);
		count = read(upstream->fd, upstream->text, sizeof upstream->text);
	} while (count > 0);
}

void upstream_close(struct upstream *upstream)
{
	close(upstream->fd);
	upstream->fd = -1;
}
