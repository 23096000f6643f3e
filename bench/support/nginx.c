/* nginx.c: writes the configuration from its template, binds the port, starts.
 *
 * nginx takes over listening sockets whose numbers stand in the variable NGINX, which is
 * how it replaces its own binary; here the bench plays the old binary.
 */
#include "nginx.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "guard.h"
#include "place.h"

int bench_nginx_find(char *program, size_t program_size, char *version, size_t version_size)
{
	const char *argv[] = {program, "-v", NULL};
	int result = bench_place_program(program, program_size, "nginx");

	if (result != 0)
		return result;
	return bench_child_first_line(&(struct bench_child_options){.name = "nginx-version",
								    .argv = argv,
								    .merge_stderr = true},
				      bench_now() + 30 * BENCH_S, version, version_size);
}

static int bind_port(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int result, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, SOMAXCONN) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
		result = -errno;
		close(fd);
		return result;
	}
	*port = ntohs(address.sin_port);
	return fd;
}

struct names {
	const char *dir;
	uint16_t port, upstream;
};

/* Copies a line with @PORT@, @UPSTREAM@ and @DIR@ filled in. */
static int fill_in(FILE *to, const char *line, const struct names *names)
{
	while (*line) {
		int put;

		if (strncmp(line, "@PORT@", 6) == 0) {
			put = fprintf(to, "%u", names->port);
			line += 6;
		} else if (strncmp(line, "@UPSTREAM@", 10) == 0) {
			put = fprintf(to, "%u", names->upstream);
			line += 10;
		} else if (strncmp(line, "@DIR@", 5) == 0) {
			put = fprintf(to, "%s", names->dir);
			line += 5;
		} else {
			put = fputc(*line++, to);
		}
		if (put < 0)
			return -EIO;
	}
	return 0;
}

static int write_configuration(const char *path, const char *source, const struct names *names)
{
	char template[PATH_MAX], line[512];
	FILE *from, *to;
	int result = bench_place_own(template, sizeof(template), source);

	if (result != 0)
		return result;
	from = fopen(template, "re");
	if (!from)
		return -errno;
	to = fopen(path, "we");
	if (!to) {
		result = -errno;
		goto close_from;
	}
	while (result == 0 && fgets(line, sizeof(line), from))
		result = fill_in(to, line, names);
	if (result == 0 && ferror(from))
		result = -EIO;
	if (fclose(to) != 0 && result == 0)
		result = -errno;
close_from:
	(void)fclose(from);
	return result;
}

static int start(const char *program, const char *source, uint16_t upstream,
		 struct bench_child *child, uint16_t *port)
{
	char dir[PATH_MAX / 2], configuration[PATH_MAX], inherited[32];
	const char *argv[] = {program, "-p", dir, "-c", configuration, "-e", "stderr", NULL};
	const char *env[] = {inherited, NULL};
	int fd, result;

	if (snprintf(dir, sizeof(dir), "%s/nginx", bench_guard_dir()) >= (int)sizeof(dir) ||
	    snprintf(configuration, sizeof(configuration), "%s/nginx.conf", dir) >=
		    (int)sizeof(configuration))
		return -ENAMETOOLONG;
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return -errno;
	fd = bind_port(port);
	if (fd < 0)
		return fd;
	result = write_configuration(configuration, source, &(struct names){dir, *port, upstream});
	if (result != 0)
		goto close_fd;
	if (snprintf(inherited, sizeof(inherited), "NGINX=%d;", fd) >= (int)sizeof(inherited)) {
		result = -EOVERFLOW;
		goto close_fd;
	}
	/* When the bench dies the master gets SIGTERM, not SIGKILL: it takes its worker along. */
	result = bench_child_start(child, &(struct bench_child_options){.name = "nginx",
									.argv = argv,
									.env = env,
									.pass_fd = fd,
									.death_signal = SIGTERM});
close_fd:
	close(fd);
	return result;
}

int bench_nginx_start(const char *program, struct bench_child *child, uint16_t *port)
{
	return start(program, "peers/nginx.conf.in", 0, child, port);
}

int bench_nginx_start_proxy(const char *program, uint16_t upstream, struct bench_child *child,
			    uint16_t *port)
{
	return start(program, "peers/nginx_proxy.conf.in", upstream, child, port);
}
