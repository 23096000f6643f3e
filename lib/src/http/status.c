/* status.c: what is in flight, for people and for the drain report. */
#include <linux/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "drain/straggler.h"
#include "http/conn.h"
#include "http/upgrade.h"

static const char *doing(const weir_request *request)
{
	const char *note = atomic_load_explicit(&request->note, memory_order_relaxed);

	if (request->with_worker) {
		if (!atomic_load_explicit(&request->running, memory_order_relaxed))
			return "queued";
		return note ? note : "in handler";
	}
	if (request->later || request->awaits_report)
		return note ? note : "waiting for its answer";
	if (request->stage == WEIR__DISPATCHED) /* inline: it is being run by who asks */
		return note ? note : "in handler";
	return request->stage == WEIR__REPLYING ? "sending" : "receiving";
}

/* A stream knows what went out. For anything else the kernel is asked what the client has
 * acknowledged on this connection: exact for its first request, an upper bound later. */
static uint64_t bytes_sent(const weir_request *request)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	if (request->stage != WEIR__REPLYING)
		return 0;
	if (request->response.kind == WEIR__BODY_STREAM)
		return weir__pipe_passed(request->response.pipe);
	if (!request->conn ||
	    getsockopt(request->conn->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		return 0;
	return info.tcpi_bytes_acked;
}

void weir__straggler_look(const struct weir__acceptor *acceptor, const weir_token *token,
			  struct weir_straggler *out)
{
	struct weir_last_check last;
	const char *file;

	if (weir_token_last_check(token, &last) != 0)
		return;
	/* People know their files by name; the compiler may have been given a long path. */
	file = strrchr(last.where, '/');
	(void)snprintf(out->looked_at, sizeof(out->looked_at), "%s", file ? file + 1 : last.where);
	out->looked_ago = acceptor->now > last.when ? acceptor->now - last.when : 0;
	out->waiting = last.waiting;
}

void weir__straggler_describe(struct weir__acceptor *acceptor, const weir_request *request,
			      struct weir_straggler *out)
{
	memset(out, 0, sizeof(*out));
	(void)snprintf(out->route, sizeof(out->route), "%s",
		       request->route ? request->route->pattern : "-");
	(void)snprintf(out->path, sizeof(out->path), "%s", request->path ? request->path : "-");
	weir__address_print(&request->peer, out->client, sizeof(out->client));
	(void)snprintf(out->doing, sizeof(out->doing), "%s", doing(request));
	out->age = acceptor->now - request->accepted_at;
	out->received = request->received;
	out->sent = bytes_sent(request);
	out->abandoned = request->with_worker;
	weir__straggler_look(acceptor, &request->token, out);
}

#define MOST_DESCRIBED 100

void weir__requests_describe(struct weir__acceptor *acceptor, void *arg)
{
	struct weir__text *text = arg;
	struct weir__list *node;
	unsigned count = 0;

	weir__list_each (node, &acceptor->requests) {
		const weir_request *request = weir__container(node, weir_request, in_flight);
		struct weir_straggler entry;

		if (request->scope != WEIR_SCOPE_PUBLIC)
			continue;
		if (count == MOST_DESCRIBED)
			break;
		weir__straggler_describe(acceptor, request, &entry);
		if (count++)
			weir__text_append(text, ",", 1);
		weir__running_json(text, &entry);
	}
	weir__upgrades_describe(acceptor, text, count, MOST_DESCRIBED);
}

void weir__requests_count(struct weir__acceptor *acceptor, void *arg)
{
	struct weir__census *census = arg;
	struct weir__list *node;

	census->busy += atomic_load_explicit(&acceptor->upgrades->running, memory_order_relaxed);
	weir__list_each (node, &acceptor->requests) {
		const weir_request *request = weir__container(node, weir_request, in_flight);

		/* The pool could tell, too, but not while its workers are being joined. */
		census->busy += request->with_worker &&
				atomic_load_explicit(&request->running, memory_order_relaxed);
		if (request->scope != WEIR_SCOPE_PUBLIC)
			continue;
		if (request->stage == WEIR__REPLYING)
			census->replying++;
		else if (request->stage < WEIR__DISPATCHED)
			census->receiving++;
		else if (!request->with_worker ||
			 atomic_load_explicit(&request->running, memory_order_relaxed))
			census->running++;
		else
			census->queued++;
	}
}
