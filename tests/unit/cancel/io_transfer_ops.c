/* unit/cancel/io_transfer_ops.c: reading, writing and copying; see io_ops.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "support/must.h"
#include "unit/cancel/io_ops.h"

enum { PIECE = 1000 };

/* --- descriptors to read from --- */

static void open_socket(struct io_state *state)
{
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "errno %d", errno);
	state->ours = pair[0];
	state->theirs = pair[1];
}

static void open_pipe(struct io_state *state)
{
	int pair[2];

	must(pipe2(pair, O_CLOEXEC) == 0, "errno %d", errno);
	state->ours = pair[0];
	state->theirs = pair[1];
}

static void open_fifo(struct io_state *state)
{
	scratch_make(&state->scratch);
	must(mkfifoat(state->scratch.fd, "fifo", 0600) == 0, "errno %d", errno);
	/* the one that does not wait for the other side first */
	state->ours = openat(state->scratch.fd, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	state->theirs = openat(state->scratch.fd, "fifo", O_WRONLY | O_CLOEXEC);
	must(state->ours >= 0 && state->theirs >= 0, "errno %d", errno);
	io_set_nonblocking(state->ours, false);
}

static void open_tty(struct io_state *state)
{
	struct termios raw;

	state->theirs = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	must(state->theirs >= 0, "errno %d", errno);
	must(grantpt(state->theirs) == 0 && unlockpt(state->theirs) == 0, "errno %d", errno);
	state->ours = open(ptsname(state->theirs), O_RDWR | O_NOCTTY | O_CLOEXEC);
	must(state->ours >= 0, "errno %d", errno);
	must(tcgetattr(state->ours, &raw) == 0, "errno %d", errno);
	cfmakeraw(&raw);
	must(tcsetattr(state->ours, TCSANOW, &raw) == 0, "errno %d", errno);
}

static void open_socket_nonblocking(struct io_state *state)
{
	open_socket(state);
	io_set_nonblocking(state->ours, true);
}

static void open_pipe_nonblocking(struct io_state *state)
{
	open_pipe(state);
	io_set_nonblocking(state->ours, true);
}

static void open_fifo_nonblocking(struct io_state *state)
{
	open_fifo(state);
	io_set_nonblocking(state->ours, true);
}

static void send_piece(struct io_state *state)
{
	char piece[PIECE];

	memset(piece, 'x', sizeof(piece));
	must(write(state->theirs, piece, sizeof(piece)) == PIECE, "errno %d", errno);
}

static int read_piece(struct io_state *state, weir_token *token, weir_time until)
{
	char buffer[2 * PIECE];
	ssize_t n = weir_read(token, state->ours, buffer, sizeof(buffer), until);

	return n == PIECE ? 0 : n < 0 ? (int)n : -EIO;
}

static int poll_in(struct io_state *state, weir_token *token, weir_time until)
{
	struct pollfd entry = {.fd = state->ours, .events = POLLIN};
	int n = weir_poll(token, &entry, 1, until);

	return n == 1 && entry.revents == POLLIN ? 0 : n < 0 ? n : -EIO;
}

static void open_eventfd(struct io_state *state)
{
	state->ours = eventfd(0, EFD_CLOEXEC);
	must(state->ours >= 0, "errno %d", errno);
}

static void add_event(struct io_state *state)
{
	must(eventfd_write(state->ours, 7) == 0, "errno %d", errno);
}

static int read_event(struct io_state *state, weir_token *token, weir_time until)
{
	uint64_t value = 0;
	ssize_t n = weir_read(token, state->ours, &value, sizeof(value), until);

	return n == sizeof(value) && value == 7 ? 0 : n < 0 ? (int)n : -EIO;
}

/* --- to write to --- */

static void turn_round(struct io_state *state)
{
	int fd = state->ours;

	state->ours = state->theirs;
	state->theirs = fd;
}

static void open_full_socket(struct io_state *state)
{
	open_socket(state);
	(void)io_fill(state->ours);
}

static void open_full_pipe(struct io_state *state)
{
	open_pipe(state);
	turn_round(state);
	(void)io_fill(state->ours);
}

static void open_full_fifo(struct io_state *state)
{
	open_fifo(state);
	turn_round(state);
	(void)io_fill(state->ours);
}

static void open_full_pipe_nonblocking(struct io_state *state)
{
	open_full_pipe(state);
	io_set_nonblocking(state->ours, true);
}

static void drain(struct io_state *state)
{
	must(io_drain(state->theirs) > 0, "it was empty");
}

static int write_piece(struct io_state *state, weir_token *token, weir_time until)
{
	char piece[PIECE];
	size_t done = PIECE + 1;
	ssize_t n;

	memset(piece, 'y', sizeof(piece));
	n = weir_write(token, state->ours, piece, sizeof(piece), until, &done);
	must(n >= 0 ? done == PIECE : done == 0, "%zd, done %zu", n, done);
	return n == PIECE ? 0 : n < 0 ? (int)n : -EIO;
}

static void open_full_eventfd(struct io_state *state)
{
	open_eventfd(state);
	/* so that poll says "ready" and 7 does not fit */
	must(eventfd_write(state->ours, UINT64_MAX - 3) == 0, "errno %d", errno);
}

static void empty_eventfd(struct io_state *state)
{
	uint64_t value;

	must(eventfd_read(state->ours, &value) == 0, "errno %d", errno);
}

static int write_event(struct io_state *state, weir_token *token, weir_time until)
{
	uint64_t value = 7;
	ssize_t n = weir_write(token, state->ours, &value, sizeof(value), until, NULL);

	return n == sizeof(value) ? 0 : n < 0 ? (int)n : -EIO;
}

/* --- copies: that wait for `in`, and that wait for `out` --- */

static void open_file(struct io_state *state)
{
	state->file = open(P_tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	must(state->file >= 0, "errno %d", errno);
}

static void open_pipe_to_file(struct io_state *state)
{
	open_pipe(state);
	open_file(state);
}

static void open_socket_to_file(struct io_state *state)
{
	open_socket(state);
	open_file(state);
}

static int copy_to_file(struct io_state *state, weir_token *token, weir_time until)
{
	uint64_t done = 1;
	int error = weir_copy(token, state->ours, state->file, PIECE, until, &done);

	must(done == (error ? 0 : PIECE), "%d, done %ju", error, (uintmax_t)done);
	return error;
}

static void fill_file(struct io_state *state)
{
	char piece[PIECE];

	open_file(state);
	memset(piece, 'z', sizeof(piece));
	must(write(state->file, piece, sizeof(piece)) == PIECE, "errno %d", errno);
	must(lseek(state->file, 0, SEEK_SET) == 0, "errno %d", errno);
}

static void open_file_to_pipe(struct io_state *state)
{
	open_full_pipe(state);
	fill_file(state);
}

static void open_file_to_socket(struct io_state *state)
{
	open_full_socket(state);
	fill_file(state);
}

static void open_file_to_socket_nonblocking(struct io_state *state)
{
	open_file_to_socket(state);
	io_set_nonblocking(state->ours, true);
}

static int copy_from_file(struct io_state *state, weir_token *token, weir_time until)
{
	uint64_t done = 1;
	int error = weir_copy(token, state->file, state->ours, UINT64_MAX, until, &done);

	must(done == (error ? 0 : PIECE), "%d, done %ju", error, (uintmax_t)done);
	must(lseek(state->file, 0, SEEK_CUR) == (off_t)done, "the file's position");
	return error;
}

const struct io_op io_transfer_ops[] = {
	{"poll", open_pipe, send_piece, poll_in, SYS_ppoll, false, false},
	{"read socket", open_socket, send_piece, read_piece, SYS_ppoll, false, false},
	{"read socket, non-blocking", open_socket_nonblocking, send_piece, read_piece, SYS_ppoll,
	 false, false},
	{"read pipe", open_pipe, send_piece, read_piece, SYS_ppoll, false, false},
	{"read pipe, non-blocking", open_pipe_nonblocking, send_piece, read_piece, SYS_ppoll, false,
	 false},
	{"read FIFO", open_fifo, send_piece, read_piece, SYS_ppoll, false, false},
	{"read FIFO, non-blocking", open_fifo_nonblocking, send_piece, read_piece, SYS_ppoll, false,
	 false},
	{"read terminal", open_tty, send_piece, read_piece, SYS_ppoll, false, false},
	{"read eventfd", open_eventfd, add_event, read_event, SYS_ppoll, false, false},
	{"write socket", open_full_socket, drain, write_piece, SYS_ppoll, false, false},
	{"write pipe", open_full_pipe, drain, write_piece, SYS_ppoll, false, false},
	{"write pipe, non-blocking", open_full_pipe_nonblocking, drain, write_piece, SYS_ppoll,
	 false, false},
	{"write FIFO", open_full_fifo, drain, write_piece, SYS_ppoll, false, false},
	{"write eventfd", open_full_eventfd, empty_eventfd, write_event, SYS_write, false, false},
	{"copy pipe to file", open_pipe_to_file, send_piece, copy_to_file, SYS_ppoll, false, false},
	{"copy socket to file", open_socket_to_file, send_piece, copy_to_file, SYS_ppoll, false,
	 false},
	{"copy file to pipe", open_file_to_pipe, drain, copy_from_file, SYS_ppoll, false, false},
	{"copy file to socket", open_file_to_socket, drain, copy_from_file, SYS_ppoll, false,
	 false},
	{"copy file to socket, non-blocking", open_file_to_socket_nonblocking, drain,
	 copy_from_file, SYS_ppoll, false, false},
	{0},
};
