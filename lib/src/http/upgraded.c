/* upgraded.c: a connection that has left HTTP, while it is open, and its end; see upgrade.h.
 *
 * Nothing watches it: its owner sees by itself how it goes, and the acceptor has no work with it
 * between its beginning and its end. Its token is a child of the server's drain token.
 *
 * The wakeup of the acceptor is that of acceptor.c: who closes puts the connection on `over`, sets
 * `news` and looks whether the acceptor sleeps; the acceptor says that it sleeps and then looks at
 * `news`. All that a closer touches of the acceptor it touches under the lock, before the acceptor
 * can have taken the connection; so when the last one was taken, the acceptor may go.
 */
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drain/straggler.h"
#include "http/conn.h"
#include "http/tls.h"
#include "http/upgrade.h"

/* A pair of sockets takes more than this (net.core.wmem_default, unix(7)), and libmicrohttpd's
 * buffer is smaller than the difference. */
#define ROOM_LEFT 32768

int weir__upgrades_create(struct weir__acceptor *acceptor, struct weir__upgrades **out)
{
	struct weir__upgrades *all = calloc(1, sizeof(*all));
	int error;

	if (!all)
		return -ENOMEM;
	error = -pthread_mutex_init(&all->lock, NULL);
	if (error) {
		free(all);
		return error;
	}
	all->acceptor = acceptor;
	atomic_init(&all->references, 1);
	weir__list_init(&all->over);
	weir__list_init(&all->open);
	*out = all;
	return 0;
}

void weir__upgrades_unref(struct weir__upgrades *all)
{
	/* acq_rel: whoever frees sees that the others are done with the lock. */
	if (atomic_fetch_sub_explicit(&all->references, 1, memory_order_acq_rel) != 1)
		return;
	(void)pthread_mutex_destroy(&all->lock);
	free(all);
}

/* On a worker. The owner may close it, and all of it be gone, before `run` has returned; the
 * acceptor stays until the workers have ended. */
static void run(struct weir__job *job)
{
	weir_upgraded *upgraded = weir__container(job, weir_upgraded, job);
	struct weir__upgrades *all = upgraded->all;

	(void)atomic_fetch_add_explicit(&all->running, 1, memory_order_relaxed);
	atomic_store_explicit(&upgraded->begun, true, memory_order_relaxed);
	upgraded->run(upgraded, upgraded->arg);
	(void)atomic_fetch_sub_explicit(&all->running, 1, memory_order_relaxed);
}

static const struct weir__job_ops job_ops = {.run = run};

void weir__upgraded_open(struct weir__acceptor *acceptor, weir_upgraded *upgraded)
{
	upgraded->opened_at = acceptor->now;
	if (upgraded->routes)
		weir__routes_take(upgraded->routes);
	weir__list_append(&upgraded->all->open, &upgraded->open);
	upgraded->job.ops = &job_ops;
	upgraded->job.priority = WEIR__PRIORITY_PROMISED;
	upgraded->has_place = false;
	weir__queue_push_reserved(acceptor->options.queue, &upgraded->job);
	acceptor->kick = true;
}

int weir_upgraded_fd(const weir_upgraded *upgraded)
{
	return upgraded->fd;
}

const void *weir_upgraded_early(const weir_upgraded *upgraded, size_t *size)
{
	*size = upgraded->early_size;
	return upgraded->early;
}

weir_token *weir_upgraded_token(weir_upgraded *upgraded)
{
	return upgraded->token;
}

void weir_upgraded_note(weir_upgraded *upgraded, const char *note)
{
	atomic_store_explicit(&upgraded->note, note, memory_order_relaxed);
}

void weir_upgraded_count(weir_upgraded *upgraded, uint64_t received, uint64_t sent)
{
	(void)atomic_fetch_add_explicit(&upgraded->received, received, memory_order_relaxed);
	(void)atomic_fetch_add_explicit(&upgraded->sent, sent, memory_order_relaxed);
}

void weir_upgraded_close(weir_upgraded *upgraded)
{
	struct weir__upgrades *all = upgraded->all;

	/* From here on nobody else uses the descriptor. It is closed without the lock, because
	 * that may take as long as SO_LINGER says. */
	(void)pthread_mutex_lock(&all->lock);
	upgraded->closed = true;
	(void)pthread_mutex_unlock(&all->lock);
	(void)close(upgraded->fd);
	(void)pthread_mutex_lock(&all->lock);
	weir__list_append(&all->over, &upgraded->ended);
	atomic_store_explicit(&all->news, true, memory_order_relaxed);
	weir__acceptor_wake(all->acceptor);
	(void)pthread_mutex_unlock(&all->lock);
	weir__upgrades_unref(all);
}

/* Over TLS libmicrohttpd sends the rest, and closes. When its daemon has gone, so has all of it. */
static void let_go(struct weir__acceptor *acceptor, weir_upgraded *upgraded)
{
	if (!upgraded->over_tls || !acceptor->mhd_tls)
		return;
	(void)MHD_upgrade_action(upgraded->over_tls, MHD_UPGRADE_ACTION_CLOSE);
	acceptor->leaving++;
	weir__conn_deadline(acceptor, upgraded->conn, WEIR__DEADLINE_SEND);
	upgraded->over_tls = NULL;
	upgraded->conn = NULL;
	acceptor->mhd_ready = true;
}

void weir__upgrades_let_go(struct weir__acceptor *acceptor)
{
	struct weir__list *node;

	weir__list_each (node, &acceptor->upgrades->open)
		let_go(acceptor, weir__container(node, weir_upgraded, open));
}

/* It is no longer in flight. */
static void end(struct weir__acceptor *acceptor, weir_upgraded *upgraded)
{
	let_go(acceptor, upgraded);
	weir__list_remove(&upgraded->open);
	if (upgraded->named)
		upgraded->named->abandoned = 0;
	if (upgraded->routes)
		weir__routes_give_back(upgraded->routes);
	weir__counter_sub(&acceptor->upgraded, 1);
	acceptor->conn_count--;
	weir__clients_give_back(&acceptor->clients, upgraded->client, WEIR__CLIENT_CONNECTIONS);
	if (acceptor->draining)
		weir__intake_progress(acceptor);
	if (!acceptor->ended)
		weir__accept_resume(acceptor);
}

void weir__upgrades_take(struct weir__acceptor *acceptor)
{
	struct weir__upgrades *all = acceptor->upgrades;
	struct weir__list taken, *node;

	if (!atomic_load_explicit(&all->news, memory_order_relaxed))
		return;
	weir__list_init(&taken);
	(void)pthread_mutex_lock(&all->lock);
	atomic_store_explicit(&all->news, false, memory_order_relaxed);
	if (!all->settled)
		weir__list_splice(&taken, &all->over);
	(void)pthread_mutex_unlock(&all->lock);
	while ((node = weir__list_shift(&taken))) {
		weir_upgraded *upgraded = weir__container(node, weir_upgraded, ended);

		end(acceptor, upgraded);
		weir_token_unref(upgraded->token);
		free(upgraded->early);
		free(upgraded->path);
		free(upgraded);
	}
}

static const char *doing(const weir_upgraded *upgraded)
{
	const char *note = atomic_load_explicit(&upgraded->note, memory_order_relaxed);

	if (note)
		return note;
	return atomic_load_explicit(&upgraded->begun, memory_order_relaxed) ? "upgraded" : "queued";
}

void weir__upgraded_describe(const struct weir__acceptor *acceptor, const weir_upgraded *upgraded,
			     struct weir_straggler *out)
{
	memset(out, 0, sizeof(*out));
	(void)snprintf(out->route, sizeof(out->route), "%s", upgraded->route->pattern);
	(void)snprintf(out->path, sizeof(out->path), "%s", upgraded->path);
	weir__address_print(&upgraded->peer, out->client, sizeof(out->client));
	(void)snprintf(out->doing, sizeof(out->doing), "%s", doing(upgraded));
	out->age = acceptor->now - upgraded->opened_at;
	out->received = atomic_load_explicit(&upgraded->received, memory_order_relaxed);
	out->sent = atomic_load_explicit(&upgraded->sent, memory_order_relaxed);
	out->upgraded = 1;
	weir__straggler_look(acceptor, upgraded->token, out);
}

/* The entry of what is being cut; NULL if there is no room for one more. */
static struct weir_straggler *name(struct weir__acceptor *acceptor, const weir_upgraded *upgraded,
				   struct weir__stragglers *stragglers)
{
	struct weir_straggler *entry;

	stragglers->total++;
	if (stragglers->count == stragglers->capacity)
		return NULL;
	entry = &stragglers->list[stragglers->count];
	stragglers->jobs[stragglers->count] = &upgraded->job;
	stragglers->requests[stragglers->count++] = NULL;
	weir__upgraded_describe(acceptor, upgraded, entry);
	return entry;
}

/* Ends the connection under its owner, who is to close it. False if he has. */
static bool cut(weir_upgraded *upgraded)
{
	struct weir__upgrades *all = upgraded->all;
	bool open;

	(void)pthread_mutex_lock(&all->lock);
	open = !upgraded->closed;
	if (open)
		(void)shutdown(upgraded->fd, SHUT_RDWR);
	if (open && upgraded->conn)
		(void)shutdown(upgraded->conn->fd, SHUT_RDWR);
	(void)pthread_mutex_unlock(&all->lock);
	return open;
}

/* All that the client has sent has been handed on by libmicrohttpd: nothing of it is left in front
 * of the session or in it, and the owner has not so much to read that there was no room. */
static bool is_handed_on(const struct weir__conn *conn, const weir_upgraded *upgraded)
{
	int before = 0, behind = 0;

	return ioctl(conn->fd, FIONREAD, &before) == 0 && before == 0 &&
	       !weir__tls_has_unread(conn->tls) && ioctl(upgraded->fd, FIONREAD, &behind) == 0 &&
	       behind < ROOM_LEFT;
}

static bool end_reading(weir_upgraded *upgraded, const struct weir__conn *conn)
{
	struct weir__upgrades *all = upgraded->all;
	bool done;

	(void)pthread_mutex_lock(&all->lock);
	done = upgraded->closed || conn->gone || is_handed_on(conn, upgraded);
	if (done && !upgraded->closed)
		(void)shutdown(upgraded->fd, conn->gone ? SHUT_RDWR : SHUT_RD);
	(void)pthread_mutex_unlock(&all->lock);
	return done;
}

bool weir__upgraded_hung_up(struct weir__acceptor *acceptor, const struct weir__conn *conn)
{
	struct weir__list *node;

	weir__list_each (node, &acceptor->upgrades->open) {
		weir_upgraded *upgraded = weir__container(node, weir_upgraded, open);

		if (upgraded->conn == conn)
			return end_reading(upgraded, conn);
	}
	return true; /* closed already */
}

/* What no worker has got never will be. */
static void drop_queued(struct weir__acceptor *acceptor, struct weir__stragglers *stragglers)
{
	struct weir__list *node, *after;

	weir__list_each_safe (node, after, &acceptor->upgrades->open) {
		weir_upgraded *upgraded = weir__container(node, weir_upgraded, open);

		if (!weir__queue_remove(acceptor->options.queue, &upgraded->job))
			continue;
		(void)name(acceptor, upgraded, stragglers);
		weir__counter_add(&acceptor->counters[WEIR_SCOPE_PUBLIC].upgraded_cut, 1);
		end(acceptor, upgraded);
		weir__upgraded_drop(upgraded);
	}
}

void weir__upgrades_force(struct weir__acceptor *acceptor, struct weir__stragglers *stragglers)
{
	struct weir__list *node;

	weir__upgrades_take(acceptor);
	/* First: a cut may let go a worker, which would take one of these. */
	drop_queued(acceptor, stragglers);
	weir__list_each (node, &acceptor->upgrades->open) {
		weir_upgraded *upgraded = weir__container(node, weir_upgraded, open);

		if (!cut(upgraded))
			continue;
		upgraded->named = name(acceptor, upgraded, stragglers);
		if (upgraded->named)
			upgraded->named->abandoned = 1; /* until it is closed */
		weir__counter_add(&acceptor->counters[WEIR_SCOPE_PUBLIC].upgraded_cut, 1);
		(void)weir_token_cancel(upgraded->token, WEIR_REASON_SHUTDOWN, "forced");
	}
}

void weir__upgrades_describe(struct weir__acceptor *acceptor, struct weir__text *text,
			     unsigned count, unsigned most)
{
	struct weir__list *node;

	weir__list_each (node, &acceptor->upgrades->open) {
		const weir_upgraded *upgraded = weir__container(node, weir_upgraded, open);
		struct weir_straggler entry;

		if (count == most)
			break;
		weir__upgraded_describe(acceptor, upgraded, &entry);
		if (count++)
			weir__text_append(text, ",", 1);
		weir__running_json(text, &entry);
	}
}
