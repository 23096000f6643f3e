/* proc.c: /proc, and the processor clocks of other processes.
 *
 * The clock of clock_getcpuclockid() counts what utime and stime of /proc/PID/stat count,
 * but in nanoseconds: the ticks there are 10 ms long, too coarse for a short round.
 */
#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "parse.h"

int bench_proc_group(pid_t group, struct bench_proc *out)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int result = 0;

	if (!dir)
		return -errno;
	out->count = 0;
	while (errno = 0, (entry = readdir(dir))) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid <= 0 || getpgid((pid_t)pid) != group)
			continue;
		if (out->count == BENCH_PROC_MAX) {
			result = -E2BIG;
			goto close_dir;
		}
		out->pids[out->count++] = (pid_t)pid;
	}
	if (errno != 0)
		result = -errno;
	else if (out->count == 0)
		result = -ESRCH;
close_dir:
	(void)closedir(dir);
	return result;
}

int bench_proc_cpu(const struct bench_proc *proc, int64_t *nanoseconds)
{
	*nanoseconds = 0;
	for (size_t i = 0; i < proc->count; i++) {
		struct timespec used;
		clockid_t id;
		int result = clock_getcpuclockid(proc->pids[i], &id);

		if (result != 0)
			return -result;
		if (clock_gettime(id, &used) != 0)
			return -errno;
		*nanoseconds += (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
	}
	return 0;
}

static int rss_of(pid_t pid, int64_t *bytes)
{
	char path[64], line[256];
	uint64_t kilobytes = 0;
	FILE *file;

	if (snprintf(path, sizeof(path), "/proc/%d/status", (int)pid) < 0)
		return -EINVAL;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		size_t blank = strcspn(line, " \t");

		if (strncmp(line, "VmRSS:", 6) != 0)
			continue;
		blank += strspn(line + blank, " \t");
		if (bench_parse_after(line + blank, "", INT64_MAX / 1024, &kilobytes) != 0)
			kilobytes = 0;
		break;
	}
	(void)fclose(file);
	if (kilobytes == 0)
		return -ENODATA;
	*bytes = (int64_t)kilobytes * 1024;
	return 0;
}

int bench_proc_rss(const struct bench_proc *proc, int64_t *bytes)
{
	*bytes = 0;
	for (size_t i = 0; i < proc->count; i++) {
		int64_t part = 0;
		int result = rss_of(proc->pids[i], &part);

		if (result != 0)
			return result;
		*bytes += part;
	}
	return 0;
}
