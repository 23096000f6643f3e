/* inherit.c: LISTEN_FDS as sd_listen_fds(3) documents it, and the pipe of a handover. */
#include "server/inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/io.h>

#include "http/listener.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */
#define MOST 256
#define SAY_PATIENCE (5 * WEIR_SECOND)

struct inherited {
	int fd;
	char *name;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* under the lock */
static struct inherited *sockets;
static size_t socket_count;
static bool collected;
static int pipe_fd = -1; /* to the process that hands over; -1: none, or told */
static bool expected;    /* there was one */

/* A whole number that is not negative; -1 for anything else. */
static long read_number(const char *text)
{
	char *end;
	long value;

	if (!text || *text < '0' || *text > '9')
		return -1;
	errno = 0;
	value = strtol(text, &end, 10);
	return errno || *end ? -1 : value;
}

/* The n-th of names with colons between them; "" if there are not so many. */
static char *nth_name(const char *names, size_t n)
{
	while (names && n > 0) {
		names = strchr(names, ':');
		names = names ? names + 1 : NULL;
		n--;
	}
	return names ? strndup(names, strcspn(names, ":")) : strdup("");
}

static int listens(int fd)
{
	int type, yes;
	socklen_t size = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size))
		return -EINVAL;
	return type == SOCK_STREAM && yes ? 0 : -EINVAL;
}

static void forget_locked(void)
{
	size_t i;

	for (i = 0; i < socket_count; i++)
		free(sockets[i].name);
	free(sockets);
	sockets = NULL;
	socket_count = 0;
}

static int collect_locked(size_t count, const char *names)
{
	size_t i;

	sockets = calloc(count, sizeof(*sockets));
	if (!sockets)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		int fd = FIRST_FD + (int)i;
		int error = listens(fd);

		if (!error && fcntl(fd, F_SETFD, FD_CLOEXEC))
			error = -EINVAL;
		sockets[i] = (struct inherited){fd, error ? NULL : nth_name(names, i)};
		socket_count = i + 1;
		if (!error && !sockets[i].name)
			error = -ENOMEM;
		if (error) {
			forget_locked();
			return error;
		}
	}
	return (int)count;
}

static int read_sockets_locked(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	long wanted = read_number(count);

	if (!pid && !count)
		return 0;
	if (read_number(pid) < 0 || wanted < 0 || wanted > MOST)
		return -EINVAL;
	if (read_number(pid) != (long)getpid() || wanted == 0)
		return 0; /* meant for another process */
	return collect_locked((size_t)wanted, getenv("LISTEN_FDNAMES"));
}

static int read_pipe_locked(void)
{
	const char *text = getenv(WEIR__HANDOVER_VARIABLE);
	long fd = read_number(text);

	if (!text)
		return 0;
	if (fd < 0 || fd > INT32_MAX || fcntl((int)fd, F_SETFD, FD_CLOEXEC))
		return -EINVAL;
	pipe_fd = (int)fd;
	expected = true;
	return 0;
}

int weir_inherit(void)
{
	static const char *const names[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
					    WEIR__HANDOVER_VARIABLE};
	int error, result;
	size_t i;

	(void)pthread_mutex_lock(&lock);
	if (collected) {
		(void)pthread_mutex_unlock(&lock);
		return -EALREADY;
	}
	collected = true;
	error = read_pipe_locked();
	result = read_sockets_locked();
	(void)pthread_mutex_unlock(&lock);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unsetenv(names[i]);
	return error ? error : result;
}

int weir_inherited(size_t n, char *address, size_t address_size, char *name, size_t name_size)
{
	int error = -ENOENT;

	(void)pthread_mutex_lock(&lock);
	if (n < socket_count) {
		error = weir__listener_address(sockets[n].fd, address, address_size);
		if (!error)
			(void)snprintf(name, name_size, "%s", sockets[n].name);
	}
	(void)pthread_mutex_unlock(&lock);
	return error;
}

int weir__inherit_take(bool (*wants)(void *arg, int fd, const char *name), void *arg)
{
	int fd = -ENOENT;
	size_t i;

	(void)pthread_mutex_lock(&lock);
	for (i = 0; i < socket_count && fd < 0; i++) {
		if (!wants(arg, sockets[i].fd, sockets[i].name))
			continue;
		fd = sockets[i].fd;
		free(sockets[i].name);
		memmove(&sockets[i], &sockets[i + 1], (socket_count - i - 1) * sizeof(sockets[0]));
		socket_count--;
	}
	(void)pthread_mutex_unlock(&lock);
	return fd;
}

size_t weir_inherited_close(void)
{
	size_t count, i;

	(void)pthread_mutex_lock(&lock);
	count = socket_count;
	for (i = 0; i < count; i++)
		(void)close(sockets[i].fd);
	forget_locked();
	(void)pthread_mutex_unlock(&lock);
	return count;
}

bool weir_handover_expected(void)
{
	bool result;

	(void)pthread_mutex_lock(&lock);
	result = expected;
	(void)pthread_mutex_unlock(&lock);
	return result;
}

/* One line, once. The reader may have gone: no SIGPIPE. */
static int say(const char *line, size_t size)
{
	ssize_t done;
	int fd;

	(void)pthread_mutex_lock(&lock);
	fd = pipe_fd;
	pipe_fd = -1;
	(void)pthread_mutex_unlock(&lock);
	if (fd < 0)
		return 0;
	done = weir_write(NULL, fd, line, size, weir_after(SAY_PATIENCE), NULL);
	(void)close(fd);
	return done < 0 ? (int)done : 0;
}

int weir_handover_ready(void)
{
	return say("ready\n", 6);
}

int weir_handover_failed(const char *reason)
{
	char line[512];
	size_t i;

	(void)snprintf(line, sizeof(line) - 1, "failed %s", reason ? reason : "");
	for (i = 0; line[i]; i++)
		if (line[i] == '\n' || line[i] == '\r')
			line[i] = ' ';
	line[i++] = '\n';
	return say(line, i);
}
