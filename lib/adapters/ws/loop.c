/* loop.c: the hub's thread: who has something to do.
 *
 *	news and arrivals -> deadlines -> wait -> sockets -> ...
 *
 * It ends when its token trips: by then the server has closed or cut all connections whose
 * workers came back, and what is left is ended here. Connections that arrive later are closed by
 * whoever brings them.
 */
#include "hub.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { EVENTS = 256 };

/* Milliseconds between two looks at a token that cannot be waited for. */
enum { LOOK = 100 };

void weir__ws_timer_set(weir_ws *ws, enum weir__ws_timer timer)
{
	weir_ws_hub *hub = ws->hub;

	if (ws->timer != WS_TIMER_NONE)
		TAILQ_REMOVE(&hub->timers[ws->timer], ws, in_timer);
	ws->timer = WS_TIMER_NONE;
	if (timer == WS_TIMER_NONE || hub->period[timer] == WEIR_NEVER)
		return;
	ws->timer = timer;
	ws->due = weir_after(hub->period[timer]);
	TAILQ_INSERT_TAIL(&hub->timers[timer], ws, in_timer);
}

static void expire_all(weir_ws_hub *hub)
{
	const weir_time now = weir_now();
	weir_ws *ws;

	for (int i = 0; i < WS_TIMER_COUNT; i++) {
		/* Each leaves its class, or goes to its end with a later time. */
		while ((ws = TAILQ_FIRST(&hub->timers[i])) != NULL && ws->due <= now)
			weir__ws_expire(ws);
	}
}

/* Milliseconds to the next deadline, rounded up; -1: there is none. */
static int next_timeout(const weir_ws_hub *hub, bool watched)
{
	weir_time next = watched ? WEIR_NEVER : weir_after(LOOK * WEIR_MILLISECOND), left;

	for (int i = 0; i < WS_TIMER_COUNT; i++) {
		const weir_ws *ws = TAILQ_FIRST(&hub->timers[i]);
		if (ws && ws->due < next)
			next = ws->due;
	}
	if (next == WEIR_NEVER)
		return -1;
	left = next - weir_now();
	if (left <= 0)
		return 0;
	left = (left + WEIR_MILLISECOND - 1) / WEIR_MILLISECOND;
	return left < INT_MAX ? (int)left : INT_MAX;
}

/* Takes one that has arrived, or one with news. NULL: there are none, and the thread may sleep;
 * unless the hub was given up and this has not been told to all yet, which the caller sees next. */
static weir_ws *take(weir_ws_hub *hub, bool told, bool *arrived, bool *over)
{
	weir_ws *ws;

	weir__ws_lock(hub);
	hub->asleep = false;
	ws = STAILQ_FIRST(&hub->arrivals);
	*arrived = ws != NULL;
	if (ws) {
		STAILQ_REMOVE_HEAD(&hub->arrivals, in_arrivals);
	} else if ((ws = STAILQ_FIRST(&hub->news)) != NULL) {
		STAILQ_REMOVE_HEAD(&hub->news, in_news);
		ws->news = false;
	} else {
		hub->asleep = told || !hub->given_up;
		*over = hub->given_up && hub->count == 0;
	}
	weir__ws_unlock(hub);
	return ws;
}

static bool given_up(weir_ws_hub *hub)
{
	bool result;

	weir__ws_lock(hub);
	result = hub->given_up;
	weir__ws_unlock(hub);
	return result;
}

static void ask_to_leave(weir_ws *ws)
{
	weir__ws_lock(ws->hub);
	weir__ws_ask_locked(ws, WS_ASK_LEAVE);
	weir__ws_unlock(ws->hub);
}

static void tell_all(weir_ws_hub *hub)
{
	weir_ws *ws;

	TAILQ_FOREACH(ws, &hub->all, in_all)
	ask_to_leave(ws);
}

/* Returns true when the hub is over. */
static bool do_news(weir_ws_hub *hub, bool *told)
{
	bool arrived, over = false;
	weir_ws *ws;

	do {
		if (!*told && given_up(hub)) {
			*told = true;
			tell_all(hub);
		}
		while ((ws = take(hub, *told, &arrived, &over)) != NULL) {
			if (arrived) {
				weir__ws_arrive(ws);
				if (*told && ws->state != WS_CLOSED)
					ask_to_leave(ws);
			} else {
				weir__ws_turn(ws, false);
			}
			weir_ws_unref(ws); /* that of the list */
		}
	} while (!*told && given_up(hub));
	return over;
}

static void do_sockets(weir_ws_hub *hub, struct epoll_event *events, int count)
{
	eventfd_t ignored;

	/* First all references: a turn may end another connection of this batch. */
	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr && events[i].data.ptr != hub)
			(void)weir_ws_ref(events[i].data.ptr);
	}
	for (int i = 0; i < count; i++) {
		weir_ws *ws = events[i].data.ptr;
		if (!ws) {
			(void)!eventfd_read(hub->wakeup, &ignored);
		} else if ((void *)ws != hub) {
			if (events[i].events & (EPOLLHUP | EPOLLERR))
				weir__ws_hung_up(ws);
			else
				weir__ws_turn(ws, (events[i].events & EPOLLIN) != 0);
			weir_ws_unref(ws);
		}
	}
}

/* After this nothing more arrives. */
static void end_all(weir_ws_hub *hub)
{
	weir_ws *ws;
	bool arrived, over;

	weir__ws_lock(hub);
	hub->ended = true;
	weir__ws_unlock(hub);
	while ((ws = take(hub, true, &arrived, &over)) != NULL) {
		if (arrived)
			weir__ws_arrive(ws);
		weir_ws_unref(ws);
	}
	while ((ws = TAILQ_FIRST(&hub->all)) != NULL)
		weir__ws_finish(ws);
	/* What those had asked, of themselves or of each other, is of no use any more. */
	while ((ws = take(hub, true, &arrived, &over)) != NULL)
		weir_ws_unref(ws);
}

static int watch_token(weir_ws_hub *hub, weir_token *token)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = hub};
	const int fd = weir_token_fd(token);

	if (fd < 0)
		return fd;
	return epoll_ctl(hub->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

int weir__ws_loop(void *arg, weir_token *token)
{
	weir_ws_hub *hub = arg;
	struct epoll_event events[EVENTS];
	/* Without a descriptor for it this thread cannot be given up: it is all that the hub's
	 * connections have. */
	const bool watched = watch_token(hub, token) == 0;
	bool told = false;
	int error = 0;

	while (error == 0 && weir_token_check(token) == 0) {
		expire_all(hub);
		if (do_news(hub, &told))
			break;
		const int count =
			epoll_wait(hub->epoll, events, EVENTS, next_timeout(hub, watched));
		if (count < 0 && errno != EINTR)
			error = -errno;
		else if (count > 0)
			do_sockets(hub, events, count);
	}
	end_all(hub);
	weir__ws_hub_unref(hub);
	return error;
}
