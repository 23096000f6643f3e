/* support/fault_shim.c: a shared object for LD_PRELOAD; see fault_control.h and fault_turn.h.
 * Here are the calls for memory, threads, processes, descriptors and files.
 *
 * Close is not among them: on Linux a failed close has closed (close(2)), so there is
 * nothing that a caller could do about it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "support/fault_turn.h"

EXPORT void *malloc(size_t size)
{
	REAL(malloc);
	FAIL_OR(NULL, real(size));
}

EXPORT void *calloc(size_t count, size_t size)
{
	REAL(calloc);
	FAIL_OR(NULL, real(count, size));
}

EXPORT void *realloc(void *data, size_t size)
{
	REAL(realloc);
	FAIL_OR(NULL, real(data, size));
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
	REAL(aligned_alloc);
	FAIL_OR(NULL, real(alignment, size));
}

EXPORT int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
			  void *(*fn)(void *), void *restrict arg)
{
	REAL(pthread_create);
	return error != 0 ? error : real(thread, attributes, fn, arg);
}

void __asan_init(void) __attribute__((weak)); /* there if AddressSanitizer is */

/* AddressSanitizer asks this at the start of each thread, and ends the process if there is
 * no memory for the answer; that would not be the program's doing. */
EXPORT int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
	static __typeof__(pthread_getattr_np) *_Atomic found;
	__typeof__(pthread_getattr_np) *real = atomic_load(&found);

	if (real == NULL) {
		real = (__typeof__(pthread_getattr_np) *)fault_next("pthread_getattr_np");
		atomic_store(&found, real);
	}
	fault_exempt(__asan_init != NULL);
	int error = real(thread, attributes);
	fault_exempt(false);
	return error;
}

EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict file,
			const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
			char *const environment[restrict])
{
	REAL(posix_spawnp);
	return error != 0 ? error : real(pid, file, actions, attributes, argv, environment);
}

EXPORT int epoll_create1(int flags)
{
	REAL(epoll_create1);
	FAIL_OR(-1, real(flags));
}

/* Only an addition takes memory or a watch that could run out (epoll_ctl(2): ENOMEM,
 * ENOSPC); libmicrohttpd rightly ends the process when a removal fails. */
EXPORT int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	REAL(epoll_ctl);
	if (operation != EPOLL_CTL_ADD)
		error = 0;
	FAIL_OR(-1, real(epoll, operation, fd, event));
}

EXPORT int eventfd(unsigned count, int flags)
{
	REAL(eventfd);
	FAIL_OR(-1, real(count, flags));
}

EXPORT int signalfd(int fd, const sigset_t *mask, int flags)
{
	REAL(signalfd);
	FAIL_OR(-1, real(fd, mask, flags));
}

EXPORT int pipe2(int pair[2], int flags)
{
	REAL(pipe2);
	FAIL_OR(-1, real(pair, flags));
}

/* The mode is there only with O_CREAT or O_TMPFILE (open(2)). */
static mode_t mode_of(int flags, va_list arguments)
{
	return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE
		       ? (mode_t)va_arg(arguments, int)
		       : 0;
}

EXPORT int open(const char *path, int flags, ...)
{
	REAL(open);
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	FAIL_OR(-1, real(path, flags, mode));
}

EXPORT int open64(const char *path, int flags, ...)
{
	REAL(open64);
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	FAIL_OR(-1, real(path, flags, mode));
}

EXPORT int openat(int directory, const char *path, int flags, ...)
{
	REAL(openat);
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	FAIL_OR(-1, real(directory, path, flags, mode));
}

EXPORT ssize_t read(int fd, void *data, size_t size)
{
	REAL(read);
	FAIL_OR(-1, real(fd, data, size));
}

EXPORT ssize_t write(int fd, const void *data, size_t size)
{
	REAL(write);
	FAIL_OR(-1, real(fd, data, size));
}

EXPORT ssize_t pread64(int fd, void *data, size_t size, off64_t at)
{
	REAL(pread64);
	FAIL_OR(-1, real(fd, data, size, at));
}

EXPORT ssize_t sendfile64(int out, int in, off64_t *from, size_t size)
{
	REAL(sendfile64);
	FAIL_OR(-1, real(out, in, from, size));
}

EXPORT ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t at, int flags)
{
	REAL(preadv2);
	FAIL_OR(-1, real(fd, parts, count, at, flags));
}

EXPORT ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t at, int flags)
{
	REAL(pwritev2);
	FAIL_OR(-1, real(fd, parts, count, at, flags));
}

EXPORT ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	REAL(pwrite64);
	FAIL_OR(-1, real(fd, data, size, at));
}

EXPORT int fdatasync(int fd)
{
	REAL(fdatasync);
	FAIL_OR(-1, real(fd));
}

EXPORT int fsync(int fd)
{
	REAL(fsync);
	FAIL_OR(-1, real(fd));
}

EXPORT int rename(const char *old, const char *new)
{
	REAL(rename);
	FAIL_OR(-1, real(old, new));
}

EXPORT int renameat(int from, const char *old, int to, const char *new)
{
	REAL(renameat);
	FAIL_OR(-1, real(from, old, to, new));
}

EXPORT int linkat(int from, const char *old, int to, const char *new, int flags)
{
	REAL(linkat);
	FAIL_OR(-1, real(from, old, to, new, flags));
}

EXPORT int fstat(int fd, struct stat *facts)
{
	REAL(fstat);
	FAIL_OR(-1, real(fd, facts));
}

/* The third argument, where there is one, fits a pointer on the machines that we know. */
EXPORT int fcntl(int fd, int command, ...)
{
	REAL(fcntl);
	va_list arguments;
	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	FAIL_OR(-1, real(fd, command, argument));
}
