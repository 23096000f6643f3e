/* listen.c: listeners that come and go.
 *
 * Before the start they are put into the set as they come. Afterwards the acceptor owns the set:
 * the socket is bound on the caller's thread, because looking up a name may take its time, and
 * the acceptor is asked to watch it. Closing one takes two visits to the acceptor: one to keep new
 * clients away, one to close it. In between handshakes that are under way are waited for, here,
 * while the acceptor goes on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/io.h>
#include <weir/tls.h>

#include "http/tls.h"
#include "server/inherit.h"
#include "server/server_private.h"

/* A handshake that has begun ends within a round trip, or never; looked at as often, waited for
 * as long as this. There is no event for it. */
#define HANDSHAKE_LOOK (2 * WEIR_MILLISECOND)
#define HANDSHAKE_PATIENCE (500 * WEIR_MILLISECOND)

void weir__listen_log(const struct weir_server *server, const struct weir__listener *listener)
{
	weir__log(&server->logger, WEIR_LOG_INFO, "listening", NULL, "url", listener->url,
		  listener->scope == WEIR_SCOPE_ADMIN ? "scope" : NULL, "admin", NULL);
}

struct arrival {
	struct weir__listener *listener;
	int error;
};

static void begin(struct weir__acceptor *acceptor, void *arg)
{
	struct arrival *arrival = arg;

	arrival->error =
		acceptor->draining ? -ECANCELED : weir__accept_begin(acceptor, arrival->listener);
}

static int add(struct weir_server *server, struct weir__listener *listener)
{
	struct arrival arrival = {.listener = listener};
	int result = weir__server_running(server);

	if (result == 0) {
		weir__listeners_add(&server->listeners, listener);
		return 0;
	}
	if (result < 0)
		return result;
	weir__acceptor_call(&server->acceptor, begin, &arrival);
	if (!arrival.error)
		weir__listen_log(server, listener);
	return arrival.error;
}

static int add_or_destroy(struct weir_server *server, struct weir__listener *listener, bool tls)
{
	int error = tls ? weir__listener_use_tls(listener) : 0;

	if (!error)
		error = add(server, listener);
	if (error)
		weir__listener_destroy(listener);
	return error;
}

static bool is_at(void *address, int fd, const char *name)
{
	(void)name;
	return weir__listener_matches(fd, address);
}

/* "" is any name. */
static bool is_called(void *wanted, int fd, const char *name)
{
	(void)fd;
	return !*(const char *)wanted || strcmp(name, wanted) == 0;
}

/* All inherited sockets of this name. */
static int listen_at_named(struct weir_server *server, const char *name, enum weir_scope scope,
			   bool tls)
{
	int fd = weir__inherit_take(is_called, (void *)name), error = 0;

	if (fd < 0)
		return -ENOENT;
	for (; fd >= 0 && !error; fd = weir__inherit_take(is_called, (void *)name)) {
		struct weir__listener *listener;

		error = weir__listener_adopt(fd, scope, &listener);
		if (!error)
			error = add_or_destroy(server, listener, tls);
	}
	return error;
}

static int listen_at(weir_server *server, const char *address, enum weir_scope scope, bool tls)
{
	struct weir__listener *listener;
	int error, fd;

	if (!address || (scope != WEIR_SCOPE_PUBLIC && scope != WEIR_SCOPE_ADMIN))
		return -EINVAL;
	if (strcmp(address, "systemd") == 0)
		return listen_at_named(server, "", scope, tls);
	if (strncmp(address, "systemd:", 8) == 0)
		return listen_at_named(server, address + 8, scope, tls);
	fd = weir__inherit_take(is_at, (void *)address);
	error = fd >= 0 ? weir__listener_adopt(fd, scope, &listener)
			: weir__listener_open(address, scope, &listener);
	return error ? error : add_or_destroy(server, listener, tls);
}

int weir_server_listen(weir_server *server, const char *address, enum weir_scope scope)
{
	return listen_at(server, address, scope, false);
}

int weir_server_listen_tls(weir_server *server, const char *address, enum weir_scope scope)
{
	weir_tls *tls = weir__tls_slot_get(&server->tls);

	if (!tls || !address || strncmp(address, "unix:", 5) == 0) {
		weir_tls_unref(tls);
		return -EINVAL;
	}
	weir_tls_unref(tls); /* the slot has one from now on, always */
	return listen_at(server, address, scope, true);
}

const char *weir_server_url(const weir_server *server, size_t n)
{
	/* The lock is the only thing that changes. */
	return weir__listeners_url((struct weir__listeners *)&server->listeners, n);
}

struct departure {
	const char *url;
	int error;
	struct weir__syn_ports ports;
};

/* Keeps new clients away. */
static void refuse(struct weir__acceptor *acceptor, void *arg)
{
	struct departure *departure = arg;
	struct weir__listener *listener = weir__listeners_find(acceptor->listeners, departure->url);

	departure->error = listener ? 0 : -ENOENT;
	if (!listener)
		return;
	weir__accept_rest(acceptor, listener);
	weir__listener_ports(listener, &departure->ports);
}

static void leave(struct weir__acceptor *acceptor, void *arg)
{
	struct departure *departure = arg;
	struct weir__listener *listener = weir__listeners_find(acceptor->listeners, departure->url);

	departure->error = listener ? 0 : -ENOENT; /* a stop may have been quicker */
	if (!listener)
		return;
	weir__accept_end(acceptor, listener);
	weir__listeners_remove(acceptor->listeners, listener);
}

void weir__listen_settle(const struct weir_server *server, const struct weir__syn_ports *ports,
			 weir_time until)
{
	weir_time patience = weir_after(HANDSHAKE_PATIENCE);

	if (until > patience)
		until = patience;
	while (!weir__acceptor_is_self(&server->acceptor) && weir__syn_pending(ports) > 0 &&
	       weir_now() < until)
		(void)weir_sleep(NULL, weir_after(HANDSHAKE_LOOK));
}

static int remove_unstarted(struct weir_server *server, const char *url)
{
	struct weir__listener *listener = weir__listeners_find(&server->listeners, url);

	if (!listener)
		return -ENOENT;
	weir__listeners_remove(&server->listeners, listener);
	return 0;
}

int weir_server_unlisten(weir_server *server, const char *url)
{
	struct departure departure = {.url = url};
	char *copy; /* `url` may be the listener's own */
	int result = url ? weir__server_running(server) : -EINVAL;

	if (result == 0)
		return remove_unstarted(server, url);
	if (result < 0)
		return result;
	copy = strdup(url);
	if (!copy)
		return -ENOMEM;
	weir__acceptor_call(&server->acceptor, refuse, &departure);
	if (!departure.error) {
		weir__listen_settle(server, &departure.ports, WEIR_NEVER);
		weir__acceptor_call(&server->acceptor, leave, &departure);
	}
	if (!departure.error)
		weir__log(&server->logger, WEIR_LOG_INFO, "not-listening", NULL, "url", copy, NULL);
	free(copy);
	return departure.error;
}
