/* signals.c: weir_server_run(): a signal becomes a call, and nothing more.
 *
 * The calling thread reads signals from a signalfd, so no code runs in a signal handler, and
 * the third signal is heard even if every other thread is stuck. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "server/server_private.h"

static void on_signal(struct weir_server *server, unsigned nth, unsigned number)
{
	const char *name = number == SIGINT ? "SIGINT" : "SIGTERM";

	switch (nth) {
	case 1:
		weir_server_stop(server, name);
		break;
	case 2:
		weir__log(&server->logger, WEIR_LOG_WARNING, "cancelling",
			  "a second signal: requests are cancelled now", "signal", name, NULL);
		weir_server_cancel(server, name);
		break;
	default:
		weir__log(&server->logger, WEIR_LOG_ERROR, "leaving",
			  "a third signal: leaving at once", "signal", name, NULL);
		_exit(WEIR_LEFT);
	}
}

static struct weir__signal *find(struct weir_server *server, int number)
{
	unsigned i;

	for (i = 0; i < server->signal_count; i++)
		if (server->signals[i].number == number)
			return &server->signals[i];
	return NULL;
}

/* Those that report a fault cannot wait to be read, and two cannot be caught at all. */
static bool can_be_taken(int number)
{
	static const int others[] = {SIGINT, SIGTERM, SIGKILL, SIGSTOP, SIGSEGV,
				     SIGBUS, SIGILL,  SIGFPE,  SIGTRAP, SIGSYS};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (number == others[i])
			return false;
	/* The first ones of the real-time signals are the C library's own; signal(7). */
	return number > 0 && number <= SIGRTMAX && (number < 32 || number >= SIGRTMIN);
}

int weir_server_on_signal(weir_server *server, int signal_number, weir_signal_fn fn, void *arg)
{
	struct weir__signal *entry;

	if (!fn || !can_be_taken(signal_number))
		return -EINVAL;
	entry = find(server, signal_number);
	if (!entry) {
		if (server->signal_count == WEIR__MAX_SIGNALS)
			return -ENOSPC;
		entry = &server->signals[server->signal_count++];
	}
	*entry = (struct weir__signal){signal_number, fn, arg};
	return 0;
}

/* One that is the program's own is none of the three that stop a server. */
static void take_signal(struct weir_server *server, unsigned *nth, int number)
{
	const struct weir__signal *entry = find(server, number);

	if (entry)
		entry->fn(server, number, entry->arg);
	else
		on_signal(server, ++*nth, (unsigned)number);
}

/* Until the server has stopped. */
static void listen_to_signals(struct weir_server *server, int signals)
{
	struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
			       {.fd = server->stopped_fd, .events = POLLIN}};
	unsigned nth = 0;

	while (!(fds[1].revents & POLLIN)) {
		struct signalfd_siginfo info;

		if (poll(fds, 2, -1) < 0)
			continue; /* EINTR: another signal's handler ran on this thread */
		if (fds[0].revents & POLLIN &&
		    read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
			take_signal(server, &nth, (int)info.ssi_signo);
	}
}

static int make_stopped_fd(struct weir_server *server)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	(void)pthread_mutex_lock(&server->lock);
	server->stopped_fd = fd;
	(void)pthread_mutex_unlock(&server->lock);
	return 0;
}

int weir_server_run(weir_server *server, const struct weir_report **report)
{
	sigset_t mask, before;
	int signals, result;
	unsigned i;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGINT);
	(void)sigaddset(&mask, SIGTERM);
	for (i = 0; i < server->signal_count; i++)
		(void)sigaddset(&mask, server->signals[i].number);
	result = -pthread_sigmask(SIG_BLOCK, &mask, &before);
	if (result)
		return result;
	signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0) {
		result = -errno;
		goto restore_mask;
	}
	result = server->stopped_fd < 0 ? make_stopped_fd(server) : 0;
	if (!result)
		result = weir_server_start(server);
	if (!result) {
		listen_to_signals(server, signals);
		result = weir_server_wait(server, report);
	}
	(void)close(signals);

restore_mask:
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}
