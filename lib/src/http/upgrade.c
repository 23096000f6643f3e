/* upgrade.c: from a handler's wish to a 101 in the kernel; see upgrade.h.
 *
 * libmicrohttpd writes the 101 like any answer, without blocking and under the deadline of
 * answers, and calls switched() when its last byte is in the kernel, with what it has read behind
 * the request. It would keep such a connection among its suspended ones, which it walks again and
 * again. So its descriptor is given to a dead socket, as linger.c does, and libmicrohttpd closes
 * that; the connection goes on with the duplicate that was made before.
 *
 * Over TLS libmicrohttpd has to stay: it gives its owner one end of a pair of sockets, and moves
 * what comes and goes between the other and the session. The duplicate is made one of that end; the
 * connection is over when its owner has closed it and libmicrohttpd has sent the rest.
 */
#include "http/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/exchange.h"

#define WHITE " \t"

/* Whether `word` is in the comma-separated lists of all fields of this name (RFC 9110, 5.6.1). */
static bool is_listed(const weir_request *request, const char *name, const char *word)
{
	size_t size = strlen(word), i;

	for (i = 0; i < request->field_count; i++) {
		const char *at = request->fields[i].value;

		if (strcasecmp(request->fields[i].name, name) != 0)
			continue;
		while (*at) {
			size_t element = strcspn(at, "," WHITE);

			if (element == size && strncasecmp(at, word, size) == 0)
				return true;
			at += strcspn(at, ",");
			at += strspn(at, "," WHITE);
		}
	}
	return false;
}

/* protocol-name ["/" protocol-version] (RFC 9110, 7.8). */
static bool is_protocol(const char *protocol)
{
	char name[64];
	size_t size = strcspn(protocol, "/");

	if (size >= sizeof(name))
		return false;
	memcpy(name, protocol, size);
	name[size] = '\0';
	return weir__is_token(name) && (!protocol[size] || weir__is_token(protocol + size + 1));
}

static bool is_asked_for(const weir_request *request, const char *protocol)
{
	return !request->http_1_0 && !request->head && !weir__request_has_body(request) &&
	       is_listed(request, MHD_HTTP_HEADER_CONNECTION, "upgrade") &&
	       is_listed(request, MHD_HTTP_HEADER_UPGRADE, protocol);
}

static weir_upgraded *create(const weir_request *request,
			     const struct weir_upgrade_options *options)
{
	weir_upgraded *upgraded = calloc(1, sizeof(*upgraded));

	if (!upgraded)
		return NULL;
	upgraded->run = options->run;
	upgraded->drop = options->drop;
	upgraded->arg = options->arg;
	upgraded->route = request->route;
	upgraded->peer = request->peer;
	upgraded->fd = -1;
	weir__list_init(&upgraded->open);
	weir__list_init(&upgraded->ended);
	weir__list_init(&upgraded->job.node);
	upgraded->path = strdup(request->path);
	if (!upgraded->path)
		goto free_upgraded;
	if (weir_token_create(request->acceptor->options.drain_token, WEIR_NEVER, &upgraded->token))
		goto free_path;
	return upgraded;

free_path:
	free(upgraded->path);
free_upgraded:
	free(upgraded);
	return NULL;
}

/* Once the checks have said yes. */
static int respond(weir_response *response, const char *protocol,
		   const struct weir_upgrade_options *options)
{
	weir_upgraded *upgraded;
	int error = weir__response_add(response, MHD_HTTP_HEADER_UPGRADE, protocol);

	if (error)
		return error;
	upgraded = create(response->request, options);
	if (!upgraded)
		return -ENOMEM;
	weir__response_body_drop(response);
	response->kind = WEIR__BODY_UPGRADE;
	response->upgraded = upgraded;
	response->status = MHD_HTTP_SWITCHING_PROTOCOLS;
	return 0;
}

int weir_response_upgrade(weir_response *response, const struct weir_upgrade_options *options)
{
	weir_request *request = response->request;
	const char *protocol;

	if (!options || !options->protocol || !options->run || !is_protocol(options->protocol) ||
	    request->scope != WEIR_SCOPE_PUBLIC)
		return -EINVAL;
	if (weir__response_has_begun(response))
		return -EALREADY;
	protocol = weir__arena_copy(&request->arena, options->protocol, strlen(options->protocol));
	if (!protocol)
		return -ENOMEM;
	response->protocol = protocol;
	response->stopping =
		atomic_load_explicit(request->acceptor->options.stopping, memory_order_acquire);
	if (!is_asked_for(request, protocol))
		return -EPROTO;
	return response->stopping ? -ECANCELED : respond(response, protocol, options);
}

void weir__upgraded_drop(weir_upgraded *upgraded)
{
	if (!upgraded)
		return;
	if (upgraded->has_place)
		weir__queue_give_back(upgraded->all->acceptor->options.queue);
	if (upgraded->fd >= 0)
		(void)close(upgraded->fd);
	if (upgraded->all)
		weir__upgrades_unref(upgraded->all);
	if (upgraded->drop)
		upgraded->drop(upgraded->arg);
	weir_token_unref(upgraded->token);
	free(upgraded->early);
	free(upgraded->path);
	free(upgraded);
}

int weir__upgrade_prepare(weir_request *request, const char **reason)
{
	struct weir__acceptor *acceptor = request->acceptor;
	weir_upgraded *upgraded = request->response.upgraded;

	*reason = "the server is stopping";
	if (acceptor->cancelling)
		return 503;
	*reason = "no descriptor is left";
	upgraded->fd = fcntl(request->conn->fd, F_DUPFD_CLOEXEC, 0);
	if (upgraded->fd < 0)
		return 503;
	if (weir__queue_reserve(acceptor->options.queue)) {
		request->job.refusal = WEIR__REFUSAL_FULL;
		*reason = weir__refusal_count(request);
		return 503;
	}
	upgraded->has_place = true;
	upgraded->all = acceptor->upgrades;
	(void)atomic_fetch_add_explicit(&upgraded->all->references, 1, memory_order_relaxed);
	return 0;
}

/* What has been read already. False when memory is short. */
static bool keep_early(weir_upgraded *upgraded, const char *data, size_t size)
{
	if (size == 0)
		return true;
	upgraded->early = malloc(size);
	if (!upgraded->early)
		return false;
	memcpy(upgraded->early, data, size);
	upgraded->early_size = size;
	return true;
}

/* From here on neither libmicrohttpd nor the connection can reach the socket. libmicrohttpd has
 * taken it out of its epoll before it called. */
static bool detach(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	weir__acceptor_unwatch(acceptor, conn->fd);
	return dup2(acceptor->dead_fd, conn->fd) >= 0;
}

/* What the acceptor counted as a connection of HTTP is one of its own kind now. */
static void count_over(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	conn->upgraded = true;
	weir__counter_sub(&acceptor->connections, 1);
	weir__counter_add(&acceptor->upgraded, 1);
	weir__counter_add(&acceptor->counters[WEIR_SCOPE_PUBLIC].upgraded, 1);
}

static void no_delay(int fd)
{
	const int on = 1, usual = 0;

	/* Small messages both ways: RFC 896's algorithm would hold them back. A Unix socket has
	 * none of it, and says so. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* What its owner writes is the owner's to bound: as the system has it (listener.c). */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &usual, sizeof(usual));
}

/* The same over TLS: `fd` is the owner's end of a pair. The client watch stays: libmicrohttpd does
 * not tell the owner when the client has closed, so the acceptor does. */
static bool detach_tls(struct weir__acceptor *acceptor, struct weir__conn *conn,
		       weir_upgraded *upgraded, int fd, struct MHD_UpgradeResponseHandle *handle)
{
	if (conn->half_closed || conn->gone)
		weir__conn_deadline(acceptor, conn, WEIR__DEADLINE_HANGUP);
	if (dup3(fd, upgraded->fd, O_CLOEXEC) < 0)
		return false;
	upgraded->over_tls = handle;
	upgraded->conn = conn;
	return true;
}

/* Its client waits behind the 101. libmicrohttpd closes it in one run after another, with no event
 * in between. */
static void give_up_tls(struct weir__acceptor *acceptor, struct weir__conn *conn)
{
	(void)shutdown(conn->fd, SHUT_RDWR);
	conn->leaving = true;
	acceptor->leaving++;
}

/* libmicrohttpd: the 101 is in the kernel. */
static void switched(void *cls, struct MHD_Connection *mhd, void *context, const char *early,
		     size_t early_size, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
	weir_request *request = cls;
	struct weir__acceptor *acceptor = request->acceptor;
	weir_upgraded *upgraded = request->response.upgraded;
	struct weir__conn *conn = request->conn;
	bool good = keep_early(upgraded, early, early_size);

	(void)mhd;
	(void)context;
	request->response.upgraded = NULL;
	request->response.kind = WEIR__BODY_MEMORY;
	/* Whatever becomes of it: the request ends here. */
	weir__deadline_clear(&conn->deadline);
	conn->closing = true;
	conn->request = NULL;
	if (conn->tls)
		good = good && detach_tls(acceptor, conn, upgraded, fd, handle);
	else
		good = detach(acceptor, conn) && good;
	if (good) {
		upgraded->routes = request->routes;
		upgraded->client = conn->client;
		conn->client = NULL;
		count_over(acceptor, conn);
		no_delay(upgraded->fd);
		weir__upgraded_open(acceptor, upgraded);
	} else {
		conn->bad_end = true;
		weir__upgraded_drop(upgraded);
		if (conn->tls)
			give_up_tls(acceptor, conn);
	}
	if (!conn->tls || !good)
		(void)MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE); /* the rest is dead */
	acceptor->mhd_ready = true;
	weir__request_over(request, good ? request->outcome : WEIR__CUT);
}

struct MHD_Response *weir__upgrade_response(weir_request *request)
{
	return MHD_create_response_for_upgrade(switched, request);
}
