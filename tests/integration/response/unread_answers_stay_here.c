/* Of an answer that its client does not read, the kernel holds little: the rest stays where it came
 * from, and costs nothing. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include "support/fixture.h"
#include "support/reply.h"

enum { most = 1 << 20, descriptors = 1024 };

static char large[32 << 20];

static int handle_large(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_body_static(response, large, sizeof(large));
}

static unsigned port_of(int fd)
{
	struct sockaddr_in own = {.sin_family = AF_UNSPEC};
	socklen_t size = sizeof(own);

	if (getsockname(fd, (struct sockaddr *)&own, &size) || own.sin_family != AF_INET)
		return 0;
	return ntohs(own.sin_port);
}

/* The server is in this process, and so are its sockets. -1: none is connected. */
static int queued_by(const char *url)
{
	unsigned port = (unsigned)strtoul(strrchr(url, ':') + 1, NULL, 10);
	int queued, largest = -1;

	for (int fd = 0; fd < descriptors; fd++) {
		int listens = 1;
		socklen_t size = sizeof(listens);

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) || listens ||
		    port_of(fd) != port)
			continue;
		cr_assert_eq(ioctl(fd, SIOCOUTQ, &queued), 0);
		largest = queued > largest ? queued : largest;
	}
	return largest;
}

/* That of a client that says nothing shows that there was time to send more. */
static void expect_an_end(const char *url)
{
	struct client silent;

	client_open(&silent, url);
	cr_assert_neq(client_await_end(&silent), CLIENT_OPEN);
	client_close(&silent);
}

Test(unread_answers_stay_here, beyond_what_is_under_way)
{
	const struct weir_server_options options = {.first_byte_timeout = 200 * WEIR_MILLISECOND};
	struct fixture fixture;
	struct client client;
	int queued;

	fixture_serve(&fixture, &options, "GET /large", handle_large, NULL);
	client_open_narrow(&client, fixture.url);
	client_send_text(&client, "GET /large HTTP/1.1\r\nHost: test\r\n\r\n");
	client_await_text(&client, "HTTP/1.1 200");
	expect_an_end(fixture.url);
	queued = queued_by(fixture.url);
	cr_expect_gt(queued, 0);
	cr_expect_lt(queued, most, "%d bytes", queued);
	client_close(&client);
	metrics_await(fixture.server, "weir_connections_open", 0);
	fixture_finish(&fixture);
}
