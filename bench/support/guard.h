/* guard.h: what must be gone when the bench ends, however it ends.
 *
 * The guard knows every process group that the bench has started and its temporary
 * directory. They are removed at the end, on SIGINT, SIGTERM and SIGHUP, and when the
 * bench has run longer than it may. Should the bench itself be killed, the kernel kills
 * its children (PR_SET_PDEATHSIG, see child.c); only the directory stays behind.
 *
 * Call bench_guard_begin() before anything is started and while there is one thread.
 */
#ifndef BENCH_GUARD_H
#define BENCH_GUARD_H

#include <sys/types.h>

/* Makes the temporary directory and starts to watch; the program ends with exit code 1
 * after `limit` seconds. Returns 0 or a negative errno, with everything undone. */
int bench_guard_begin(unsigned limit);

/* Kills what is left, removes the directory. After a begin that succeeded. */
void bench_guard_end(void);

/* The temporary directory. */
const char *bench_guard_dir(void);

/* fork() that cannot be missed by the guard: the child is in a process group of its own,
 * has the signal mask that the bench was started with, and is registered before a signal
 * can be acted on. Returns as fork(), or a negative errno. */
pid_t bench_guard_fork(void);

/* Reaps a child that has exited, kills what remains of its process group, and forgets
 * it. Returns 0 and fills *status, or a negative errno. */
int bench_guard_reap(pid_t pid, int *status);

/* Sends `signal` to the whole group of a child that has not been reaped. */
int bench_guard_signal_group(pid_t pid, int signal);

#endif
