/* victim.c: the weir binary that is attacked.
 *
 * As it comes, but for two things: one client may have CLIENT_REQUESTS in flight, half as many as
 * there are workers, because a slow upload holds a worker; and the deadlines may be shortened, so
 * that a short run sees them pass.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../support/clock.h"
#include "../support/guard.h"
#include "../support/parse.h"
#include "../support/place.h"
#include "../support/say.h"
#include "../support/server.h"
#include "slow_clients.h"

#define CLIENT_REQUESTS 32
#define LARGE ((size_t)8 << 20)
#define SMALL ((size_t)64) /* with its header in what the load generator reads of an answer */
#define START_LIMIT (30 * BENCH_S)
#define STOP_LIMIT (40 * BENCH_S)
#define METRICS_SIZE ((size_t)256 * 1024)

static int write_file(const char *dir, const char *name, size_t size)
{
	char path[PATH_MAX];
	FILE *file;
	int result = 0;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "w");
	if (!file)
		return -errno;
	while (size-- > 0 && result == 0)
		result = putc('a', file) == EOF ? -EIO : 0;
	if (fclose(file) != 0)
		result = -EIO;
	return result;
}

static int write_config(const char *path, const struct slow_clients *bench)
{
	FILE *file = fopen(path, "w");
	int result = 0;

	if (!file)
		return -errno;
	if (fprintf(file, "limits:\n  client_requests: %d\n", CLIENT_REQUESTS) < 0)
		result = -EIO;
	if (result == 0 && bench->timeout > 0 &&
	    fprintf(file,
		    "timeouts:\n  first_byte: %us\n  header: %us\n  body: %us\n  write: %us\n",
		    bench->timeout, bench->timeout, bench->timeout, bench->timeout) < 0)
		result = -EIO;
	if (fclose(file) != 0)
		result = -EIO;
	return result;
}

/* Lines until the one that says where it listens for normal clients. */
static int read_port(struct victim *victim)
{
	int64_t deadline = bench_now() + START_LIMIT;
	uint64_t port = 0;
	char *line;
	int result;

	while ((result = bench_child_line(&victim->child, deadline, &line)) == 1) {
		if (bench_parse_after(line, "http://127.0.0.1:", UINT16_MAX, &port) == 0) {
			victim->port = (uint16_t)port;
			return 0;
		}
	}
	bench_child_complain(&victim->child, "did not say where it listens");
	return result == 0 ? -EPIPE : result;
}

int victim_start(struct victim *victim, const struct slow_clients *bench)
{
	char program[PATH_MAX], config[PATH_MAX], root[PATH_MAX], admin[160];
	const char *const argv[] = {program,   "serve", "--listen", "127.0.0.1:0", "--root", root,
				    "--admin", admin,   "--config", config,        NULL};
	int result = bench_place_own(program, sizeof(program), "../app/weir");

	memset(victim, 0, sizeof(*victim));
	(void)snprintf(root, sizeof(root), "%s/files", bench_guard_dir());
	(void)snprintf(config, sizeof(config), "%s/weir.yaml", bench_guard_dir());
	(void)snprintf(victim->admin, sizeof(victim->admin), "%s/admin", bench_guard_dir());
	(void)snprintf(admin, sizeof(admin), "unix:%s", victim->admin);
	if (result == 0 && mkdir(root, 0700) != 0 && errno != EEXIST)
		result = -errno;
	if (result == 0)
		result = write_file(root, "work", SMALL);
	if (result == 0)
		result = write_file(root, "large", LARGE);
	if (result == 0)
		result = write_config(config, bench);
	if (result == 0)
		result = bench_child_start(&victim->child,
					   &(struct bench_child_options){.name = "weir",
									 .argv = argv,
									 .merge_stderr = true});
	if (result != 0) {
		bench_say("cannot start weir: %s", strerror(-result));
		return result;
	}
	result = read_port(victim);
	if (result != 0)
		bench_child_end(&victim->child);
	return result;
}

int victim_stop(struct victim *victim)
{
	int64_t deadline = bench_now() + STOP_LIMIT;
	char *line;
	int result = kill(victim->child.pid, SIGTERM) == 0 ? 0 : -errno;

	while (result == 0 && bench_child_line(&victim->child, deadline, &line) == 1)
		continue; /* its log */
	if (result == 0)
		result = bench_child_expect_success(&victim->child, deadline);
	bench_child_end(&victim->child);
	return result;
}

static int ask(int fd, char *text, size_t size)
{
	static const char request[] =
		"GET /metrics HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n";
	size_t used = 0;
	ssize_t got;

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1)
		return -EIO;
	while (used < size - 1 && (got = recv(fd, text + used, size - 1 - used, 0)) != 0) {
		if (got < 0 && errno != EINTR)
			return -errno;
		used += got > 0 ? (size_t)got : 0;
	}
	text[used] = '\0';
	return used < size - 1 ? 0 : -EMSGSIZE;
}

int victim_metric(const struct victim *victim, const char *name, uint64_t *out)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 10};
	char *text = malloc(METRICS_SIZE), key[128];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), result = 0;

	memcpy(to.sun_path, victim->admin, sizeof(victim->admin));
	(void)snprintf(key, sizeof(key), "\n%s ", name);
	if (!text)
		result = -ENOMEM;
	else if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
		 connect(fd, (struct sockaddr *)&to, sizeof(to)))
		result = -errno;
	if (result == 0)
		result = ask(fd, text, METRICS_SIZE);
	if (result == 0)
		result = bench_parse_after(text, key, UINT64_MAX, out);
	if (result != 0)
		bench_say("cannot read the metric %s: %s", name, strerror(-result));
	if (fd >= 0)
		(void)close(fd);
	free(text);
	return result;
}

int victim_memory(const struct victim *victim, int64_t *rss, int64_t *peak)
{
	char path[64], text[8192];
	uint64_t now = 0, most = 0;
	size_t used;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)victim->child.pid);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	used = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[used] = '\0';
	for (char *at = text; *at; at++) /* "VmRSS:\t    1234 kB" */
		if (*at == '\t')
			*at = ' ';
	for (char *from = text, *to = text;; from++) {
		if (*from == ' ' && to > text && to[-1] == ' ')
			continue;
		*to++ = *from;
		if (!*from)
			break;
	}
	if (bench_parse_after(text, "VmRSS: ", INT64_MAX / 1024, &now) != 0 ||
	    bench_parse_after(text, "VmHWM: ", INT64_MAX / 1024, &most) != 0)
		return -EBADMSG;
	*rss = (int64_t)now * 1024;
	*peak = (int64_t)most * 1024;
	return 0;
}
