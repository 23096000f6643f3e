/* stress/io_world.c: see io_world.h. */
#include "stress/io_world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/io.h>

#include "stress/stress.h"

static int listen_at(struct sockaddr_un *address, socklen_t *size, int backlog)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	*size = sizeof(*address);
	stress_check(fd >= 0 && bind(fd, (struct sockaddr *)address, sizeof(sa_family_t)) == 0 &&
			     getsockname(fd, (struct sockaddr *)address, size) == 0 &&
			     listen(fd, backlog) == 0,
		     "errno %d", errno);
	return fd;
}

static void make_fifo(struct shared *shared)
{
	char directory[] = P_tmpdir "/weir-stress-XXXXXX", path[sizeof(directory) + 5];

	stress_check(mkdtemp(directory), "errno %d", errno);
	(void)snprintf(path, sizeof(path), "%s/fifo", directory);
	stress_check(mkfifo(path, 0600) == 0, "errno %d", errno);
	/* both ways, so that neither waits for the other */
	shared->ours = open(path, O_RDWR | O_CLOEXEC);
	shared->theirs = open(path, O_WRONLY | O_CLOEXEC);
	stress_check(shared->ours >= 0 && shared->theirs >= 0, "errno %d", errno);
	stress_check(unlink(path) == 0 && rmdir(directory) == 0, "errno %d", errno);
}

static int make_full(int pair[2])
{
	static const char bytes[4096];
	int flags = fcntl(pair[1], F_GETFL);

	stress_check(fcntl(pair[1], F_SETFL, flags | O_NONBLOCK) == 0, "errno %d", errno);
	while (write(pair[1], bytes, sizeof(bytes)) > 0 || write(pair[1], bytes, 1) > 0)
		;
	stress_check(errno == EAGAIN, "errno %d", errno);
	stress_check(fcntl(pair[1], F_SETFL, flags) == 0, "errno %d", errno);
	return pair[1];
}

/* Ends with its parent, however that ends. */
_Noreturn static void be_the_child(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		_exit(1);
	for (;;)
		(void)pause();
}

void world_make(struct world *world)
{
	int pair[2], crowd, listener;

	world->child = fork(); /* before there is a thread */
	stress_check(world->child >= 0, "errno %d", errno);
	if (world->child == 0)
		be_the_child();
	stress_check(pipe2(pair, O_CLOEXEC) == 0, "errno %d", errno);
	world->shared[PIPE].ours = pair[0];
	world->shared[PIPE].theirs = pair[1];
	make_fifo(&world->shared[FIFO]);
	world->shared[LISTENER].ours = listen_at(&world->listener, &world->listener_size, 100);
	stress_check(pipe2(pair, O_CLOEXEC) == 0, "errno %d", errno);
	world->full_pipe = make_full(pair);
	stress_check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "errno %d",
		     errno);
	world->full_socket = make_full(pair);
	listener = listen_at(&world->crowded, &world->crowded_size, 0);
	crowd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	stress_check(listener >= 0 && crowd >= 0 &&
			     connect(crowd, (struct sockaddr *)&world->crowded,
				     world->crowded_size) == 0,
		     "errno %d", errno);
}

unsigned long world_left(struct world *world, enum sort sort)
{
	const struct shared *shared = &world->shared[sort];
	unsigned long left = 0;
	char byte;

	stress_check(fcntl(shared->ours, F_SETFL, O_NONBLOCK) == 0, "errno %d", errno);
	if (sort != LISTENER) {
		while (read(shared->ours, &byte, 1) == 1)
			left++;
		return left;
	}
	for (int fd; (fd = accept4(shared->ours, NULL, NULL, SOCK_CLOEXEC)) >= 0; left++)
		(void)close(fd);
	return left;
}

void world_end(struct world *world)
{
	stress_check(kill(world->child, SIGKILL) == 0, "errno %d", errno);
	stress_check(weir_waitpid(NULL, world->child, NULL, WEIR_NEVER) == 0, "the child");
}
