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
			on_signal(server, ++nth, info.ssi_signo);
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

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGINT);
	(void)sigaddset(&mask, SIGTERM);
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
