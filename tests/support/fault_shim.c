/* support/fault_shim.c: see fault_control.h. A shared object for LD_PRELOAD.
 *
 * Each function counts, fails if it is its turn, and otherwise goes on to the next
 * definition of its name (RTLD_NEXT: the C library's, or a sanitizer's). Nothing here
 * allocates, so malloc may be among them. The real functions are looked up when they are
 * first needed: others' constructors may call malloc before ours has run. Two threads may
 * look one up at once and store the same answer.
 *
 * Close is not among them: on Linux a failed close has closed (close(2)), so there is
 * nothing that a caller could do about it.
 */
#include "support/fault_control.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static struct fault_control own; /* without a control file */
/* NULL before the constructor has run. Nothing is counted then: what the loader and other
 * constructors allocate is not the program's doing. */
static struct fault_control *_Atomic control;

static const char *const names[] = {"none",
#define FAULT_CALL_ROW(name, error) #name,
				    FAULT_CALLS(FAULT_CALL_ROW)
#undef FAULT_CALL_ROW
};
static const int errors[] = {0,
#define FAULT_CALL_ROW(name, error) error,
			     FAULT_CALLS(FAULT_CALL_ROW)
#undef FAULT_CALL_ROW
};

static _Noreturn void unusable(const char *why)
{
	(void)!syscall(SYS_write, STDERR_FILENO, "fault shim: ", 12);
	(void)!syscall(SYS_write, STDERR_FILENO, why, strlen(why));
	(void)!syscall(SYS_write, STDERR_FILENO, "\n", 1);
	_exit(125);
}

static void arm_from_environment(void)
{
	const char *call = getenv("WEIR_FAULT_CALL");
	const char *nth = getenv("WEIR_FAULT_NTH");
	const char *error = getenv("WEIR_FAULT_ERRNO");
	const char *times = getenv("WEIR_FAULT_TIMES");
	uint32_t which = 1;

	if (call == NULL || nth == NULL)
		return;
	while (which < FAULT_CALL_COUNT && strcmp(names[which], call) != 0)
		which++;
	if (which == FAULT_CALL_COUNT)
		unusable("WEIR_FAULT_CALL names no call that it stands before");
	own.call = which;
	own.error = error != NULL ? atoi(error) : 0;
	own.times = times != NULL ? strtoull(times, NULL, 10) : 1;
	own.nth = strtoull(nth, NULL, 10);
}

static void *map_control(const char *path)
{
	/* System calls: open() here is the one below. */
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	void *page;

	if (fd < 0)
		unusable("WEIR_FAULT_CONTROL cannot be opened");
	page = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		unusable("WEIR_FAULT_CONTROL cannot be mapped");
	(void)close(fd);
	return page;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("WEIR_FAULT_CONTROL");

	if (path != NULL) {
		atomic_store(&control, map_control(path));
	} else {
		arm_from_environment();
		atomic_store(&control, &own);
	}
	/* Only this process: what it starts is not under test. */
	(void)unsetenv("LD_PRELOAD");
}

static _Thread_local bool exempt;

/* Two libraries below GnuTLS: libgmp ends the process when it has no memory, as its manual says,
 * and libtasn1 (4.19) follows the null pointer. Nothing that calls them could mend that. */
static bool cannot_bear_it(const void *caller)
{
	Dl_info object;

	return dladdr(caller, &object) != 0 && object.dli_fname != NULL &&
	       (strstr(object.dli_fname, "libtasn1") != NULL ||
		strstr(object.dli_fname, "libgmp") != NULL);
}

/* 0, or the errno that this call fails with. */
static int strikes(enum fault_call call, const void *caller)
{
	struct fault_control *page = atomic_load_explicit(&control, memory_order_acquire);
	uint64_t number, nth;
	int error;

	if (page == NULL || exempt)
		return 0;
	number = atomic_fetch_add(&page->counts[call], 1) + 1;
	nth = atomic_load_explicit(&page->nth, memory_order_acquire);
	if (nth == 0 || atomic_load(&page->call) != call || number < nth ||
	    number - nth >= atomic_load(&page->times))
		return 0;
	if (cannot_bear_it(caller))
		return 0;
	atomic_fetch_add(&page->struck, 1);
	error = atomic_load(&page->error);
	return error != 0 ? error : errors[call];
}

static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (function == NULL)
		unusable(name);
	return function;
}

/* Declares `real`, a pointer to the next definition of `name`. */
#define REAL(name)                                                                                 \
	static __typeof__(name) *_Atomic found;                                                    \
	__typeof__(name) *real = atomic_load_explicit(&found, memory_order_relaxed);               \
	if (real == NULL) {                                                                        \
		real = (__typeof__(name) *)next(#name);                                            \
		atomic_store_explicit(&found, real, memory_order_relaxed);                         \
	}                                                                                          \
	int error = strikes(FAULT_CALL_##name, __builtin_return_address(0))

/* Fails with `result` and errno, or goes on to the real one. */
#define FAIL_OR(result, call)                                                                      \
	do {                                                                                       \
		if (error == 0)                                                                    \
			return call;                                                               \
		errno = error;                                                                     \
		return result;                                                                     \
	} while (0)

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
		real = (__typeof__(pthread_getattr_np) *)next("pthread_getattr_np");
		atomic_store(&found, real);
	}
	exempt = __asan_init != NULL;
	int error = real(thread, attributes);
	exempt = false;
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

EXPORT int socket(int domain, int type, int protocol)
{
	REAL(socket);
	FAIL_OR(-1, real(domain, type, protocol));
}

EXPORT int socketpair(int domain, int type, int protocol, int pair[2])
{
	REAL(socketpair);
	FAIL_OR(-1, real(domain, type, protocol, pair));
}

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	REAL(bind);
	FAIL_OR(-1, real(fd, address, size));
}

/* Listening again on one that listens is nothing new. */
static void note_port(struct fault_control *page, uint32_t port)
{
	for (int i = 0; i < FAULT_PORTS; i++) {
		uint32_t none = 0;
		if (atomic_compare_exchange_strong(&page->ports[i], &none, port) || none == port)
			return;
	}
}

static void tell_port(int fd)
{
	struct fault_control *page = atomic_load(&control);
	struct sockaddr_in address = {.sin_family = AF_UNSPEC};
	socklen_t size = sizeof address;

	if (page != NULL && getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
	    size == sizeof address && address.sin_family == AF_INET)
		note_port(page, ntohs(address.sin_port));
}

EXPORT int listen(int fd, int backlog)
{
	REAL(listen);
	if (error != 0) {
		errno = error;
		return -1;
	}
	int rc = real(fd, backlog);
	if (rc == 0)
		tell_port(fd);
	return rc;
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	REAL(connect);
	FAIL_OR(-1, real(fd, address, size));
}

EXPORT int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict size, int flags)
{
	REAL(accept4);
	FAIL_OR(-1, real(fd, address, size, flags));
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

/* A connection that has been reset stays so, and its other end hears of it. */
static void reset_too(int fd, int error)
{
	if (error == ECONNRESET)
		(void)shutdown(fd, SHUT_RDWR);
}

EXPORT ssize_t send(int fd, const void *data, size_t size, int flags)
{
	REAL(send);
	reset_too(fd, error);
	FAIL_OR(-1, real(fd, data, size, flags));
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	REAL(sendmsg);
	reset_too(fd, error);
	FAIL_OR(-1, real(fd, message, flags));
}

EXPORT ssize_t recv(int fd, void *data, size_t size, int flags)
{
	REAL(recv);
	reset_too(fd, error);
	FAIL_OR(-1, real(fd, data, size, flags));
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

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	REAL(setsockopt);
	FAIL_OR(-1, real(fd, level, name, value, size));
}

/* --- the wall clock --- */

static int64_t offset(void)
{
	struct fault_control *page = atomic_load_explicit(&control, memory_order_acquire);

	return page != NULL ? atomic_load(&page->realtime_offset_ns) : 0;
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, now);

	if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
		int64_t ns = now->tv_sec * INT64_C(1000000000) + now->tv_nsec + offset();
		now->tv_sec = ns / 1000000000;
		now->tv_nsec = ns % 1000000000;
	}
	return rc;
}

EXPORT time_t time(time_t *result)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	if (result != NULL)
		*result = now.tv_sec;
	return now.tv_sec;
}

EXPORT int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec exact;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &exact) != 0)
		return -1;
	now->tv_sec = exact.tv_sec;
	now->tv_usec = exact.tv_nsec / 1000;
	return 0;
}
