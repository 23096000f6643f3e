/* unit/cancel/io_peer_ops.c: connections, children, names; see io_ops.h. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/must.h"
#include "unit/cancel/io_ops.h"

/* --- connections --- */

static socklen_t address_of(int fd, struct sockaddr_storage *address)
{
	socklen_t size = sizeof(*address);

	must(getsockname(fd, (struct sockaddr *)address, &size) == 0, "errno %d", errno);
	return size;
}

static void listen_at(struct io_state *state, int family, int backlog)
{
	struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_un local = {.sun_family = AF_UNIX}; /* no name: the kernel chooses */
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	must(fd >= 0, "errno %d", errno);
	error = family == AF_INET ? bind(fd, (struct sockaddr *)&tcp, sizeof(tcp))
				  : bind(fd, (struct sockaddr *)&local, sizeof(sa_family_t));
	must(error == 0, "bind: errno %d", errno);
	must(listen(fd, backlog) == 0, "errno %d", errno);
	state->ours = fd;
}

static void open_listener_tcp(struct io_state *state)
{
	listen_at(state, AF_INET, 8);
}

static void open_listener_unix(struct io_state *state)
{
	listen_at(state, AF_UNIX, 8);
}

static void open_listener_nonblocking(struct io_state *state)
{
	open_listener_unix(state);
	io_set_nonblocking(state->ours, true);
}

static int connect_to(int listener)
{
	struct sockaddr_storage address = {0};
	socklen_t size = address_of(listener, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0, "errno %d", errno);
	must(connect(fd, (struct sockaddr *)&address, size) == 0, "errno %d", errno);
	return fd;
}

static void knock(struct io_state *state)
{
	state->theirs = connect_to(state->ours);
}

static int accept_one(struct io_state *state, weir_token *token, weir_time until)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	int fd = weir_accept(token, state->ours, (struct sockaddr *)&address, &size, 0, until);

	if (fd < 0)
		return fd;
	must(size < sizeof(address), "no address");
	must(fcntl(fd, F_GETFD) & FD_CLOEXEC, "it would be inherited");
	(void)close(fd);
	return 0;
}

/* A listener whose backlog has room for one, which is there, and a socket. */
static void open_crowd(struct io_state *state, int family, int type)
{
	listen_at(state, family, 0);
	state->theirs = state->ours;
	state->other = connect_to(state->theirs);
	state->ours = socket(family, SOCK_STREAM | SOCK_CLOEXEC | type, 0);
	must(state->ours >= 0, "errno %d", errno);
}

static void open_crowd_unix(struct io_state *state)
{
	open_crowd(state, AF_UNIX, 0);
}

static void open_crowd_nonblocking(struct io_state *state)
{
	open_crowd(state, AF_UNIX, SOCK_NONBLOCK);
}

static void open_crowd_tcp(struct io_state *state)
{
	open_crowd(state, AF_INET, 0);
}

static void thin_out(struct io_state *state)
{
	int fd = accept4(state->theirs, NULL, NULL, SOCK_CLOEXEC);

	must(fd >= 0, "errno %d", errno);
	(void)close(fd);
}

static int connect_once(struct io_state *state, weir_token *token, weir_time until)
{
	struct sockaddr_storage address;
	socklen_t size = address_of(state->theirs, &address);
	bool before = io_is_nonblocking(state->ours);
	int error = weir_connect(token, state->ours, (struct sockaddr *)&address, size, until);

	must(io_is_nonblocking(state->ours) == before, "O_NONBLOCK is not what it was");
	return error;
}

/* --- children, names --- */

static void open_child(struct io_state *state)
{
	int pair[2];
	char byte;

	must(pipe2(pair, O_CLOEXEC) == 0, "errno %d", errno);
	state->ours = pair[0];
	state->theirs = pair[1];
	state->pid = fork();
	must(state->pid >= 0, "errno %d", errno);
	if (state->pid == 0) {
		(void)close(state->theirs);
		_exit(read(state->ours, &byte, 1) == 1 ? 7 : 8);
	}
}

static void end_child(struct io_state *state)
{
	pid_t pid = state->pid; /* who waits for it forgets it */
	siginfo_t info;

	must(write(state->theirs, "x", 1) == 1, "errno %d", errno);
	/* it has ended, and is left to be reaped, unless somebody waits already */
	must(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0 || errno == ECHILD, "errno %d",
	     errno);
}

static int wait_child(struct io_state *state, weir_token *token, weir_time until)
{
	int status = -1;
	int error = weir_waitpid(token, state->pid, &status, until);

	if (error)
		return error;
	state->pid = 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : -EIO;
}

static void open_names(struct io_state *state)
{
	(void)state;
}

static void open_door(struct io_state *state)
{
	(void)state;
	io_names_open();
}

static int look_up(struct io_state *state, weir_token *token, weir_time until)
{
	struct addrinfo *answer = NULL;
	int error = weir_getaddrinfo(token, "slow", "80", NULL, until, &answer);

	(void)state;
	must(!error == !!answer, "%d with an answer, or the other way round", error);
	if (answer)
		freeaddrinfo(answer);
	return error;
}

const struct io_op io_peer_ops[] = {
	{"accept TCP", open_listener_tcp, knock, accept_one, SYS_ppoll, false, false},
	{"accept Unix", open_listener_unix, knock, accept_one, SYS_ppoll, false, false},
	{"accept Unix, non-blocking", open_listener_nonblocking, knock, accept_one, SYS_ppoll,
	 false, false},
	{"connect TCP", open_crowd_tcp, thin_out, connect_once, SYS_ppoll, true, false},
	{"connect Unix", open_crowd_unix, thin_out, connect_once, SYS_connect, false, true},
	{"connect Unix, non-blocking", open_crowd_nonblocking, thin_out, connect_once, SYS_connect,
	 false, true},
	{"waitpid", open_child, end_child, wait_child, SYS_ppoll, false, false},
	{"getaddrinfo", open_names, open_door, look_up, SYS_futex, false, true},
	{0},
};
