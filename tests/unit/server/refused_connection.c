/* A connection that libmicrohttpd does not take, for want of memory, while a child of a fork()
 * holds its socket, too: what happens on that socket afterwards is nobody's concern any more. */
#include <criterion/criterion.h>

#include <microhttpd.h>
#include <stdatomic.h>
#include <unistd.h>

#include "support/client.h"
#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

/* Put before the real one by the linker. */
enum MHD_Result __real_MHD_add_connection(struct MHD_Daemon *daemon, MHD_socket fd,
					  const struct sockaddr *address, socklen_t size);
enum MHD_Result __wrap_MHD_add_connection(struct MHD_Daemon *daemon, MHD_socket fd,
					  const struct sockaddr *address, socklen_t size);

static atomic_bool refuse;
static struct gate refused;
static int held; /* as the child's would be; announced by the gate */

enum MHD_Result __wrap_MHD_add_connection(struct MHD_Daemon *daemon, MHD_socket fd,
					  const struct sockaddr *address, socklen_t size)
{
	if (!atomic_exchange(&refuse, false))
		return __real_MHD_add_connection(daemon, fd, address, size);
	held = dup(fd);
	must(held >= 0, "dup");
	(void)close(fd);
	gate_announce(&refused);
	return MHD_NO;
}

static void get(const struct fixture *fixture)
{
	struct client client;
	struct reply reply;

	client_open(&client, fixture->url);
	client_get(&client, "/hello", &reply);
	cr_expect_eq(reply.status, 200);
	reply_free(&reply);
	client_close(&client);
}

Test(refused_connection, is_not_looked_at_any_more)
{
	struct fixture fixture;
	struct client client;

	gate_init(&refused);
	fixture_serve(&fixture, NULL, "GET /{name}", handle_hello, NULL);
	atomic_store(&refuse, true);
	client_open(&client, fixture.url);
	gate_await(&refused, 1);
	client_close(&client); /* an event, if it is still watched */
	for (int i = 0; i < 5; i++)
		get(&fixture);
	(void)close(held);
	fixture_finish(&fixture);
}
