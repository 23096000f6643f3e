/* support/fault_control.h: what the fault shim and the test that steers it share.
 *
 * The shim (fault_shim.c) is preloaded into a whole program, the real binary, and stands
 * before the calls listed here, whoever makes them: the program, libweir, libmicrohttpd,
 * and the C library itself where it calls malloc. It counts each call, makes the chosen
 * one fail, and moves CLOCK_REALTIME. It tells the ports, because the log lines
 * that would tell may be what fails.
 *
 * The page is a file that both map, named by WEIR_FAULT_CONTROL. All fields are atomic;
 * `call`, `error` and `times` are written before `nth` is (release), which arms, and the
 * shim reads `nth` first (acquire). Without a control file the environment arms from the
 * start: WEIR_FAULT_CALL (a name of the table), WEIR_FAULT_NTH (1 is the first),
 * WEIR_FAULT_ERRNO (a number; default: the table's), WEIR_FAULT_TIMES (default 1).
 *
 * Only the program that it is preloaded into is under test, not what that starts; unless
 * WEIR_FAULT_PROGRAM names a program (its real path): then all that run this one are, however
 * they are started, and no others.
 *
 * A site is a call with all that led to it (fault_callers.h). What is the n-th call is a matter of
 * chance where threads are at work; the n-th call from a site is hardly one. `site` is written
 * before `nth`, too.
 */
#ifndef WEIR_TESTS_FAULT_CONTROL_H
#define WEIR_TESTS_FAULT_CONTROL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "support/scratch.h"

/* One row a call: X(name, the errno that it fails with unless told otherwise). */
#define FAULT_CALLS(X)                                                                             \
	X(malloc, ENOMEM)                                                                          \
	X(calloc, ENOMEM)                                                                          \
	X(realloc, ENOMEM)                                                                         \
	X(aligned_alloc, ENOMEM)                                                                   \
	X(pthread_create, EAGAIN)                                                                  \
	X(posix_spawnp, EAGAIN)                                                                    \
	X(socket, EMFILE)                                                                          \
	X(socketpair, EMFILE)                                                                      \
	X(bind, EADDRINUSE)                                                                        \
	X(listen, EADDRINUSE)                                                                      \
	X(connect, ENETUNREACH)                                                                    \
	X(accept4, EMFILE)                                                                         \
	X(epoll_create1, EMFILE)                                                                   \
	X(epoll_ctl, ENOSPC)                                                                       \
	X(eventfd, EMFILE)                                                                         \
	X(signalfd, EMFILE)                                                                        \
	X(pipe2, EMFILE)                                                                           \
	X(open, EMFILE)                                                                            \
	X(open64, EMFILE)                                                                          \
	X(openat, EMFILE)                                                                          \
	X(read, EIO)                                                                               \
	X(write, ENOSPC)                                                                           \
	X(pread64, EIO)                                                                            \
	X(pwrite64, ENOSPC)                                                                        \
	X(preadv2, EIO)                                                                            \
	X(pwritev2, EIO)                                                                           \
	X(send, ECONNRESET)                                                                        \
	X(sendmsg, ECONNRESET)                                                                     \
	X(recv, ECONNRESET)                                                                        \
	X(sendfile64, EIO)                                                                         \
	X(fsync, EIO)                                                                              \
	X(fdatasync, EIO)                                                                          \
	X(rename, EIO)                                                                             \
	X(renameat, EIO)                                                                           \
	X(linkat, ENOSPC)                                                                          \
	X(fstat, EIO)                                                                              \
	X(fcntl, EMFILE)                                                                           \
	X(setsockopt, ENOBUFS)

enum fault_call {
	FAULT_CALL_NONE,
#define FAULT_CALL_ROW(name, error) FAULT_CALL_##name,
	FAULT_CALLS(FAULT_CALL_ROW)
#undef FAULT_CALL_ROW
		FAULT_CALL_COUNT
};

#define FAULT_PORTS 2
#define FAULT_SITES 8192

struct fault_site {
	_Atomic uint64_t site; /* 0: none */
	_Atomic uint32_t call;
};

struct fault_control {
	_Atomic uint32_t call;               /* enum fault_call */
	_Atomic int32_t error;               /* 0: the table's */
	_Atomic uint64_t times;              /* how many in a row fail; at least 1 */
	_Atomic uint64_t nth;                /* of the calls counted; 0: none fails */
	_Atomic uint64_t struck;             /* how many did fail */
	_Atomic int64_t realtime_offset_ns;  /* added to CLOCK_REALTIME */
	_Atomic uint32_t ports[FAULT_PORTS]; /* that IPv4 sockets listen on, the first first */
	_Atomic uint64_t counts[FAULT_CALL_COUNT];
	_Atomic uint64_t site;                /* only calls from there; 0: all */
	_Atomic uint64_t of_site;             /* how many they were since it was set */
	char callers[768];                    /* of the first that failed */
	atomic_bool recording;                /* sites are noted */
	struct fault_site sites[FAULT_SITES]; /* a hash table */
};

/* The test's side (fault_control.c). Makes the file and maps it; aborts if it cannot. */
struct fault_control *fault_control_make(const char *path);
void fault_control_unmap(struct fault_control *control);
/* Lets `nth` - 1 further calls through and fails the `times` after them. */
void fault_control_arm(struct fault_control *control, enum fault_call call, uint64_t nth,
		       uint64_t times, int error);
/* The nth of the calls that come from `site`, from now on, fails. */
void fault_control_arm_site(struct fault_control *control, enum fault_call call, uint64_t site,
			    uint64_t nth);
void fault_control_disarm(struct fault_control *control);
/* Preloads `shim`, with the control file at `path`, into what this process starts from here on, and
 * lets AddressSanitizer bear that the shim comes before its runtime. */
void fault_control_preload(const char *shim, const char *path);
void fault_control_unload(void);
/* Has LeakSanitizer, if it is there, pass over what these libraries lose when a call has failed:
 * "leak:libsome\n" for each. The list is put into `scratch`. */
void fault_control_spare(const struct scratch *scratch, const char *libraries);
const char *fault_call_name(enum fault_call call);
int fault_call_errno(enum fault_call call);

#endif
