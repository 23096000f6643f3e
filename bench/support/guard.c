/* guard.c: kills and cleans up on every way out.
 *
 * A thread waits in sigtimedwait() for a signal that ends the bench, or for the bench's
 * time to be over. It is a thread and not a signal handler because it takes a lock and
 * walks a directory.
 *
 * The lock protects the list of groups. fork() and reaping happen under it, so a group
 * in the list always names a process that has not been reaped, and its number cannot
 * have passed to somebody else. Once the thread has begun to end the program it never
 * gives the lock back: no further child can be started.
 */
#include "guard.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "say.h"

#define GROUPS_MAX 64
#define END_SIGNAL SIGUSR1 /* bench_guard_end() to the thread */

static struct {
	char dir[PATH_MAX]; /* fixed after begin */
	int64_t deadline;
	unsigned limit;
	sigset_t watched;
	sigset_t before;
	pthread_t thread;

	pthread_mutex_t lock;
	pid_t groups[GROUPS_MAX];
	size_t group_count;
} guard = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	if (remove(path) != 0 && errno != ENOENT)
		bench_say("cannot remove %s: %s", path, strerror(errno));
	return 0;
}

/* Reaps the leader of a group, whose status is wanted, and then what is left of the group:
 * its orphans have become children of the bench, and have been killed before. */
static int reap_group(pid_t leader, int *status)
{
	while (waitpid(leader, status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	while (waitpid(-leader, NULL, 0) > 0 || errno == EINTR)
		continue;
	return 0;
}

static void clean_up_locked(void)
{
	for (size_t i = 0; i < guard.group_count; i++) {
		if (kill(-guard.groups[i], SIGKILL) != 0 && errno != ESRCH)
			bench_say("cannot kill process group %d: %s", (int)guard.groups[i],
				  strerror(errno));
	}
	for (size_t i = 0; i < guard.group_count; i++) {
		int result = reap_group(guard.groups[i], NULL);

		if (result != 0)
			bench_say("process group %d: %s", (int)guard.groups[i], strerror(-result));
	}
	guard.group_count = 0;
	if (nftw(guard.dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
		bench_say("cannot remove %s: %s", guard.dir, strerror(errno));
}

static int wait_for_signal(void)
{
	for (;;) {
		int64_t left = guard.deadline - bench_now();
		struct timespec timeout = {0};
		int signal;

		if (left > 0) {
			timeout.tv_sec = left / BENCH_S;
			timeout.tv_nsec = left % BENCH_S;
		}
		signal = sigtimedwait(&guard.watched, NULL, &timeout);
		if (signal > 0)
			return signal;
		if (errno == EAGAIN)
			return 0;
	}
}

static void *watch(void *arg)
{
	int signal = wait_for_signal();

	(void)arg;
	if (signal == END_SIGNAL)
		return NULL;
	if (pthread_mutex_lock(&guard.lock) != 0)
		abort();
	if (signal == 0)
		bench_say("not done after %u s: given up", guard.limit);
	else
		bench_say("ended by %s", strsignal(signal));
	clean_up_locked();
	_exit(signal == 0 ? 1 : 128 + signal);
}

static int make_dir(void)
{
	const char *parent = getenv("TMPDIR");
	int size;

	if (!parent || !*parent)
		parent = "/tmp";
	size = snprintf(guard.dir, sizeof(guard.dir), "%s/weir-bench-XXXXXX", parent);
	if (size < 0 || (size_t)size >= sizeof(guard.dir))
		return -ENAMETOOLONG;
	return mkdtemp(guard.dir) ? 0 : -errno;
}

int bench_guard_begin(unsigned limit)
{
	int result = make_dir();

	if (result != 0)
		return result;
	guard.limit = limit;
	guard.deadline = bench_now() + limit * BENCH_S;
	/* What a child leaves behind, like nginx its worker, is ours to reap. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
		result = -errno;
		goto remove_dir;
	}
	sigemptyset(&guard.watched);
	sigaddset(&guard.watched, SIGINT);
	sigaddset(&guard.watched, SIGTERM);
	sigaddset(&guard.watched, SIGHUP);
	sigaddset(&guard.watched, END_SIGNAL);
	result = -pthread_sigmask(SIG_BLOCK, &guard.watched, &guard.before);
	if (result != 0)
		goto remove_dir;
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
		result = -errno;
		goto restore_mask;
	}
	result = -pthread_create(&guard.thread, NULL, watch, NULL);
	if (result != 0)
		goto restore_mask;
	return 0;

restore_mask:
	(void)pthread_sigmask(SIG_SETMASK, &guard.before, NULL);
remove_dir:
	(void)rmdir(guard.dir);
	return result;
}

void bench_guard_end(void)
{
	if (pthread_kill(guard.thread, END_SIGNAL) != 0 || pthread_join(guard.thread, NULL) != 0)
		abort();
	pthread_mutex_lock(&guard.lock);
	clean_up_locked();
	pthread_mutex_unlock(&guard.lock);
}

const char *bench_guard_dir(void)
{
	return guard.dir;
}

pid_t bench_guard_fork(void)
{
	pid_t pid;

	pthread_mutex_lock(&guard.lock);
	if (guard.group_count == GROUPS_MAX) {
		pid = -EAGAIN;
		goto unlock;
	}
	pid = fork();
	if (pid == 0) {
		/* Only async-signal-safe calls from here on: the bench has two threads. */
		if (setpgid(0, 0) != 0 || signal(SIGPIPE, SIG_DFL) == SIG_ERR ||
		    sigprocmask(SIG_SETMASK, &guard.before, NULL) != 0)
			_exit(127);
		return 0;
	}
	if (pid < 0) {
		pid = -errno;
		goto unlock;
	}
	/* Said on both sides, so that the group is there whoever runs first. It fails only
	 * when the child has got further already. */
	(void)setpgid(pid, pid);
	guard.groups[guard.group_count++] = pid;
unlock:
	pthread_mutex_unlock(&guard.lock);
	return pid;
}

int bench_guard_reap(pid_t pid, int *status)
{
	int result;

	pthread_mutex_lock(&guard.lock);
	/* Before reaping: the zombie keeps the number of the group from being reused. */
	if (kill(-pid, SIGKILL) != 0 && errno != ESRCH)
		bench_say("cannot kill process group %d: %s", (int)pid, strerror(errno));
	result = reap_group(pid, status);
	for (size_t i = 0; i < guard.group_count; i++) {
		if (guard.groups[i] == pid) {
			guard.groups[i] = guard.groups[--guard.group_count];
			break;
		}
	}
	pthread_mutex_unlock(&guard.lock);
	return result;
}

int bench_guard_signal_group(pid_t pid, int signal)
{
	return kill(-pid, signal) == 0 ? 0 : -errno;
}
