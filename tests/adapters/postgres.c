/* adapters/postgres.c: see postgres.h. */
#include "adapters/postgres.h"
#include "support/must.h"

#include <errno.h>
#include <glob.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 32 };

/* Puts the path of one of PostgreSQL's programs into `path`. Debian keeps them out of $PATH,
 * one directory for each version; the last one is taken. */
static bool find_program(const char *name, char *path, size_t room)
{
	static const char *const places[] = {"/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin",
					     "/usr/local/bin", "/usr/bin"};
	char pattern[PATH_MAX];
	glob_t found;
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(pattern, sizeof(pattern), "%s/%s", places[i], name);
		if (glob(pattern, 0, NULL, &found) != 0)
			continue;
		(void)snprintf(path, room, "%s", found.gl_pathv[found.gl_pathc - 1]);
		globfree(&found);
		return true;
	}
	return false;
}

static const struct passwd *other_user(void)
{
	const struct passwd *user = getpwnam("postgres");

	return user ? user : getpwnam("nobody");
}

bool postgres_installed(void)
{
	char path[PATH_MAX];

	if (!find_program("initdb", path, sizeof(path))) {
		puts("SKIPPED: PostgreSQL's initdb is not installed (Debian: postgresql)");
		return false;
	}
	if (geteuid() == 0 && (!other_user() || access("/usr/bin/setpriv", X_OK) != 0)) {
		puts("SKIPPED: PostgreSQL does not run as root, and there is no other user");
		return false;
	}
	return true;
}

/* Starts a program of PostgreSQL's, as another user if this one is root. */
static void start_program(struct postgres *postgres, const char *name,
			  const char *const arguments[])
{
	char path[PATH_MAX], uid[32], gid[32];
	const char *argv[ARGUMENTS_MAX];
	size_t count = 0;

	must(find_program(name, path, sizeof(path)), "no %s", name);
	if (geteuid() == 0) {
		const struct passwd *user = other_user();

		(void)snprintf(uid, sizeof(uid), "--reuid=%u", (unsigned)user->pw_uid);
		(void)snprintf(gid, sizeof(gid), "--regid=%u", (unsigned)user->pw_gid);
		argv[count++] = "/usr/bin/setpriv";
		argv[count++] = uid;
		argv[count++] = gid;
		argv[count++] = "--clear-groups";
		argv[count++] = "--pdeathsig=KILL"; /* the change of user has cleared it */
		argv[count++] = "--";
	}
	argv[count++] = path;
	while (*arguments && count < ARGUMENTS_MAX - 1)
		argv[count++] = *arguments++;
	must(!*arguments, "too many arguments");
	argv[count] = NULL;
	process_start(&postgres->process, postgres->scratch.path, argv);
}

static void make_directory(struct postgres *postgres)
{
	static const char *const arguments[] = {
		"--pgdata=data", "--username=weir", "--auth=trust",      "--encoding=UTF8",
		"--locale=C",    "--no-sync",       "--no-instructions", NULL};
	int code;

	scratch_make(&postgres->scratch);
	if (geteuid() == 0) {
		const struct passwd *user = other_user();

		must(chown(postgres->scratch.path, user->pw_uid, user->pw_gid) == 0, "chown: %s",
		     strerror(errno));
	}
	start_program(postgres, "initdb", arguments);
	code = process_wait(&postgres->process);
	must(code == 0, "initdb: exit code %d:\n%s", code, postgres->process.text);
	process_free(&postgres->process);
}

static unsigned free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
		     getsockname(fd, (struct sockaddr *)&address, &size) == 0,
	     "no free port: %s", strerror(errno));
	(void)close(fd);
	return ntohs(address.sin_port);
}

/* Between free_port() and here somebody else may have taken the port. */
static bool try_start(struct postgres *postgres)
{
	char port[32], sockets[PATH_MAX + 32];
	const char *const arguments[] = {"-D", "data",
					 "-p", port,
					 "-c", sockets,
					 "-c", "listen_addresses=127.0.0.1",
					 "-c", "fsync=off",
					 "-c", "max_connections=150",
					 "-c", "log_min_messages=log",
					 "-c", "log_checkpoints=off",
					 NULL};
	const char *line;

	postgres->port = free_port();
	(void)snprintf(port, sizeof(port), "%u", postgres->port);
	(void)snprintf(sockets, sizeof(sockets), "unix_socket_directories=%s",
		       postgres->scratch.path);
	start_program(postgres, "postgres", arguments);
	while ((line = process_line(&postgres->process)) != NULL)
		if (strstr(line, "ready to accept connections"))
			return true;
	must(strstr(postgres->process.text, "Address already in use"), "postgres:\n%s",
	     postgres->process.text);
	process_free(&postgres->process);
	return false;
}

void postgres_start(struct postgres *postgres)
{
	int attempts = 5;

	make_directory(postgres);
	while (!try_start(postgres))
		must(--attempts > 0, "no port is free");
	(void)snprintf(postgres->conninfo, sizeof(postgres->conninfo),
		       "host=%s port=%u user=weir dbname=postgres", postgres->scratch.path,
		       postgres->port);
	(void)snprintf(postgres->tcp, sizeof(postgres->tcp),
		       "postgresql://weir@localhost:%u/postgres", postgres->port);
}

void postgres_stop(struct postgres *postgres)
{
	process_signal(&postgres->process, SIGQUIT); /* an immediate shutdown */
	(void)process_wait(&postgres->process);
	process_free(&postgres->process);
	scratch_remove(&postgres->scratch);
}

/* Sends a signal to the postmaster and to all of its children. */
static void signal_all(struct postgres *postgres, int number)
{
	char path[64];
	long child;
	FILE *children;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", postgres->process.pid,
		       postgres->process.pid);
	process_signal(&postgres->process, number);
	children = fopen(path, "re");
	must(children, "%s: %s", path, strerror(errno));
	while (fscanf(children, "%ld", &child) == 1)
		must(kill((pid_t)child, number) == 0 || errno == ESRCH, "kill: %s",
		     strerror(errno));
	(void)fclose(children);
}

void postgres_freeze(struct postgres *postgres)
{
	signal_all(postgres, SIGSTOP);
}

void postgres_thaw(struct postgres *postgres)
{
	signal_all(postgres, SIGCONT);
}
