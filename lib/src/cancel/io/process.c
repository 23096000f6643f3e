/* process.c: waiting for a child by its descriptor.
 *
 * pidfd_open(2) gives a descriptor that becomes readable when the child has ended. The
 * child is reaped through it and not by its number: when somebody else reaps it first, that
 * number may have become another child's. The descriptor is close-on-exec from the start.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cancel/io/guard.h"
#include "cancel/io/io.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* waitid(2) tells what waitpid(2) packs. */
static int pack_status(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return W_EXITCODE(info->si_status, 0);
	return info->si_status | (info->si_code == CLD_DUMPED ? WCOREFLAG : 0);
}

/* 1: reaped; 0: it has not ended; or -errno. */
static int reap(int fd, int *status, int options)
{
	siginfo_t info = {0};

	if (waitid((idtype_t)P_PIDFD, (id_t)fd, &info, WEXITED | options) != 0)
		return -errno;
	if (info.si_pid == 0)
		return 0;
	if (status)
		*status = pack_status(&info);
	return 1;
}

/* A child that has ended while another process traces it is not ours before the tracer has
 * let it go, although its descriptor is readable: only wait itself waits for that. */
static int reap_guarded(const struct weir__io_call *call, int fd, int *status)
{
	struct weir__guard guard;
	int result = weir__guard_begin(&guard, call);

	if (result)
		return result;
	result = reap(fd, status, 0);
	weir__guard_end(&guard);
	return result;
}

static int wait_for(const struct weir__io_call *call, int fd, int *status)
{
	int result = weir__io_await(call, fd, POLLIN);

	if (!result)
		result = reap(fd, status, WNOHANG);
	while (result == 0 || result == -EINTR) {
		result = weir__io_check(call);
		if (!result)
			result = reap_guarded(call, fd, status);
	}
	return result < 0 ? result : 0;
}

int weir_waitpid(weir_token *token, pid_t pid, int *status, weir_time until)
{
	const struct weir__io_call call = {token, until, "weir_waitpid()"};
	int error = weir__io_check(&call);
	pid_t reaped;
	int fd;

	if (!error && pid <= 0)
		error = -EINVAL;
	if (error)
		return error;
	reaped = waitpid(pid, status, WNOHANG);
	if (reaped != 0)
		return reaped > 0 ? 0 : -errno;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return errno == ESRCH ? -ECHILD : -errno;
	error = wait_for(&call, fd, status);
	(void)close(fd);
	return error;
}
