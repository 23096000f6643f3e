/* weir/io.h: blocking calls that a token can end.
 *
 * Each takes a token and an absolute point in time, and has three outcomes: it is done;
 * -ETIMEDOUT, the time has come; -ECANCELED, the token is tripped. None looks at the token
 * now and then: a trip wakes it, and a trip that comes between the look and the wait is not
 * lost. A tripped token wins over a time that has passed, and both win over work that could
 * be done: a call with a tripped token, or after its time, does nothing. So a loop of such
 * calls with the same `until` ends, however fast the other side is. Other errors are those
 * of the system call, negative. Signals that run a handler on the thread do not end a call.
 *
 * The token may be NULL (never trips), `until` may be WEIR_NEVER. Relatives are in
 * weir/token.h (weir_token_wait()), weir/sync.h, weir/queue.h and weir/request.h; calls of
 * other libraries that block by themselves are for weir/interrupt.h.
 *
 * Descriptors may be blocking or not, and their flags are left as they are (weir_connect()
 * says more); nobody may change O_NONBLOCK or close the descriptor during a call. A call that
 * can be done at once costs one or two system calls more than the bare one; the first call
 * that has to wait makes the token's descriptor (weir_token_fd()), so every call may fail as
 * that does: -EMFILE, -ENFILE, -ENOMEM.
 *
 * Where a blocking descriptor may make a call sleep all the same (it is neither socket nor
 * file, and the kernel has no way to ask it first; a listener that others accept from too),
 * the call is made inside an interrupt scope, and may then fail as weir_interrupt_begin()
 * does: -EBUSY if the program has a handler of its own for the signal. Descriptors that are
 * O_NONBLOCK never need that.
 *
 * With regular files, block devices and directories, reading and writing are not waited for:
 * the kernel does not let go of them, and a disk or a server that hangs holds the call.
 *
 * Thread safety: any thread, and inside handlers above all. No call starts a thread but
 * weir_getaddrinfo(). None may be made in a signal handler. After fork() in a program with
 * threads a child may use them with NULL as token and WEIR_NEVER as time, no more: tokens'
 * locks and the timer thread are its parent's.
 */
#ifndef WEIR_IO_H
#define WEIR_IO_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <weir/time.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

struct addrinfo; /* <netdb.h> */

/** Sleeps until `until` (WEIR_NEVER: until the token is tripped). Returns 0 when the time
 *  has come, -ECANCELED as soon as the token is tripped (also if it was before the call). */
WEIR_API int weir_sleep(weir_token *token, weir_time until);

/** poll(2): waits until one of `count` descriptors is ready. Returns how many are (> 0), with
 *  their `revents` set; after an error `revents` say nothing. With none (`fds` may be NULL
 *  then) it waits for time and token alone. -EINVAL: more than RLIMIT_NOFILE less one, which is
 *  the token's; -ENOMEM. `fds` is borrowed. */
WEIR_API int weir_poll(weir_token *token, struct pollfd *fds, nfds_t count, weir_time until);

/** read(2): waits until something is there and takes up to `size` bytes. Returns the
 *  count, 0 at the end, or an error; after an error nothing was taken. */
WEIR_API ssize_t weir_read(weir_token *token, int fd, void *buffer, size_t size, weir_time until);

/** write(2) of all of it: returns `size`, or an error; *done (which may be NULL) says how
 *  much was written in any case. A file is written in pieces of 1 MiB, between which the call
 *  can be ended. Up to PIPE_BUF bytes go into a pipe as one piece; more may be mixed with
 *  what others write. A pipe or socket that nobody will read gives -EPIPE, and no SIGPIPE. */
WEIR_API ssize_t weir_write(weir_token *token, int fd, const void *data, size_t size,
			    weir_time until, size_t *done);

/** Copies up to `size` bytes (UINT64_MAX: all there are) from `in` to `out`, each at its
 *  own position and in pieces of at most 1 MiB, between which it can be ended even with
 *  files. Within the kernel where it can: file to file; file to pipe and back, pipe to pipe;
 *  and with a socket that is O_NONBLOCK, pipe to socket and back, file to socket. The others
 *  go through a buffer of 64 KiB. Returns 0 when `size` bytes or all there were have been
 *  copied, or an error; *done (which may be NULL) says how many bytes were written to `out`
 *  in any case, and a file `in` stands right behind them. What a pipe or socket gave may be
 *  lost after an error, as much as a buffer of it, if it went through the buffer. No SIGPIPE. */
WEIR_API int weir_copy(weir_token *token, int in, int out, uint64_t size, weir_time until,
		       uint64_t *done);

/** connect(2) of a stream or datagram socket. Returns 0 or an error; after -ECANCELED and
 *  -ETIMEDOUT the attempt may go on in the kernel: close the socket. A blocking socket is
 *  made O_NONBLOCK, a non-blocking Unix socket blocking, for the length of the call. A Unix
 *  socket waits for room in the listener's backlog. */
WEIR_API int weir_connect(weir_token *token, int fd, const struct sockaddr *address, socklen_t size,
			  weir_time until);

/** accept4(2) with SOCK_CLOEXEC added to `flags`; `address` and `size` may be NULL. Returns
 *  the new descriptor, or an error. Connections that have ended before they were taken
 *  (ECONNABORTED and others of accept(2)) are passed over. */
WEIR_API int weir_accept(weir_token *token, int fd, struct sockaddr *address, socklen_t *size,
			 int flags, weir_time until);

/** waitpid(2) for one child (pid > 0): returns 0 when it has ended and was reaped, with its
 *  wait status in *status (which may be NULL); after -ETIMEDOUT and -ECANCELED it is still there
 *  to be waited for. -ECHILD: no such child, or another wait has reaped it; -EINVAL. */
WEIR_API int weir_waitpid(weir_token *token, pid_t pid, int *status, weir_time until);

/** getaddrinfo(3). What is no number is asked for on a thread of its own, because nothing
 *  can end it: one that is given up ends later by itself, perhaps after everything else, and
 *  its result is thrown away. At most 64 such threads are alive at a time in a process; when
 *  there are more, -EAGAIN. `node`, `service` and `hints` as there, copied; *out is for
 *  freeaddrinfo(3). Returns 0, -ENOENT (no such name or service), -EAGAIN (try later),
 *  -EINVAL, -ENOMEM, -EIO (a failure for good) or another errno. */
WEIR_API int weir_getaddrinfo(weir_token *token, const char *node, const char *service,
			      const struct addrinfo *hints, weir_time until, struct addrinfo **out);

#ifdef __cplusplus
}
#endif

#endif
