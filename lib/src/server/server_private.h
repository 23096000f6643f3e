/* server_private.h: the server: it owns the modules and the order in which they begin and
 * end. Seen by lib/src/server alone. */
#ifndef WEIR_SERVER_PRIVATE_H
#define WEIR_SERVER_PRIVATE_H

#include <pthread.h>

#include <weir/server.h>

#include "base/log.h"
#include "drain/coordinator.h"
#include "http/acceptor.h"
#include "http/listener.h"
#include "http/routes.h"
#include "http/tls.h"
#include "server/systemd.h"
#include "server/teardown.h"
#include "work/pool.h"
#include "work/queue.h"
#include "work/task.h"

#define WEIR__MAX_STRAGGLERS 64
#define WEIR__MAX_TASKS_NAMED 64
/* Stacks in a report: of stragglers, tasks, and the one stage that was abandoned. */
#define WEIR__MAX_KEPT (WEIR__MAX_STRAGGLERS + WEIR__MAX_TASKS_NAMED + 1)

enum weir__server_state {
	WEIR__CREATED,
	WEIR__STARTING,
	WEIR__FAILING,
	WEIR__STARTED,
	WEIR__STOPPED
};

#define WEIR__MAX_SIGNALS 8

/* A signal of the program's own; signals.c. */
struct weir__signal {
	int number;
	weir_signal_fn fn;
	void *arg;
};

/* The counts at a moment, for the report. */
struct weir__snapshot {
	uint64_t in_flight, accepted, answered, refused, cancelled, cut, idle_closed;
	uint64_t upgraded_open, upgraded, upgraded_cut;
	uint64_t responses[6]; /* by hundreds of the status */
};

struct weir_server {
	/* fixed after create */
	struct weir_server_options options; /* with the defaults filled in */
	char *deadline_header;              /* NULL: none */
	char *client_header;                /* likewise */
	struct weir__address_set trusted;   /* proxies */
	struct weir__logger logger;
	weir_token *drain_token, *shutdown_token;

	/* before the start: under the lock; then the acceptor's (server/routes.c); once it has
	 * ended, whoever destroys the server */
	weir_routes *routes;

	struct weir__listeners listeners;

	/* before weir_server_run(): the program's thread; then fixed */
	struct weir__signal signals[WEIR__MAX_SIGNALS];
	unsigned signal_count;

	/* modules; each has its own rules */
	struct weir__queue queue;
	struct weir__pool pool;
	struct weir__acceptor acceptor;
	struct weir__drain drain;
	struct weir__tasks tasks;
	struct weir__teardown teardown;
	struct weir__systemd systemd;
	struct weir__tls_slot tls;

	pthread_t coordinator;    /* fixed once started */
	_Atomic bool stopping;    /* a stop was asked for */
	_Atomic bool handed_over; /* the listeners are another process's */

	_Atomic bool rehearsing;      /* somebody is in weir_server_rehearse() */
	struct weir__event rehearsed; /* signalled when a rehearsal ends, and by a stop */

	pthread_mutex_t lock;
	pthread_cond_t stopped; /* the state has changed */
	/* under the lock */
	enum weir__server_state state;
	bool has_acceptor; /* it can be called */
	bool handing_over; /* to a new process */
	bool coordinator_joined;
	int stopped_fd; /* eventfd of weir_server_run(); -1: none */

	/* the coordinator's thread; read by others once STOPPED */
	struct weir_report report;
	struct weir_straggler straggler_list[WEIR__MAX_STRAGGLERS];
	weir_request *straggler_requests[WEIR__MAX_STRAGGLERS];
	const struct weir__job *straggler_jobs[WEIR__MAX_STRAGGLERS];
	struct weir__stragglers stragglers;
	struct weir__snapshot at_stop;
	struct weir__syn_ports refused_ports; /* where new clients were refused when it began */
	bool counted_from_lame_duck; /* at_stop was taken at the begin of a lame-duck time */
	unsigned abandoned;          /* workers that never came back */
	struct weir_task_left tasks_left[WEIR__MAX_TASKS_NAMED];
	struct weir_stage stages[WEIR__MAX_TEARDOWNS];
	char *kept[WEIR__MAX_KEPT]; /* stacks that the report has */
	size_t kept_count;
};

/* start.c: waits for a start that is under way. 1: it runs, 0: not started, -ECANCELED: a stop has
 * been asked for. */
int weir__server_running(struct weir_server *server);

/* listen.c: logs that a listener listens. */
void weir__listen_log(const struct weir_server *server, const struct weir__listener *listener);

/* listen.c: waits until no handshake at these ports, where new ones are refused, is under way, or
 * it has taken too long, or until then. Not on the acceptor's thread: there, it does not wait. */
void weir__listen_settle(const struct weir_server *server, const struct weir__syn_ports *ports,
			 weir_time until);

/* routes.c: an empty table for weir_server_route(). 0 or -ENOMEM. */
int weir__routes_init(struct weir_server *server);

/* options.c: fills in the defaults. 0 or -EINVAL. */
int weir__options_resolve(struct weir_server_options *options);
int weir__route_options_resolve(struct weir_route_options *options);

/* stop.c: parts and stages for the coordinator, and its thread. */
int weir__stop_init(struct weir_server *server);
/* Before the coordinator's thread: puts the stages in their order. 0 or -ENOSPC. */
int weir__stop_plan(struct weir_server *server);
void *weir__stop_thread(void *server);
/* Whether the calling thread is the coordinator's. */
bool weir__stop_is_self(const struct weir_server *server);
/* Whether something never came back, so that nothing may be freed. Once STOPPED. */
bool weir__stop_abandoned(const struct weir_server *server);
/* The acceptor says: nothing is in flight any more. Its thread. */
void weir__stop_idle(void *server);
/* conclude.c: the counts of this moment into *snapshot; for weir__acceptor_call(). */
void weir__snapshot_take(struct weir__acceptor *acceptor, void *snapshot);
/* The acceptor's beat. */
weir_time weir__stop_beat(void *server);
/* The acceptor says: all is over but what it has to say of it. Makes the report. Its thread, while
 * the coordinator waits for it. */
void weir__stop_conclude(void *server, struct weir__text *report);

#endif
