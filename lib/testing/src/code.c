/* code.c: see code.h. Called when there is a fault to be named, by the director, between two
 * snapshots: the child process that it starts has ended before the next one. */
#include "code.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t spawn_tool(const char *object, const char *offset, int out)
{
	const char *const arguments[] = {"addr2line", "-e", object, offset, NULL};
	posix_spawn_file_actions_t actions;
	pid_t child = -1;

	if (posix_spawn_file_actions_init(&actions))
		return -1;
	if (posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) ||
	    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) ||
	    posix_spawnp(&child, arguments[0], &actions, NULL, (char *const *)arguments, environ))
		child = -1;
	(void)posix_spawn_file_actions_destroy(&actions);
	return child;
}

static void reap(pid_t child)
{
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static size_t read_all(int fd, char *out, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = read(fd, out + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	return used;
}

/* Whether the tool knew. */
static int look_up(const char *object, uintptr_t offset, char *out, size_t size)
{
	char number[32];
	size_t used = 0;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return 0;
	(void)snprintf(number, sizeof(number), "%#jx", (uintmax_t)offset);
	child = spawn_tool(object, number, ends[1]);
	(void)close(ends[1]);
	if (child > 0)
		used = read_all(ends[0], out, size - 1);
	(void)close(ends[0]);
	if (child > 0)
		reap(child);
	out[used] = '\0';
	out[strcspn(out, "\n ")] = '\0';
	return used > 0 && out[0] != '?';
}

static const char anchor; /* in the program itself */

/* The file that `info` is about. The program's own name may be relative to where it was
 * started. */
static const char *object_of(const Dl_info *info, char *buffer, size_t size)
{
	Dl_info here;
	ssize_t got;

	if (!dladdr(&anchor, &here) || here.dli_fbase != info->dli_fbase)
		return info->dli_fname;
	got = readlink("/proc/self/exe", buffer, size - 1);
	if (got <= 0)
		return info->dli_fname;
	buffer[got] = '\0';
	return buffer;
}

void weir__testing_code_print(const void *address, char *out, size_t size)
{
	char program[4096];
	const char *object;
	uintptr_t offset;
	Dl_info info;

	if (!address || !dladdr(address, &info) || !info.dli_fname) {
		(void)snprintf(out, size, "%s", "unknown");
		return;
	}
	object = object_of(&info, program, sizeof(program));
	offset = (uintptr_t)address - (uintptr_t)info.dli_fbase;
	/* The call is before the address to which it returns. */
	if (!look_up(object, offset - 1, out, size))
		(void)snprintf(out, size, "%s+%#jx", object, (uintmax_t)offset);
}
