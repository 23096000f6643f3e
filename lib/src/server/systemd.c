/* systemd.c: the protocol of sd_notify(3): datagrams of lines NAME=value to a Unix socket, whose
 * name is in $NOTIFY_SOCKET; "@" stands for the NUL of an abstract one. Sending never waits: a
 * manager that does not read misses a beat, which is its own affair.
 *
 * The watchdog (sd_watchdog_enabled(3)) is fed twice in each of its periods, if the queue is empty,
 * or has moved since the last time: a job was taken out. A queue in which requests have waited for
 * all that time, without one of them being taken, is what a deadlock of the workers looks like.
 */
#include "server/systemd.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/server_private.h"

/* While a stop runs: how often its progress is told, and for how long each time more is asked. */
#define PROGRESS WEIR_SECOND
#define EXTENSION (5 * WEIR_SECOND)

void weir__systemd_init(struct weir__systemd *systemd)
{
	*systemd = (struct weir__systemd){.fd = -1};
}

void weir__systemd_fini(struct weir__systemd *systemd)
{
	if (systemd->fd >= 0)
		(void)close(systemd->fd);
	systemd->fd = -1;
}

static void tell(const struct weir_server *server, const char *text)
{
	const struct weir__systemd *systemd = &server->systemd;

	if (systemd->fd >= 0 && !atomic_load_explicit(&systemd->silent, memory_order_relaxed))
		(void)send(systemd->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* A socket that is connected to there; or -errno. */
static int dial(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t size = strlen(name);
	int fd, error;

	if ((*name != '/' && *name != '@') || size < 2 || size >= sizeof(address.sun_path))
		return -EINVAL;
	memcpy(address.sun_path, name, size);
	if (*name == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size))) {
		error = -errno;
		(void)close(fd);
		return error;
	}
	return fd;
}

/* A number above 0; 0 for none, -1 for what is no number. */
static int64_t read_number(const char *text)
{
	char *end;
	long long value;

	if (!text)
		return 0;
	errno = 0;
	value = strtoll(text, &end, 10);
	return errno || end == text || *end || value <= 0 ? -1 : value;
}

static int read_watchdog(weir_time *out)
{
	int64_t period = read_number(getenv("WATCHDOG_USEC"));
	int64_t pid = read_number(getenv("WATCHDOG_PID"));

	*out = 0;
	if (period < 0 || pid < 0 || period > INT64_MAX / WEIR_MICROSECOND)
		return -EINVAL;
	if (period > 0 && (pid == 0 || pid == getpid()))
		*out = period * WEIR_MICROSECOND / 2;
	return 0;
}

int weir_systemd_attach(weir_server *server)
{
	const char *name = getenv("NOTIFY_SOCKET");
	weir_time watchdog;
	int fd, error = read_watchdog(&watchdog);

	if (error || !name || !*name)
		return error;
	if (weir__server_running(server) != 0 || server->systemd.fd >= 0)
		return -EBUSY;
	fd = dial(name);
	if (fd < 0)
		return fd;
	server->systemd.fd = fd;
	server->systemd.watchdog = watchdog;
	return 0;
}

void weir__systemd_ready(struct weir_server *server)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "READY=1\nSTATUS=serving\nMAINPID=%ld", (long)getpid());
	tell(server, text);
}

void weir__systemd_stopping(struct weir_server *server)
{
	tell(server, "STOPPING=1\nSTATUS=stopping");
}

void weir_systemd_reloading(weir_server *server)
{
	char text[96];

	(void)snprintf(text, sizeof(text),
		       "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=taking a new configuration",
		       (int64_t)(weir_now() / WEIR_MICROSECOND));
	tell(server, text);
}

void weir_systemd_reloaded(weir_server *server)
{
	tell(server, "READY=1\nSTATUS=serving");
}

void weir_systemd_main_pid(weir_server *server, pid_t pid)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "MAINPID=%ld", (long)pid);
	tell(server, text);
	atomic_store_explicit(&server->systemd.silent, true, memory_order_relaxed);
}

static void feed(struct weir_server *server, weir_time now)
{
	struct weir__systemd *systemd = &server->systemd;
	unsigned taken = atomic_load_explicit(&server->queue.taken, memory_order_relaxed);

	if (now < systemd->fed_at + systemd->watchdog)
		return;
	systemd->fed_at = now;
	if (weir__queue_length(&server->queue) == 0 || taken != systemd->taken)
		tell(server, "WATCHDOG=1");
	systemd->taken = taken;
}

static void tell_progress(struct weir_server *server)
{
	enum weir_phase phase = weir__drain_phase(&server->drain);
	weir_time left = weir__drain_left(&server->drain);
	char text[192];
	int size;

	size = snprintf(text, sizeof(text),
			"STATUS=stopping (%s): %" PRIu64 " in flight, %" PRId64 " s left",
			weir_phase_key((int)phase), weir__counter_get(&server->acceptor.in_flight),
			(int64_t)(left / WEIR_SECOND));
	/* Not beyond the drain timeout. */
	if (left > 0)
		(void)snprintf(text + size, sizeof(text) - (size_t)size,
			       "\nEXTEND_TIMEOUT_USEC=%" PRId64,
			       (int64_t)((left < EXTENSION ? left : EXTENSION) / WEIR_MICROSECOND));
	tell(server, text);
}

weir_time weir__systemd_beat(struct weir_server *server)
{
	const struct weir__systemd *systemd = &server->systemd;
	weir_time now = weir_now(), next = WEIR_NEVER;

	if (systemd->fd < 0)
		return WEIR_NEVER;
	if (systemd->watchdog > 0) {
		feed(server, now);
		next = server->systemd.fed_at + systemd->watchdog;
	}
	if (atomic_load_explicit(&server->stopping, memory_order_relaxed)) {
		tell_progress(server);
		if (now + PROGRESS < next)
			next = now + PROGRESS;
	}
	return next;
}
