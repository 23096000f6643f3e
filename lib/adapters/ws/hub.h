/* hub.h: a hub and its connections, as the files of this adapter share them. */
#ifndef WEIR_WS_HUB_H
#define WEIR_WS_HUB_H

#include <weir/ws.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <wslay/wslay.h>

#include <weir/task.h>
#include <weir/upgrade.h>

/** A message on its way out, shared by all who get it. */
struct weir__ws_message {
	atomic_uint references; /* given back with acquire-release: the last one frees */
	enum weir_ws_kind kind;
	size_t size;
	char data[];
};

/** Its place in one connection's queue. */
struct weir__ws_outgoing {
	STAILQ_ENTRY(weir__ws_outgoing) link;
	struct weir__ws_message *message;
};

enum weir__ws_state {
	WS_OPEN,
	WS_CLOSING,   /* a close is to be sent, or was sent, and the client's is awaited */
	WS_LINGERING, /* failed: the close is sent, what still comes is thrown away */
	WS_CLOSED
};

/** Classes of deadlines: all in one class are the same time ahead, so a list in the order of
 *  insertion is sorted. */
enum weir__ws_timer {
	WS_TIMER_IDLE,
	WS_TIMER_PONG,
	WS_TIMER_CLOSE,
	WS_TIMER_LINGER,
	WS_TIMER_COUNT,
	WS_TIMER_NONE = WS_TIMER_COUNT
};

/** What others ask of a connection. */
enum { WS_ASK_CLOSE = 1, WS_ASK_LEAVE = 2, WS_ASK_DROP = 4 };

struct weir_ws {
	/* Fixed. */
	weir_ws_hub *hub; /* a reference */
	void *arg;
	weir_upgraded *connection; /* set by whoever puts it among the arrivals */
	atomic_uint references;    /* given back with acquire-release: the last one frees */

	/* The hub's thread only, once it has arrived. */
	int fd;
	const char *early; /* what is left of the bytes behind the request */
	size_t early_size;
	struct wslay_event_context *frames;
	weir_token_callback on_trip;
	enum weir__ws_state state;
	int code;                  /* of the end, as it is known so far */
	uint32_t interest;         /* what epoll was told */
	size_t read_left;          /* what it may still read in this turn */
	unsigned fragments;        /* of the message that is coming */
	bool blocked, lost, moved; /* in this turn: by a full socket; the connection; bytes */
	bool close_queued;         /* with wslay */
	bool broken;               /* by a frame that wslay does not understand */
	bool inside;               /* a frame is sent in part */
	size_t named;              /* bytes sent of the close for that */
	uint64_t received, sent;   /* in this turn */
	int close_code;            /* to be sent when the queue is empty; 0: none */
	char close_reason[124];
	enum weir__ws_timer timer;
	weir_time due;
	TAILQ_ENTRY(weir_ws) in_timer;
	TAILQ_ENTRY(weir_ws) in_all;

	/* Under the hub's lock. */
	STAILQ_HEAD(, weir__ws_outgoing) queue;
	size_t queued; /* bytes in it, with what each costs besides */
	bool deaf;     /* takes nothing more to send */
	bool news;     /* it is on the list of news */
	unsigned asked;
	int asked_code;
	char asked_reason[124];
	STAILQ_ENTRY(weir_ws) in_news;
	STAILQ_ENTRY(weir_ws) in_arrivals;
};

struct weir_ws_hub {
	/* Fixed. */
	struct weir_ws_handlers handlers;
	struct weir_ws_options options; /* defaults filled in */
	char **origins;
	weir_time period[WS_TIMER_COUNT]; /* WEIR_NEVER: not used */
	int epoll, wakeup;
	atomic_uint references; /* the owner's, the task's, one of each connection */

	/* The hub's thread only. */
	TAILQ_HEAD(, weir_ws) all;
	TAILQ_HEAD(weir__ws_timers, weir_ws) timers[WS_TIMER_COUNT];

	pthread_mutex_t lock;
	/* Under it. */
	STAILQ_HEAD(weir__ws_arrivals, weir_ws) arrivals;
	STAILQ_HEAD(weir__ws_news, weir_ws) news; /* each holds a reference */
	weir_server *server;                      /* NULL: the task has not been started */
	unsigned count;                           /* accepted and not over */
	bool asleep; /* the thread is about to wait: who has something for it wakes it */
	bool given_up, ended;
};

/* hub.c */

void weir__ws_lock(weir_ws_hub *hub);
/** Wakes the thread if it sleeps, and unlocks. */
void weir__ws_unlock_and_wake(weir_ws_hub *hub);
void weir__ws_unlock(weir_ws_hub *hub);
void weir__ws_hub_unref(weir_ws_hub *hub);
/** Asks `ws` for something, and has the hub's thread look at it. */
void weir__ws_ask_locked(weir_ws *ws, unsigned what);

/* loop.c */

/** The task. */
int weir__ws_loop(void *hub, weir_token *token);
/** Puts `ws` under the deadline of a class, in place of the one it is under. */
void weir__ws_timer_set(weir_ws *ws, enum weir__ws_timer timer);

/* connection.c: the hub's thread only. */

void weir__ws_arrive(weir_ws *ws);
/** Does what there is to do; `readable`: the socket may have something. */
void weir__ws_turn(weir_ws *ws, bool readable);
/** The same, when both directions are down (EPOLLHUP, EPOLLERR). */
void weir__ws_hung_up(weir_ws *ws);
void weir__ws_expire(weir_ws *ws);
/** Ends it at once. The caller has a reference. */
void weir__ws_finish(weir_ws *ws);

/* frames.c: the hub's thread, but for the first. */

/** Makes the side that knows frames. Returns 0 or -ENOMEM. */
int weir__ws_frames_create(weir_ws *ws);
/** Reads and gives out messages; false when the connection is lost. */
bool weir__ws_receive(weir_ws *ws);
/** Sends what wslay has, then what is queued, then the close; false: lost. */
bool weir__ws_flush(weir_ws *ws);
/** True while so much waits to be sent that nothing may be read. */
bool weir__ws_congested(weir_ws *ws);

/* send.c */

/** Takes the first message of the queue; NULL if it is empty. */
struct weir__ws_message *weir__ws_dequeue(weir_ws *ws);
void weir__ws_message_unref(struct weir__ws_message *message);
/** Drops what is queued. */
void weir__ws_clear_locked(weir_ws *ws);

#endif
