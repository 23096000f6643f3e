/* server/inherit.c: what the environment says of inherited sockets, well-formed or not. Each case
 * is a child of its own, because descriptors 3 and up are the test's. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/handover.h>
#include <weir/weir.h>

#include "support/must.h"

#define OWN "own" /* stands for the child's pid */

struct environment {
	const char *pid, *count, *names, *pipe;
};

static void set(const char *name, const char *value)
{
	if (value)
		(void)setenv(name, value, 1);
	else
		(void)unsetenv(name);
}

/* Two listening sockets at 3 and 4, and what is no listening one at 5. */
static bool place_sockets(void)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	for (int place = 3; place <= 5; place++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0)
			return false;
		if (fd != place && (dup2(fd, place) < 0 || (fd > 5 && close(fd))))
			return false;
		if (place < 5 && (bind(place, (const struct sockaddr *)&address, sizeof(address)) ||
				  listen(place, 1)))
			return false;
	}
	return true;
}

static int run_child(const struct environment *given, int (*check)(int result))
{
	char pid[32];

	if (!place_sockets())
		return 100;
	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	set("LISTEN_PID", given->pid && strcmp(given->pid, OWN) == 0 ? pid : given->pid);
	set("LISTEN_FDS", given->count);
	set("LISTEN_FDNAMES", given->names);
	set("WEIR_HANDOVER_FD", given->pipe);
	return check(weir_inherit());
}

/* What `check` says of what weir_inherit() says, in a process of its own. */
static int inherits(const struct environment *given, int (*check)(int result))
{
	int status;
	pid_t child = fork();

	must(child >= 0, "fork: %s", strerror(errno));
	if (child == 0)
		_exit(run_child(given, check));
	must(waitpid(child, &status, 0) == child, "waitpid: %s", strerror(errno));
	must(WIFEXITED(status), "the child did not exit: %x", (unsigned)status);
	return WEXITSTATUS(status);
}

static int is_refused(int result)
{
	char address[128], name[64];

	return result == -EINVAL &&
			       weir_inherited(0, address, sizeof(address), name, sizeof(name)) ==
				       -ENOENT &&
			       !getenv("LISTEN_FDS") && !getenv("LISTEN_PID")
		       ? 0
		       : 1;
}

Test(inherit, what_is_malformed_is_refused)
{
	static const struct environment cases[] = {
		{OWN, NULL, NULL, NULL},
		{NULL, "1", NULL, NULL},
		{OWN, "", NULL, NULL},
		{OWN, "-1", NULL, NULL},
		{OWN, "+1", NULL, NULL},
		{OWN, " 1", NULL, NULL},
		{OWN, "1x", NULL, NULL},
		{OWN, "257", NULL, NULL},
		{"x", "1", NULL, NULL},
		{"", "1", NULL, NULL},
		{"-5", "1", NULL, NULL},
		{OWN, "3", "a:b:c", NULL},
		{OWN, "60", NULL, NULL},
		{NULL, NULL, NULL, "x"},
		{NULL, NULL, NULL, "-1"},
		{NULL, NULL, NULL, "999"},
		{NULL, NULL, NULL, "99999999999999999999"},
		{OWN, "99999999999999999999", NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(inherits(&cases[i], is_refused), 0, "case %zu", i);
}

static int is_nothing(int result)
{
	return result == 0 && !getenv("LISTEN_FDS") && fcntl(3, F_GETFD) == 0 ? 0 : 1;
}

Test(inherit, what_is_for_another_process_is_left_alone)
{
	static const struct environment cases[] = {
		{NULL, NULL, NULL, NULL}, {"1", "2", "a:b", NULL}, {OWN, "0", "a", NULL}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(inherits(&cases[i], is_nothing), 0, "case %zu", i);
}

static bool is_called(size_t n, const char *expected)
{
	char address[128], name[64];

	return weir_inherited(n, address, sizeof(address), name, sizeof(name)) == 0 &&
	       strcmp(name, expected) == 0 && strncmp(address, "127.0.0.1:", 10) == 0;
}

static int are_two(int result)
{
	if (result != 2 || !is_called(0, "web") || !is_called(1, ""))
		return 1;
	if (fcntl(3, F_GETFD) != FD_CLOEXEC || fcntl(4, F_GETFD) != FD_CLOEXEC)
		return 2; /* children of the server would hold them open */
	if (weir_inherit() != -EALREADY)
		return 3;
	return weir_inherited_close() == 2 && fcntl(3, F_GETFD) < 0 ? 0 : 4;
}

Test(inherit, sockets_have_their_names_and_are_closed_on_exec)
{
	static const struct environment given = {OWN, "2", "web", NULL};

	cr_expect_eq(inherits(&given, are_two), 0);
}
