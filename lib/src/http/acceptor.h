/* acceptor.h: the thread that does the network's work.
 *
 * It owns the listeners, the connections, libmicrohttpd's daemon (external epoll mode: no
 * thread of its own), the deadlines and every request that is not in the queue or with a
 * worker. It never blocks and never runs a handler, except those declared inline.
 *
 * Its files: acceptor.c the loop, its mailbox and its wakeup; acceptor_setup.c what that stands on;
 * accept.c from listener to connection; conn.c connections, expire.c their deadlines; daemon.c
 * libmicrohttpd, exchange.c its callbacks, with header.c and admit.c: from header to answer;
 * dispatch.c to the queue and back; answer.c which answer, and how it leaves; linger.c sockets that
 * outlive their connection; intake.c what a stop does here, finish.c how it ends; clients.c and
 * client_limits.c what a client may have.
 *
 * Everything below is for the acceptor's thread only, except where it says "any thread".
 */
#ifndef WEIR_HTTP_ACCEPTOR_H
#define WEIR_HTTP_ACCEPTOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/report.h>
#include <weir/server.h>

#include "base/list.h"
#include "base/log.h"
#include "base/stack.h"
#include "http/address_set.h"
#include "http/clients.h"
#include "http/counters.h"
#include "http/deadlines.h"
#include "http/listener.h"
#include "http/request.h"
#include "http/routes.h"
#include "http/watch.h"
#include "work/pool.h"
#include "work/queue.h"

struct MHD_Daemon;
struct weir__upgrades;
struct weir__text;
struct weir__rehearsal;
struct weir__tls_slot;

/* All borrowed; fixed from start to end. */
struct weir__acceptor_options {
	struct weir_server *server;
	weir_token *drain_token;
	weir_routes *routes; /* the first ones */
	struct weir__queue *queue;
	struct weir__pool *pool;
	const struct weir__logger *logger;
	weir_time header_timeout, body_timeout, keepalive_timeout, write_timeout;
	weir_time first_byte_timeout;
	uint64_t body_min_rate, write_min_rate;
	size_t connection_memory;
	unsigned client_limits[WEIR__CLIENT_COUNTS]; /* 0: none */
	unsigned max_requests;                       /* likewise */
	const struct weir__address_set *trusted;     /* proxies */
	const char *client_header;                   /* in which they name clients; NULL: none */
	unsigned max_connections;
	const char *deadline_header;  /* NULL: none */
	struct weir__tls_slot *tls;   /* what new sessions show */
	bool json_errors;             /* what the library says by itself is JSON, not text */
	const _Atomic bool *stopping; /* a stop was asked for: answers say close from now on */
	/* Called when nothing is in flight any more, during a stop. */
	void (*idle)(void *arg);
	/* Called on the acceptor's thread at the begin, and then at the times that it returns; and
	 * when a stop begins. */
	weir_time (*beat)(void *arg);
	/* Called at the very end of a stop, on the acceptor's thread, when nothing but the answers
	 * to those who wait for the drain report is left to send: writes the report. */
	void (*conclude)(void *arg, struct weir__text *report);
	void *arg;
};

struct weir__acceptor {
	struct weir__acceptor_options options; /* fixed */
	pthread_t thread;                      /* fixed once started */

	/* any thread */
	struct weir__stack reports;        /* requests with news from a worker */
	_Atomic uint32_t sleeping;         /* 1: in epoll_wait, wants a wakeup */
	int wake_fd;                       /* fixed */
	weir__counter in_flight;           /* ordinary requests accepted and not finished */
	weir__counter lingering;           /* ordinary sockets in linger.c */
	weir__counter connections;         /* open, ordinary ones */
	weir__counter upgraded;            /* connections that have left HTTP and are open */
	struct weir__counters counters[2]; /* by enum weir_scope */
	struct weir__upgrades *upgrades;   /* fixed: connections that have left HTTP */

	/* the mailbox: calls from other threads */
	pthread_mutex_t calls_lock;
	struct weir__list calls; /* under calls_lock */
	bool running;            /* likewise: the loop takes calls */

	/* the acceptor's thread only */
	int epoll_fd;
	struct weir__watch wake_watch, mhd_watch, mhd_tls_watch;
	struct MHD_Daemon *mhd;
	struct MHD_Daemon *mhd_tls;        /* NULL until there is a listener for TLS */
	struct weir__listeners *listeners; /* borrowed */
	weir_routes *routes;               /* what is routed now; see http/routes.h */
	struct weir__list conns;           /* all connections */
	struct weir__conn *adding;         /* being handed to libmicrohttpd right now */
	unsigned leaving;             /* upgraded ones over TLS that libmicrohttpd is to close */
	unsigned conn_count;          /* admin, lingering and upgraded ones included */
	struct weir__list requests;   /* in flight, admin ones included */
	weir_request *inline_request; /* whose handler is being run; NULL: none */
	struct weir__list lingers;
	struct weir__deadlines deadlines;
	int dead_fd;         /* a socket whose peer is closed; see linger.c */
	weir_time now;       /* when this round began */
	weir_time nudge_at;  /* when the queue is looked at next */
	weir_time beat_at;   /* when options.beat is due; WEIR_NEVER: it is not */
	weir_time accept_at; /* accepting is paused until then; 0: it is not */
	bool mhd_ready;      /* libmicrohttpd has something to do */
	bool kick;           /* jobs were pushed since the last kick */
	weir_time expected;  /* how long the handlers handed over in this round will take */
	bool handed_over;    /* another process has the listeners: answers say close */
	bool draining;       /* a stop has begun: answers say close */
	bool cancelling;     /* new ordinary requests are answered 503 */
	bool shrink;         /* workers may have become too many */
	bool refusing;       /* ... and all that would need a worker */
	bool finishing;      /* close what is left, then end */
	weir_time finish_by; /* ... and do not wait longer than until then */
	unsigned unfinished; /* connections that are waited for */
	unsigned telling;    /* answers with the drain report that are being sent */
	unsigned askers;  /* connections that have asked for the stop, and may ask for its report */
	weir_time ask_by; /* ... until then */
	bool concluded;   /* the report has been made */
	bool ended;       /* the thread has; whatever closes now is not lingered for */

	struct weir__clients clients;
	unsigned admitted;     /* ordinary requests that count against max_requests */
	weir_time limits_told; /* when a client may be named in the log again */

	struct weir__rehearsal *rehearsal; /* the one that runs; borrowed; NULL: none */
	uint64_t rehearsals;               /* there ever were */
	bool held;                         /* one keeps ordinary listeners from being watched */
};

/* acceptor_setup.c: makes everything but the thread. 0 or -errno with everything undone.
 * `listeners` is borrowed. Not thread safe. */
int weir__acceptor_init(struct weir__acceptor *acceptor,
			const struct weir__acceptor_options *options,
			struct weir__listeners *listeners);
void weir__acceptor_fini(struct weir__acceptor *acceptor);
int weir__acceptor_start(struct weir__acceptor *acceptor);

/* Runs `fn` on the acceptor's thread and waits until it has. On that thread itself, and
 * when it does not run, calls `fn` directly. Any thread. */
void weir__acceptor_call(struct weir__acceptor *acceptor,
			 void (*fn)(struct weir__acceptor *acceptor, void *arg), void *arg);

/* Whether the calling thread is the acceptor's. */
bool weir__acceptor_is_self(const struct weir__acceptor *acceptor);

/* Makes it look at its reports. Any thread. */
void weir__acceptor_wake(struct weir__acceptor *acceptor);
/* weir__pool's `quiet`: tells what was put off. Any thread. */
void weir__acceptor_quiet(void *acceptor);

/* acceptor_setup.c: makes libmicrohttpd ready for connections with TLS, if it is not yet. 0 or
 * -errno. */
int weir__acceptor_open_tls(struct weir__acceptor *acceptor);

int weir__acceptor_watch(struct weir__acceptor *acceptor, int fd, uint32_t events,
			 struct weir__watch *watch);
void weir__acceptor_unwatch(struct weir__acceptor *acceptor, int fd);

/* accept.c */
void weir__accept_ready(struct weir__acceptor *acceptor, struct weir__watch *watch,
			uint32_t events);
/* Watches a listener and puts it into the set. 0 or -errno, and it is the caller's. */
int weir__accept_begin(struct weir__acceptor *acceptor, struct weir__listener *listener);
/* Keeps new clients away and takes those that are in the backlog. */
void weir__accept_rest(struct weir__acceptor *acceptor, struct weir__listener *listener);
/* The same once more, and closes it. */
void weir__accept_end(struct weir__acceptor *acceptor, struct weir__listener *listener);
/* ... and all of a scope. */
void weir__accept_end_all(struct weir__acceptor *acceptor, enum weir_scope scope);
/* Accepts nothing on ordinary listeners, or accepts again. */
void weir__accept_hold(struct weir__acceptor *acceptor, bool held);
/* Room may have come back: goes on accepting if it was paused. */
void weir__accept_resume(struct weir__acceptor *acceptor);

/* intake.c: what a stop does here; all for weir__acceptor_call(). */
struct weir__stragglers {
	struct weir_straggler *list;
	weir_request **requests;       /* one for each; referenced until settled; NULL: upgraded */
	const struct weir__job **jobs; /* one for each, to be compared: which one it was */
	size_t count, capacity, total;
};
/* Keeps new clients away from ordinary listeners, takes those that are in their backlogs, and adds
 * their ports to `ports` (struct weir__syn_ports). */
void weir__intake_refuse_clients(struct weir__acceptor *acceptor, void *ports);
void weir__intake_stop(struct weir__acceptor *acceptor, void *unused);
/* Closes ordinary listeners. */
void weir__intake_shut(struct weir__acceptor *acceptor, void *unused);
/* Counts (an unsigned) ordinary connections that came just now and have said nothing yet. */
void weir__intake_newcomers(struct weir__acceptor *acceptor, void *newcomers);
void weir__intake_cancel(struct weir__acceptor *acceptor, void *unused);
void weir__intake_force(struct weir__acceptor *acceptor, void *stragglers);
/* Once the acceptor's thread has ended: says which of them never came back. */
void weir__stragglers_settle(struct weir__stragglers *stragglers);
/* During a stop, something is no longer in flight. On the acceptor's thread. */
void weir__intake_progress(struct weir__acceptor *acceptor);
/* Lets go of workers that are not needed any more. For a moment in which there is nothing
 * else to do: ending threads is work, and answers come first. */
void weir__intake_shrink(struct weir__acceptor *acceptor);
/* From here on what would need a worker is answered 503; what admin listeners have with
 * workers is cancelled. */
void weir__intake_refuse(struct weir__acceptor *acceptor, void *unused);
/* A stop is being asked for: by the request whose handler is being run here, if there is one. On
 * the acceptor's thread. */
void weir__intake_asked(struct weir__acceptor *acceptor);

/* finish.c: how a stop ends here. */
/* Sends what admin listeners still have to say, closes everything, ends the thread: not
 * later than *until (a weir_time), give or take what closing takes. */
void weir__intake_finish(struct weir__acceptor *acceptor, void *until);
/* Cuts what is left of ordinary requests, has the report made, and answers those who wait for it.
 */
void weir__intake_conclude(struct weir__acceptor *acceptor);
/* The thread's last act before libmicrohttpd's daemon is stopped, which must find nothing
 * suspended. */
void weir__intake_end(struct weir__acceptor *acceptor);

/* status.c: what is in flight, for people. */
struct weir__text;
void weir__requests_describe(struct weir__acceptor *acceptor, void *text);
struct weir__census {
	unsigned receiving, queued, running, replying; /* ordinary ones */
	unsigned busy;                                 /* workers, whoever they work for */
};
void weir__requests_count(struct weir__acceptor *acceptor, void *census);
void weir__straggler_describe(struct weir__acceptor *acceptor, const weir_request *request,
			      struct weir_straggler *out);
/* Where and when a token was last looked at. */
void weir__straggler_look(const struct weir__acceptor *acceptor, const weir_token *token,
			  struct weir_straggler *out);

static inline struct weir__counters *weir__counters_of(struct weir__acceptor *acceptor,
						       enum weir_scope scope)
{
	return &acceptor->counters[scope == WEIR_SCOPE_ADMIN];
}

#endif
