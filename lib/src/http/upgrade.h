/* upgrade.h: connections that leave HTTP (RFC 9110, 7.8), and stay in the server's care.
 *
 *	ASKED --the 101 may be sent--> PREPARED --it is in the kernel--> OPEN --closed--> over
 *	ASKED, PREPARED --client gone, stop, queue full--> dropped
 *	OPEN, its `run` still queued --cut--> dropped
 *
 * ASKED: the handler's response has it. PREPARED: it has a descriptor of its own for the socket,
 * and a place in the queue for its `run`, so that nothing can be short once the client has been
 * told. OPEN: it is in the acceptor's list, and libmicrohttpd has let go of the socket; whoever
 * `run` gives it to owns it until weir_upgraded_close(). The acceptor frees it, and nobody else.
 *
 * The acceptor and those who close meet in struct weir__upgrades, which outlives both. Its lock
 * guards `over` and each connection's `closed`: whoever finds it false under the lock may use the
 * descriptor under the lock, so that one that is being shut down has not become somebody else's.
 * Nothing is taken under it.
 */
#ifndef WEIR_HTTP_UPGRADE_H
#define WEIR_HTTP_UPGRADE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/report.h>
#include <weir/upgrade.h>

#include "base/list.h"
#include "http/request.h"
#include "work/queue.h"

struct MHD_Response;
struct MHD_UpgradeResponseHandle;
struct weir__text;

struct weir__upgrades {
	struct weir__acceptor *acceptor; /* valid while a connection is OPEN and not taken */
	_Atomic unsigned references;     /* the acceptor's, and one for each connection */
	_Atomic unsigned running;        /* workers that are in a `run` */
	_Atomic bool news;               /* `over` is not empty; set under the lock */

	pthread_mutex_t lock;
	struct weir__list over; /* under the lock: closed, and not yet taken by the acceptor */

	/* the acceptor only */
	struct weir__list open;
	bool settled; /* the report is made: what is open stays abandoned */
};

struct weir_upgraded {
	/* fixed once OPEN */
	struct weir__upgrades *all; /* referenced; NULL while ASKED */
	weir_upgrade_fn run;
	void (*drop)(void *arg);
	void *arg;
	weir_token *token;
	const struct weir__route *route;
	weir_routes *routes; /* the table of its route; NULL: it has none */
	char *path;
	union weir__address peer;
	int fd;         /* -1 while ASKED */
	struct MHD_UpgradeResponseHandle *over_tls; /* the acceptor only; NULL: not over TLS */
	struct weir__conn *conn; /* likewise; over TLS it is there as long as libmicrohttpd's */
	bool has_place; /* in the queue; PREPARED */
	char *early;
	size_t early_size;
	weir_time opened_at;

	struct weir__job job; /* the queue's */

	/* any thread */
	_Atomic bool begun; /* a worker has called `run` */
	_Atomic(const char *) note;
	_Atomic uint64_t received, sent;

	bool closed;             /* under all->lock */
	struct weir__list ended; /* likewise: in all->over */

	/* the acceptor only */
	struct weir__list open;       /* in all->open */
	struct weir__client *client;  /* see struct weir__conn */
	struct weir_straggler *named; /* it was cut, and this is its entry; NULL: none */
};

/* upgraded.c: the meeting place. 0 or -ENOMEM. */
int weir__upgrades_create(struct weir__acceptor *acceptor, struct weir__upgrades **out);
void weir__upgrades_unref(struct weir__upgrades *all);

/* upgraded.c: takes in what has been closed. The acceptor's thread, or once that has ended who
 * has joined it. */
void weir__upgrades_take(struct weir__acceptor *acceptor);
/* upgraded.c: names and cuts what is open. */
struct weir__stragglers;
void weir__upgrades_force(struct weir__acceptor *acceptor, struct weir__stragglers *stragglers);
/* upgraded.c: libmicrohttpd's daemons are about to end, and must find none of its own open: over
 * TLS, takes the connection from under an owner who has not closed it. */
void weir__upgrades_let_go(struct weir__acceptor *acceptor);
/* upgraded.c: what is told of one. The acceptor's thread. */
void weir__upgraded_describe(const struct weir__acceptor *acceptor, const weir_upgraded *upgraded,
			     struct weir_straggler *out);
/* upgraded.c: for the list of what is in flight, which has `count` entries and may have `most`. */
void weir__upgrades_describe(struct weir__acceptor *acceptor, struct weir__text *text,
			     unsigned count, unsigned most);

/* upgraded.c: over TLS, the client has closed or is gone: tells the owner by the end of what there
 * is to read. False: not yet, something may be on its way to him. */
bool weir__upgraded_hung_up(struct weir__acceptor *acceptor, const struct weir__conn *conn);

/* upgraded.c: its 101 is in the kernel: lists it, and queues its `run`. */
void weir__upgraded_open(struct weir__acceptor *acceptor, weir_upgraded *upgraded);

/* upgrade.c: what cannot become OPEN any more: undoes it, and calls `drop`. Any thread; NULL is
 * ignored. */
void weir__upgraded_drop(weir_upgraded *upgraded);

/* upgrade.c: ASKED -> PREPARED, on the acceptor. 0, or the status of an answer instead. */
int weir__upgrade_prepare(weir_request *request, const char **reason);
/* upgrade.c: the 101 as libmicrohttpd's, without its fields; NULL when memory is short. */
struct MHD_Response *weir__upgrade_response(weir_request *request);

#endif
