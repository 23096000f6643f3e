/* hammer.c: the clients of the listener_close bench.
 *
 * Each is a process that waits for a byte on a pipe, then opens bursts of connections, sends a
 * request on each and reads the answers, until it is refused; then it writes what became of
 * them all into a pipe. The address and a count of answers are in memory that all share. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../support/clock.h"
#include "../support/guard.h"
#include "../support/server.h"
#include "listener_close.h"

#define BURST_MAX 64
#define CLIENTS_MAX 64
#define WAITED (50 * BENCH_MS)
#define PATIENCE (10 * BENCH_S)
#define ADDRESS_SIZE sizeof(((struct sockaddr_un *)0)->sun_path)

struct shared {
	char address[ADDRESS_SIZE];
	_Atomic uint64_t answered;
};

struct hammer {
	struct shared *shared;
	unsigned clients, burst;
	pid_t pids[CLIENTS_MAX];
	int go[CLIENTS_MAX];   /* a byte begins a round */
	int fate[CLIENTS_MAX]; /* what became of it */
};

struct attempt {
	int fd;
	bool sent;
	size_t got;
	char text[512];
};

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_un un;
};

static socklen_t read_address(const char *text, union address *out)
{
	memset(out, 0, sizeof(*out));
	if (*text == '/') {
		out->un.sun_family = AF_UNIX;
		memcpy(out->un.sun_path, text, strnlen(text, sizeof(out->un.sun_path) - 1));
		return sizeof(out->un);
	}
	out->in.sin_family = AF_INET;
	out->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	out->in.sin_port = htons((uint16_t)atoi(text));
	return sizeof(out->in);
}

static bool is_refusal(int error)
{
	return error == ECONNREFUSED || error == ENOENT;
}

/* False if it was refused, or the backlog of a Unix socket is full. */
static bool begin(struct attempt *attempt, const union address *address, socklen_t size,
		  struct fates *fates)
{
	*attempt = (struct attempt){.fd = socket(address->any.sa_family,
						 SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
	if (attempt->fd < 0)
		return false;
	if (connect(attempt->fd, &address->any, size) == 0 || errno == EINPROGRESS)
		return true;
	fates->refused += is_refusal(errno);
	(void)close(attempt->fd);
	attempt->fd = -1;
	return false;
}

static void end(struct attempt *attempt, uint64_t *fate)
{
	(*fate)++;
	(void)close(attempt->fd);
	attempt->fd = -1;
}

/* It can be written to: connected, or not. */
static void ask(struct attempt *attempt, struct fates *fates)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
	socklen_t size = sizeof(int);
	int error = 0;

	if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (is_refusal(error)) {
		end(attempt, &fates->refused);
		return;
	}
	if (error != 0 || send(attempt->fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		end(attempt, &fates->reset);
	else
		attempt->sent = true;
}

static void hear(struct shared *shared, struct attempt *attempt, struct fates *fates)
{
	ssize_t got = recv(attempt->fd, attempt->text + attempt->got,
			   sizeof(attempt->text) - 1 - attempt->got, 0);

	if (got < 0 && errno != EAGAIN && errno != EINTR) {
		end(attempt, &fates->reset);
		return;
	}
	if (got > 0) {
		attempt->got += (size_t)got;
		attempt->text[attempt->got] = '\0';
	}
	if (strstr(attempt->text, "\r\n\r\n" BENCH_HELLO)) {
		end(attempt, &fates->answered);
		atomic_fetch_add(&shared->answered, 1);
	} else if (got == 0) {
		end(attempt, &fates->dropped);
	}
}

/* True if some attempt is still open. */
static bool turn(struct shared *shared, struct attempt *attempts, unsigned count, int64_t begun,
		 struct fates *fates)
{
	struct pollfd waits[BURST_MAX];
	bool open = false;
	unsigned i;

	for (i = 0; i < count; i++)
		waits[i] = (struct pollfd){.fd = attempts[i].fd,
					   .events = attempts[i].sent ? POLLIN : POLLOUT};
	if (poll(waits, count, 10) < 0)
		return errno == EINTR;
	for (i = 0; i < count; i++) {
		struct attempt *attempt = &attempts[i];

		if (attempt->fd >= 0 && waits[i].revents && attempt->sent)
			hear(shared, attempt, fates);
		else if (attempt->fd >= 0 && waits[i].revents)
			ask(attempt, fates);
		else if (attempt->fd >= 0 && !attempt->sent && bench_now() > begun + WAITED)
			end(attempt, &fates->waited);
		open = open || attempt->fd >= 0;
	}
	return open;
}

static void hammer_round(struct shared *shared, unsigned burst, struct fates *fates)
{
	struct attempt attempts[BURST_MAX];
	union address address;
	socklen_t size = read_address(shared->address, &address);
	int64_t limit = bench_now() + PATIENCE;

	while (fates->refused + fates->waited == 0 && bench_now() < limit) {
		int64_t begun = bench_now();
		unsigned count = 0;

		while (count < burst && begin(&attempts[count], &address, size, fates))
			count++;
		while (count > 0 && turn(shared, attempts, count, begun, fates) &&
		       bench_now() < limit)
			continue;
	}
}

static _Noreturn void be_client(const struct hammer *hammer, int go, int fate)
{
	char byte;

	while (read(go, &byte, 1) == 1) {
		struct fates fates = {0};

		hammer_round(hammer->shared, hammer->burst, &fates);
		if (write(fate, &fates, sizeof(fates)) != (ssize_t)sizeof(fates))
			break;
	}
	_exit(0);
}

static int start_client(struct hammer *hammer, unsigned n)
{
	int go[2], fate[2];

	if (pipe(go) != 0)
		return -errno;
	if (pipe(fate) != 0) {
		int error = -errno;

		(void)close(go[0]);
		(void)close(go[1]);
		return error;
	}
	hammer->pids[n] = bench_guard_fork();
	if (hammer->pids[n] == 0) {
		/* The writing end of every pipe but its own would keep it alive for ever. */
		for (unsigned i = 0; i < n; i++)
			(void)close(hammer->go[i]);
		(void)close(go[1]);
		(void)close(fate[0]);
		be_client(hammer, go[0], fate[1]);
	}
	(void)close(go[0]);
	(void)close(fate[1]);
	hammer->go[n] = go[1];
	hammer->fate[n] = fate[0];
	hammer->clients = n + 1;
	return hammer->pids[n] < 0 ? (int)hammer->pids[n] : 0;
}

int hammer_start(struct hammer **out, unsigned clients, unsigned burst)
{
	struct hammer *hammer = calloc(1, sizeof(*hammer));
	int error = 0;

	if (!hammer)
		return -ENOMEM;
	hammer->burst = burst < BURST_MAX ? burst : BURST_MAX;
	hammer->shared = mmap(NULL, sizeof(*hammer->shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (hammer->shared == MAP_FAILED) {
		free(hammer);
		return -ENOMEM;
	}
	for (unsigned i = 0; error == 0 && i < clients && i < CLIENTS_MAX; i++)
		error = start_client(hammer, i);
	if (error != 0)
		hammer_stop(hammer);
	else
		*out = hammer;
	return error;
}

int hammer_begin(struct hammer *hammer, const char *address)
{
	(void)snprintf(hammer->shared->address, sizeof(hammer->shared->address), "%s", address);
	atomic_store(&hammer->shared->answered, 0);
	for (unsigned i = 0; i < hammer->clients; i++) {
		if (write(hammer->go[i], "g", 1) != 1)
			return -EPIPE;
	}
	return 0;
}

int hammer_await(struct hammer *hammer, uint64_t answered)
{
	int64_t limit = bench_now() + PATIENCE;

	while (atomic_load(&hammer->shared->answered) < answered) {
		const struct timespec moment = {.tv_nsec = 50000};

		if (bench_now() > limit)
			return -ETIMEDOUT;
		(void)nanosleep(&moment, NULL);
	}
	return 0;
}

int hammer_end(struct hammer *hammer, struct fates *sum)
{
	for (unsigned i = 0; i < hammer->clients; i++) {
		struct fates fates;

		if (read(hammer->fate[i], &fates, sizeof(fates)) != (ssize_t)sizeof(fates))
			return -EPIPE;
		sum->answered += fates.answered;
		sum->reset += fates.reset;
		sum->dropped += fates.dropped;
		sum->refused += fates.refused;
		sum->waited += fates.waited;
	}
	return 0;
}

void hammer_stop(struct hammer *hammer)
{
	if (!hammer)
		return;
	for (unsigned i = 0; i < hammer->clients; i++) {
		int status;

		(void)close(hammer->go[i]);
		(void)close(hammer->fate[i]);
		if (hammer->pids[i] > 0)
			(void)bench_guard_reap(hammer->pids[i], &status);
	}
	(void)munmap(hammer->shared, sizeof(*hammer->shared));
	free(hammer);
}
