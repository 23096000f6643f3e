/* cancel/io/connect.c, accept.c: making connections. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/descriptors.h"
#include "support/must.h"
#include "support/token.h"
#include "unit/cancel/io_ops.h"

TestSuite(io_connect, .timeout = 60);

union address {
	struct sockaddr any;
	struct sockaddr_in tcp;
	struct sockaddr_un local;
	struct sockaddr_storage room;
};

static int make_socket(int family, int type)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	must(fd >= 0, "errno %d", errno);
	return fd;
}

/* A bound socket of this machine, its address in *address; it does not listen yet. */
static int bind_socket(int type, union address *address, socklen_t *size)
{
	int fd = make_socket(AF_INET, type);

	*address = (union address){
		.tcp = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}};
	*size = sizeof(address->tcp);
	must(bind(fd, &address->any, *size) == 0, "errno %d", errno);
	must(getsockname(fd, &address->any, size) == 0, "errno %d", errno);
	return fd;
}

Test(io_connect, is_refused_where_nobody_listens)
{
	weir_token *token = token_make(NULL);
	union address address;
	socklen_t size;
	int bound = bind_socket(SOCK_STREAM, &address, &size);

	for (int type = 0; type <= SOCK_NONBLOCK; type += SOCK_NONBLOCK) {
		int fd = make_socket(AF_INET, SOCK_STREAM | type);

		cr_assert_eq(weir_connect(token, fd, &address.any, size, WEIR_NEVER),
			     -ECONNREFUSED);
		cr_assert_eq(!!(fcntl(fd, F_GETFL) & O_NONBLOCK), type != 0);
		(void)close(fd);
	}
	(void)close(bound);
	weir_token_unref(token);
}

Test(io_connect, carries_what_is_sent)
{
	weir_token *token = token_make(NULL);
	union address address, peer;
	socklen_t size, peer_size = sizeof(peer);
	int listener = bind_socket(SOCK_STREAM, &address, &size), fd, taken;
	char byte = 0;

	cr_assert_eq(listen(listener, 1), 0);
	fd = make_socket(AF_INET, SOCK_STREAM);
	cr_assert_eq(weir_connect(token, fd, &address.any, size, weir_after(MUST_PATIENCE)), 0);
	taken = weir_accept(token, listener, &peer.any, &peer_size, SOCK_NONBLOCK,
			    weir_after(MUST_PATIENCE));
	cr_assert_geq(taken, 0);
	cr_assert_eq(peer.any.sa_family, AF_INET);
	cr_assert(fcntl(taken, F_GETFL) & O_NONBLOCK);
	cr_assert(fcntl(taken, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(weir_write(token, fd, "x", 1, weir_after(MUST_PATIENCE), NULL), 1);
	cr_assert_eq(weir_read(token, taken, &byte, 1, weir_after(MUST_PATIENCE)), 1);
	cr_assert_eq(byte, 'x');
	(void)close(taken);
	(void)close(fd);
	(void)close(listener);
	weir_token_unref(token);
}

Test(io_connect, of_a_datagram_socket)
{
	union address address, peer;
	socklen_t size, peer_size = sizeof(peer);
	int other = bind_socket(SOCK_DGRAM, &address, &size), fd = make_socket(AF_INET, SOCK_DGRAM);
	char buffer[8];

	cr_assert_eq(weir_connect(NULL, fd, &address.any, size, WEIR_NEVER), 0);
	cr_assert_eq(getpeername(fd, &peer.any, &peer_size), 0);
	cr_assert_eq(peer.tcp.sin_port, address.tcp.sin_port);
	cr_assert_eq(weir_write(NULL, fd, "abc", 3, WEIR_NEVER, NULL), 3);
	cr_assert_eq(weir_write(NULL, fd, "de", 2, WEIR_NEVER, NULL), 2);
	cr_assert_eq(weir_read(NULL, other, buffer, sizeof(buffer), WEIR_NEVER), 3);
	cr_assert_eq(weir_read(NULL, other, buffer, sizeof(buffer), WEIR_NEVER), 2);
	(void)close(fd);
	(void)close(other);
}

Test(io_connect, says_what_the_system_says)
{
	union address address = {.local = {.sun_family = AF_UNIX, .sun_path = "/nowhere/weir"}};
	int fd = make_socket(AF_UNIX, SOCK_STREAM), file = open("/dev/null", O_RDWR | O_CLOEXEC);
	socklen_t size = sizeof(address.local);

	cr_assert_eq(weir_connect(NULL, fd, &address.any, size, WEIR_NEVER), -ENOENT);
	cr_assert_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	cr_assert_eq(weir_connect(NULL, file, &address.any, size, WEIR_NEVER), -ENOTSOCK);
	cr_assert_eq(weir_connect(NULL, -1, &address.any, size, WEIR_NEVER), -EBADF);
	(void)close(fd);
	(void)close(file);
}

/* A time limit of the socket's own is not the call's. */
Test(io_connect, waits_on_after_a_time_limit_of_the_socket)
{
	const struct timeval limit = {.tv_usec = 1000};
	union address address = {.local = {.sun_family = AF_UNIX}};
	socklen_t size = sizeof(address);
	int listener = make_socket(AF_UNIX, SOCK_STREAM), first = make_socket(AF_UNIX, SOCK_STREAM);
	int second = make_socket(AF_UNIX, SOCK_STREAM);
	weir_time until;

	cr_assert_eq(bind(listener, &address.any, sizeof(sa_family_t)), 0);
	cr_assert_eq(getsockname(listener, &address.any, &size), 0);
	cr_assert_eq(listen(listener, 0), 0);
	cr_assert_eq(weir_connect(NULL, first, &address.any, size, WEIR_NEVER), 0);
	cr_assert_eq(setsockopt(second, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), 0);
	until = weir_after(20 * WEIR_MILLISECOND);
	cr_assert_eq(weir_connect(NULL, second, &address.any, size, until), -ETIMEDOUT);
	cr_assert_geq(weir_now(), until);
	(void)close(listener);
	(void)close(first);
	(void)close(second);
}

TestSuite(io_accept, .timeout = 60);

struct acceptor {
	int listener, result;
	weir_token *token;
	struct thread thread;
};

static void accept_one(void *arg)
{
	struct acceptor *acceptor = arg;

	acceptor->result = weir_accept(acceptor->token, acceptor->listener, NULL, NULL, 0,
				       weir_after(MUST_PATIENCE));
}

/* Several sleep at one blocking listener; each connection is for one of them, and who gets
 * none can still be cancelled, wherever it sleeps by then. */
static void share_listener(void)
{
	enum { COUNT = 3 };
	struct acceptor acceptors[COUNT];
	union address address;
	socklen_t size;
	int listener = bind_socket(SOCK_STREAM, &address, &size), fd, taken = 0;

	must(listen(listener, 8) == 0, "errno %d", errno);
	for (int i = 0; i < COUNT; i++) {
		acceptors[i] = (struct acceptor){.listener = listener, .token = token_make(NULL)};
		thread_start(&acceptors[i].thread, accept_one, &acceptors[i]);
	}
	for (int i = 0; i < COUNT; i++)
		io_await_in(&acceptors[i].thread, SYS_ppoll);
	fd = make_socket(AF_INET, SOCK_STREAM);
	must(weir_connect(NULL, fd, &address.any, size, WEIR_NEVER) == 0, "connect");
	for (int i = 0; i < COUNT; i++)
		(void)weir_token_cancel(acceptors[i].token, WEIR_REASON_REQUESTED, NULL);
	for (int i = 0; i < COUNT; i++) {
		thread_join(&acceptors[i].thread);
		must(acceptors[i].result >= 0 || acceptors[i].result == -ECANCELED, "%d",
		     acceptors[i].result);
		if (acceptors[i].result >= 0) {
			(void)close(acceptors[i].result);
			taken++;
		}
		weir_token_unref(acceptors[i].token);
	}
	must(taken <= 1, "one connection, and %d have it", taken);
	(void)close(fd);
	(void)close(listener);
}

Test(io_accept, by_several_on_one_listener)
{
	unsigned fds = descriptors_count();

	for (int i = 0; i < 100; i++)
		share_listener();
	cr_assert_eq(descriptors_count(), fds);
}

Test(io_accept, says_what_the_system_says)
{
	weir_token *token = token_make(NULL);
	union address address;
	socklen_t size;
	int fd = bind_socket(SOCK_STREAM, &address, &size), file;

	file = open("/dev/null", O_RDWR | O_CLOEXEC);
	cr_assert_eq(weir_accept(token, fd, NULL, NULL, 0, WEIR_NEVER), -EINVAL); /* no listen() */
	cr_assert_eq(weir_accept(token, -1, NULL, NULL, 0, WEIR_NEVER), -EBADF);
	cr_assert_eq(weir_accept(token, file, NULL, NULL, 0, WEIR_NEVER), -ENOTSOCK);
	cr_assert_eq(listen(fd, 1), 0);
	io_set_nonblocking(fd, true);
	cr_assert_eq(weir_accept(token, fd, NULL, NULL, 1, WEIR_NEVER), -EINVAL); /* flags */
	(void)close(file);
	(void)close(fd);
	weir_token_unref(token);
}
