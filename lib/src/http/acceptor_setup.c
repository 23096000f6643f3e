/* acceptor_setup.c: what the acceptor's loop stands on: its descriptors, libmicrohttpd's daemons,
 * the lengths of its deadlines; made before its thread begins, undone after it has ended.
 *
 * No locks: nobody else knows the acceptor yet, or any more. Only weir__acceptor_open_tls() is also
 * called later, on the acceptor's thread, when the first listener for TLS comes.
 */
#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/daemon.h"
#include "http/upgrade.h"

#define LINGER_TIME (5 * WEIR_SECOND)

static void ready_wake(struct weir__acceptor *acceptor, struct weir__watch *watch, uint32_t events)
{
	eventfd_t count;

	(void)watch;
	(void)events;
	(void)eventfd_read(acceptor->wake_fd, &count);
}

static void ready_mhd(struct weir__acceptor *acceptor, struct weir__watch *watch, uint32_t events)
{
	(void)watch;
	(void)events;
	acceptor->mhd_ready = true;
}

/* One end of a pair whose other end is closed; see linger.c. */
static int open_dead_socket(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -errno;
	(void)close(pair[1]);
	return pair[0];
}

static void init_deadlines(struct weir__acceptor *acceptor)
{
	const struct weir__acceptor_options *options = &acceptor->options;
	weir_time *durations = acceptor->deadlines.durations;
	int class;

	for (class = 0; class < WEIR__DEADLINE_COUNT; class ++)
		weir__list_init(&acceptor->deadlines.lists[class]);
	durations[WEIR__DEADLINE_HANGUP] = 0;
	durations[WEIR__DEADLINE_FIRST] = options->first_byte_timeout;
	durations[WEIR__DEADLINE_REST] = options->header_timeout - options->first_byte_timeout;
	durations[WEIR__DEADLINE_HEADER] = options->header_timeout;
	durations[WEIR__DEADLINE_IDLE] = options->keepalive_timeout;
	durations[WEIR__DEADLINE_BODY] = options->body_timeout;
	durations[WEIR__DEADLINE_SEND] = options->write_timeout;
	durations[WEIR__DEADLINE_LINGER] = LINGER_TIME;
}

static int watch_mhd(struct weir__acceptor *acceptor, struct MHD_Daemon *mhd,
		     struct weir__watch *watch)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(mhd, MHD_DAEMON_INFO_EPOLL_FD);

	if (!info)
		return -ENOTSUP;
	watch->ready = ready_mhd;
	return weir__acceptor_watch(acceptor, info->epoll_fd, EPOLLIN, watch);
}

int weir__acceptor_open_tls(struct weir__acceptor *acceptor)
{
	int error;

	if (acceptor->mhd_tls)
		return 0;
	error = weir__daemon_open_tls(acceptor);
	if (error)
		return error;
	error = watch_mhd(acceptor, acceptor->mhd_tls, &acceptor->mhd_tls_watch);
	if (error) {
		MHD_stop_daemon(acceptor->mhd_tls);
		acceptor->mhd_tls = NULL;
	}
	return error;
}

static int watch_everything(struct weir__acceptor *acceptor)
{
	struct weir__list *node;
	int error = watch_mhd(acceptor, acceptor->mhd, &acceptor->mhd_watch);

	acceptor->wake_watch.ready = ready_wake;
	if (!error)
		error = weir__acceptor_watch(acceptor, acceptor->wake_fd, EPOLLIN,
					     &acceptor->wake_watch);
	weir__list_each (node, &acceptor->listeners->list) {
		struct weir__listener *listener = weir__container(node, struct weir__listener, all);

		listener->watch.ready = weir__accept_ready;
		if (!error && listener->tls)
			error = weir__acceptor_open_tls(acceptor);
		if (!error)
			error = weir__acceptor_watch(acceptor, listener->fd, EPOLLIN,
						     &listener->watch);
	}
	return error;
}

int weir__acceptor_init(struct weir__acceptor *acceptor,
			const struct weir__acceptor_options *options,
			struct weir__listeners *listeners)
{
	int error;

	memset(acceptor, 0, sizeof(*acceptor));
	acceptor->options = *options;
	acceptor->listeners = listeners;
	acceptor->routes = options->routes;
	acceptor->now = weir_now();
	weir__list_init(&acceptor->calls);
	weir__list_init(&acceptor->conns);
	weir__list_init(&acceptor->requests);
	weir__list_init(&acceptor->lingers);
	init_deadlines(acceptor);
	error = -pthread_mutex_init(&acceptor->calls_lock, NULL);
	if (error)
		return error;
	acceptor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (acceptor->epoll_fd < 0) {
		error = -errno;
		goto destroy_lock;
	}
	acceptor->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (acceptor->wake_fd < 0) {
		error = -errno;
		goto close_epoll;
	}
	acceptor->dead_fd = open_dead_socket();
	if (acceptor->dead_fd < 0) {
		error = acceptor->dead_fd;
		goto close_wake;
	}
	error = weir__daemon_open(acceptor);
	if (error)
		goto close_dead;
	error = watch_everything(acceptor);
	if (error)
		goto stop_mhd;
	error = weir__clients_init(&acceptor->clients, options->client_limits,
				   options->max_connections);
	if (error)
		goto stop_mhd;
	error = weir__upgrades_create(acceptor, &acceptor->upgrades);
	if (error)
		goto fini_clients;
	return 0;

fini_clients:
	weir__clients_fini(&acceptor->clients);
stop_mhd:
	weir__daemon_close(acceptor);
close_dead:
	(void)close(acceptor->dead_fd);
close_wake:
	(void)close(acceptor->wake_fd);
close_epoll:
	(void)close(acceptor->epoll_fd);
destroy_lock:
	(void)pthread_mutex_destroy(&acceptor->calls_lock);
	return error;
}

void weir__acceptor_fini(struct weir__acceptor *acceptor)
{
	weir__daemon_close(acceptor); /* nothing, unless the thread was never started */
	weir__upgrades_unref(acceptor->upgrades);
	weir__clients_fini(&acceptor->clients);
	(void)close(acceptor->dead_fd);
	(void)close(acceptor->wake_fd);
	(void)close(acceptor->epoll_fd);
	(void)pthread_mutex_destroy(&acceptor->calls_lock);
}
