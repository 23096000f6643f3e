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
#include "http/router.h"
#include "server/teardown.h"
#include "work/pool.h"
#include "work/queue.h"
#include "work/task.h"

#define WEIR__MAX_STRAGGLERS 64
#define WEIR__MAX_TASKS_NAMED 64

enum weir__server_state {
	WEIR__CREATED,
	WEIR__STARTING,
	WEIR__FAILING,
	WEIR__STARTED,
	WEIR__STOPPED
};

/* The counts at a moment, for the report. */
struct weir__snapshot {
	uint64_t in_flight, accepted, answered, refused, cancelled, cut, idle_closed;
};

struct weir_server {
	/* fixed after create */
	struct weir_server_options options; /* with the defaults filled in */
	char *deadline_header;              /* NULL: none */
	struct weir__logger logger;
	weir_token *drain_token, *shutdown_token;

	/* before the start: the program's thread; then fixed */
	struct weir__router router;
	struct weir__listener *listeners;
	size_t listener_count;

	/* modules; each has its own rules */
	struct weir__queue queue;
	struct weir__pool pool;
	struct weir__acceptor acceptor;
	struct weir__drain drain;
	struct weir__tasks tasks;
	struct weir__teardown teardown;

	pthread_t coordinator; /* fixed once started */
	_Atomic bool stopping; /* a stop was asked for */

	pthread_mutex_t lock;
	pthread_cond_t stopped; /* the state has changed */
	/* under the lock */
	enum weir__server_state state;
	bool has_acceptor; /* it can be called */
	bool coordinator_joined;
	int stopped_fd; /* eventfd of weir_server_run(); -1: none */

	/* the coordinator's thread; read by others once STOPPED */
	struct weir_report report;
	struct weir_straggler straggler_list[WEIR__MAX_STRAGGLERS];
	weir_request *straggler_requests[WEIR__MAX_STRAGGLERS];
	struct weir__stragglers stragglers;
	struct weir__snapshot at_stop;
	bool counted_from_lame_duck; /* at_stop was taken at the begin of a lame-duck time */
	unsigned abandoned; /* workers that never came back */
	struct weir_task_left tasks_left[WEIR__MAX_TASKS_NAMED];
	struct weir_stage stages[WEIR__MAX_TEARDOWNS];
};

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

#endif
