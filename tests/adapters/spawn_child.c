/* adapters/spawn_child.c: the program that the tests of weir_spawn() run: a child of every kind.
 *
 *	spawn_child KIND [ARGUMENT...]
 *
 * Those that wait do so for ever (but see patience()), and say "ready" first.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A child that outlives its test must not outlive the test run. */
static void patience(void)
{
	(void)alarm(120);
}

static void say(const char *text)
{
	size_t size = strlen(text);

	if (write(STDOUT_FILENO, text, size) != (ssize_t)size)
		_exit(99);
}

static void wait_for_ever(void)
{
	for (;;)
		(void)pause();
}

static void say_pid(pid_t pid)
{
	char line[32];

	(void)snprintf(line, sizeof(line), "%d\n", (int)pid);
	say(line);
}

static void goodbye(int number)
{
	(void)number;
	say("goodbye\n");
	_exit(7);
}

static int show_arguments(char **arguments)
{
	for (; *arguments; arguments++)
		printf("<%s>", *arguments);
	return 0;
}

/* Its descriptors, its directory, its signals, its group. */
static int show_state(void)
{
	char line[256], path[4096];
	DIR *dir = opendir("/proc/self/fd");
	FILE *status = fopen("/proc/self/status", "re");
	const struct dirent *entry;

	if (!dir || !status || !getcwd(path, sizeof(path)))
		return 99;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir) &&
		    atoi(entry->d_name) != fileno(status))
			printf("fd %s\n", entry->d_name);
	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, "SigBlk", 6) || !strncmp(line, "SigIgn", 6))
			printf("%s", line);
	printf("directory %s\n", path);
	printf("group %s\n", getpgrp() == getpid() ? "own" : "foreign");
	printf("variable %s\n", getenv("WEIR_TEST") ? getenv("WEIR_TEST") : "none");
	(void)fclose(status);
	(void)closedir(dir);
	return 0;
}

static int copy_input(void)
{
	static char buffer[65536];
	ssize_t count;

	while ((count = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0)
		if (write(STDOUT_FILENO, buffer, (size_t)count) != count)
			return 99;
	return count < 0 ? 99 : 0;
}

/* Byte i of the flood is i % 251. */
static int flood(unsigned long long size)
{
	static char buffer[251 * 256];
	size_t i;

	for (i = 0; i < sizeof(buffer); i++)
		buffer[i] = (char)(i % 251);
	while (size > 0) {
		size_t piece = size < sizeof(buffer) ? (size_t)size : sizeof(buffer);

		if (fwrite(buffer, 1, piece, stdout) != piece)
			return 99;
		size -= piece;
	}
	return fflush(stdout) ? 99 : 0;
}

/* A child of ours that says its number, and goes on for ever; returns when it has. */
static void grandchild(int stubborn, int holds_output)
{
	char byte = 0;
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		_exit(99);
	pid = fork();
	if (pid < 0)
		_exit(99);
	if (pid > 0) {
		if (read(fds[0], &byte, 1) != 1)
			_exit(99);
		return;
	}
	if (stubborn)
		(void)signal(SIGTERM, SIG_IGN);
	patience();
	say_pid(getpid());
	if (!holds_output)
		(void)close(STDOUT_FILENO);
	if (!holds_output)
		(void)close(STDERR_FILENO);
	if (write(fds[1], &byte, 1) != 1)
		_exit(99);
	wait_for_ever();
}

static int stand(const char *kind)
{
	if (!strcmp(kind, "stubborn"))
		(void)signal(SIGTERM, SIG_IGN);
	if (!strcmp(kind, "polite"))
		(void)signal(SIGTERM, goodbye);
	if (!strcmp(kind, "family"))
		grandchild(1, 1);
	say("ready\n");
	if (!strcmp(kind, "stopped"))
		(void)raise(SIGSTOP);
	wait_for_ever();
	return 0;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	const char *argument = argc > 2 ? argv[2] : "0";

	patience();
	if (!strcmp(kind, "arguments"))
		return show_arguments(argv + 2);
	if (!strcmp(kind, "state"))
		return show_state();
	if (!strcmp(kind, "copy"))
		return copy_input();
	if (!strcmp(kind, "flood"))
		return flood(strtoull(argument, NULL, 10));
	if (!strcmp(kind, "exit"))
		return atoi(argument);
	if (!strcmp(kind, "raise"))
		return raise(atoi(argument));
	if (!strcmp(kind, "both")) {
		say("out");
		return write(STDERR_FILENO, "err", 3) == 3 ? 0 : 99;
	}
	if (!strcmp(kind, "deaf")) {
		(void)close(STDIN_FILENO);
		say("closed\n");
		return 0;
	}
	if (!strcmp(kind, "orphan") || !strcmp(kind, "silent-orphan")) {
		grandchild(0, kind[0] == 'o');
		return 0;
	}
	return stand(kind);
}
