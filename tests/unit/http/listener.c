/* http/listener.c: addresses, and socket files that are in the way. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/listener.h"
#include "support/scratch.h"

static void opens(const char *address, const char *url_begins)
{
	struct weir__listener *listener;
	int error = weir__listener_open(address, WEIR_SCOPE_ADMIN, &listener);

	cr_assert_eq(error, 0, "%s: %s", address, strerror(-error));
	cr_assert_geq(listener->fd, 0);
	cr_assert_eq(listener->scope, WEIR_SCOPE_ADMIN);
	cr_assert_eq(strncmp(listener->url, url_begins, strlen(url_begins)), 0, "%s: %s", address,
		     listener->url);
	cr_assert_neq(listener->url[strlen(url_begins)], '0', "%s", listener->url);
	weir__listener_close(listener);
	cr_assert_eq(listener->fd, -1);
	weir__listener_close(listener);
	weir__listener_destroy(listener);
}

static int fails(const char *address)
{
	struct weir__listener *listener = NULL;
	int error = weir__listener_open(address, WEIR_SCOPE_PUBLIC, &listener);

	cr_assert_lt(error, 0, "%s", address);
	cr_assert_null(listener);
	return error;
}

Test(listener, takes_addresses)
{
	opens("127.0.0.1:0", "http://127.0.0.1:");
	opens("localhost:0", "http://");
	opens("[127.0.0.1]:00000", "http://127.0.0.1:");
}

Test(listener, refuses_what_is_no_address)
{
	static const char *const bad[] = {
		"",
		":",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:x",
		"1.2.3.4:80x",
		"127.0.0.1:-1",
		"127.0.0.1:65536",
		"127.0.0.1:100000",
		"::1:0",
		"[::1]",
		"[::1]0",
		"[]:0",
		"[::1:0",
		"::1]:0",
		"unix:",
		"127.0.0.1: 0",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(fails(bad[i]), -EINVAL, "%s", bad[i]);
}

Test(listener, knows_names_that_are_too_long)
{
	char address[600] = "unix:/";

	memset(address + 6, 'a', 200);
	cr_assert_eq(fails(address), -ENAMETOOLONG);
	memset(address, 'a', 500);
	memcpy(address + 500, ":0", 3);
	cr_assert_eq(fails(address), -ENAMETOOLONG);
}

Test(listener, an_occupied_port_is_in_use)
{
	struct weir__listener *listener;

	cr_assert_eq(weir__listener_open("127.0.0.1:0", WEIR_SCOPE_PUBLIC, &listener), 0);
	cr_assert_eq(fails(listener->url + strlen("http://")), -EADDRINUSE);
	weir__listener_destroy(listener);
}

struct place {
	struct scratch scratch;
	char path[200], address[220];
};

static void find_place(struct place *place)
{
	scratch_make(&place->scratch);
	(void)snprintf(place->path, sizeof(place->path), "%.150s/socket", place->scratch.path);
	(void)snprintf(place->address, sizeof(place->address), "unix:%s", place->path);
}

static bool is_there(const struct place *place)
{
	struct stat status;

	return lstat(place->path, &status) == 0;
}

static int bind_unix(const struct place *place, int backlog)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	cr_assert_lt(
		(size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", place->path),
		sizeof(address.sun_path));
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert(backlog < 0 || listen(fd, backlog) == 0);
	return fd;
}

Test(socket_file, comes_and_goes_with_the_listener)
{
	struct weir__listener *listener;
	struct place place;

	find_place(&place);
	cr_assert_eq(weir__listener_open(place.address, WEIR_SCOPE_PUBLIC, &listener), 0);
	cr_assert_str_eq(listener->url, place.address);
	cr_assert(is_there(&place));
	weir__listener_close(listener);
	cr_assert_not(is_there(&place));
	weir__listener_destroy(listener);
	scratch_remove(&place.scratch);
}

Test(socket_file, that_was_left_over_is_replaced)
{
	struct weir__listener *listener;
	struct place place;

	find_place(&place);
	cr_assert_eq(close(bind_unix(&place, -1)), 0);
	cr_assert(is_there(&place));
	cr_assert_eq(weir__listener_open(place.address, WEIR_SCOPE_PUBLIC, &listener), 0);
	weir__listener_destroy(listener);
	scratch_remove(&place.scratch);
}

/* Also when its backlog is full, where connecting would wait. */
Test(socket_file, that_somebody_listens_on_stays)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, clients[3];
	struct place place;

	find_place(&place);
	fd = bind_unix(&place, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%.*s",
		       (int)sizeof(address.sun_path) - 1, place.path);
	cr_assert_eq(fails(place.address), -EADDRINUSE);
	for (int i = 0; i < 3; i++) {
		clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		cr_assert_geq(clients[i], 0);
		if (connect(clients[i], (struct sockaddr *)&address, sizeof(address)))
			cr_assert_eq(errno, EAGAIN);
	}
	cr_assert_eq(fails(place.address), -EADDRINUSE);
	cr_assert(is_there(&place));
	for (int i = 0; i < 3; i++)
		close(clients[i]);
	close(fd);
	scratch_remove(&place.scratch);
}

Test(socket_file, that_is_none_stays)
{
	struct place place;
	int fd;

	find_place(&place);
	fd = open(place.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	close(fd);
	cr_assert_eq(fails(place.address), -EEXIST);
	cr_assert(is_there(&place));
	scratch_remove(&place.scratch);
}

Test(socket_file, of_somebody_else_is_not_removed)
{
	struct weir__listener *listener;
	struct place place;
	int fd;

	find_place(&place);
	cr_assert_eq(weir__listener_open(place.address, WEIR_SCOPE_PUBLIC, &listener), 0);
	cr_assert_eq(unlink(place.path), 0);
	fd = bind_unix(&place, 1);
	weir__listener_destroy(listener);
	cr_assert(is_there(&place));
	close(fd);
	scratch_remove(&place.scratch);
}

Test(socket_file, in_a_directory_that_is_not_there)
{
	cr_assert_eq(fails("unix:/no/such/directory/socket"), -ENOENT);
}

/* Connects to a listener; the descriptor, or a negative errno. */
static int dial(const struct weir__listener *listener)
{
	struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
	socklen_t size = sizeof(address);
	int fd;

	cr_assert_eq(getsockname(listener->fd, (struct sockaddr *)&address, &size), 0);
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	cr_assert_geq(fd, 0);
	if (connect(fd, (struct sockaddr *)&address, size) && errno != EINPROGRESS) {
		int error = -errno;

		(void)close(fd);
		return error;
	}
	return fd;
}

static void takes_the_rest(struct weir__listener *listener, bool in_time)
{
	struct weir__syn_ports ports = {.v4 = false};
	int before = dial(listener), after, taken;

	cr_assert_geq(before, 0);
	weir__listener_refuse(listener);
	after = dial(listener);
	taken = accept(listener->fd, NULL, NULL);
	cr_assert_geq(taken, 0);
	cr_assert_lt(accept(listener->fd, NULL, NULL), 0, "one came after it had refused");
	weir__listener_ports(listener, &ports);
	cr_assert_eq(ports.v4 + ports.v6, listener->path ? 0 : 1);
	cr_assert_eq(weir__syn_pending(&ports), 0);
	if (in_time)
		cr_assert_eq(after, -ENOENT);
	(void)close(taken);
	(void)close(before);
	if (after >= 0)
		(void)close(after);
}

Test(closing_listener, takes_those_who_came_before)
{
	static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0"};
	struct weir__listener *listener;
	struct place place;

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		cr_assert_eq(weir__listener_open(addresses[i], WEIR_SCOPE_PUBLIC, &listener), 0);
		takes_the_rest(listener, false);
		weir__listener_destroy(listener);
	}
	find_place(&place);
	cr_assert_eq(weir__listener_open(place.address, WEIR_SCOPE_PUBLIC, &listener), 0);
	takes_the_rest(listener, true);
	cr_assert_not(is_there(&place));
	weir__listener_destroy(listener);
	scratch_remove(&place.scratch);
}

/* Who has looked up the path before it was removed comes too late all the same. */
Test(closing_listener, refuses_who_knows_a_socket_file_of_before)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct weir__listener *listener;
	struct place place;
	char other[220];
	int fd;

	find_place(&place);
	(void)snprintf(other, sizeof(other), "%s.link", place.path);
	cr_assert_eq(weir__listener_open(place.address, WEIR_SCOPE_PUBLIC, &listener), 0);
	cr_assert_eq(link(place.path, other), 0);
	weir__listener_refuse(listener);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%.*s",
		       (int)sizeof(address.sun_path) - 1, other);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_geq(fd, 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), -1);
	cr_assert_eq(errno, ECONNREFUSED);
	(void)close(fd);
	weir__listener_destroy(listener);
	scratch_remove(&place.scratch);
}

Test(adopted_listener, knows_its_address)
{
	struct weir__listener *listener, *adopted;
	struct place place;

	cr_assert_eq(weir__listener_open("127.0.0.1:0", WEIR_SCOPE_PUBLIC, &listener), 0);
	cr_assert_eq(weir__listener_adopt(dup(listener->fd), WEIR_SCOPE_ADMIN, &adopted), 0);
	cr_assert_str_eq(adopted->url, listener->url);
	cr_assert_eq(adopted->scope, WEIR_SCOPE_ADMIN);
	cr_assert_eq(fcntl(adopted->fd, F_GETFD), FD_CLOEXEC);
	weir__listener_destroy(adopted);
	weir__listener_destroy(listener);

	find_place(&place);
	cr_assert_eq(weir__listener_open(place.address, WEIR_SCOPE_PUBLIC, &listener), 0);
	cr_assert_eq(weir__listener_adopt(dup(listener->fd), WEIR_SCOPE_PUBLIC, &adopted), 0);
	cr_assert_str_eq(adopted->url, place.address);
	/* Its file goes with the last who owns it. */
	listener->handed_over = true;
	weir__listener_destroy(listener);
	cr_assert(is_there(&place));
	weir__listener_destroy(adopted);
	cr_assert_not(is_there(&place));
	scratch_remove(&place.scratch);
}

Test(adopted_listener, has_to_be_one)
{
	struct weir__listener *adopted;
	int pair[2];

	cr_assert_eq(weir__listener_adopt(open("/dev/null", O_RDONLY | O_CLOEXEC),
					  WEIR_SCOPE_PUBLIC, &adopted),
		     -ENOTSOCK);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	cr_assert_eq(weir__listener_adopt(pair[0], WEIR_SCOPE_PUBLIC, &adopted), -EINVAL);
	(void)close(pair[1]);
	cr_assert_eq(weir__listener_adopt(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
					  WEIR_SCOPE_PUBLIC, &adopted),
		     -EINVAL);
}
