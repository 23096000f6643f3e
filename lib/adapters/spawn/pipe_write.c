/* pipe_write.c: see pipe_write.h.
 *
 * send(2) has MSG_NOSIGNAL, write(2) has nothing of the kind, and the disposition of SIGPIPE is
 * the process's. But the signal of a write is sent to the thread that wrote: it is blocked
 * here for the length of the call, and taken away again if it came and was not pending before.
 * (A socket pair instead of the pipe would do with send(2), but programs that open /dev/stdin
 * fail on a socket.)
 */
#include "pipe_write.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

ssize_t weir__spawn_pipe_write(int fd, const void *data, size_t size)
{
	static const struct timespec at_once;
	sigset_t pipe_signal, pending, before;
	ssize_t count;
	int error;

	(void)sigemptyset(&pipe_signal);
	(void)sigaddset(&pipe_signal, SIGPIPE);
	if (sigpending(&pending))
		return -errno;
	error = pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
	if (error)
		return -error;
	count = write(fd, data, size);
	if (count < 0)
		count = -errno;
	if (count == -EPIPE && !sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&pipe_signal, NULL, &at_once) < 0 && errno == EINTR)
			;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return count;
}
