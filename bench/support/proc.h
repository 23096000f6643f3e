/* proc.h: what the kernel says of a server's processes: processor time and memory. */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_PROC_MAX 16

/* The processes of one server: its own and those it has forked. */
struct bench_proc {
	pid_t pids[BENCH_PROC_MAX];
	size_t count;
};

/* Fills *out with all processes of the process group `group`. Returns 0, -ESRCH (there is
 * none), -E2BIG (more than BENCH_PROC_MAX), or another errno. */
int bench_proc_group(pid_t group, struct bench_proc *out);

/* User and system time used so far, all together, in nanoseconds. 0 or a negative errno. */
int bench_proc_cpu(const struct bench_proc *proc, int64_t *nanoseconds);

/* Resident memory (VmRSS), all together, in bytes. 0 or a negative errno. */
int bench_proc_rss(const struct bench_proc *proc, int64_t *bytes);

#endif
