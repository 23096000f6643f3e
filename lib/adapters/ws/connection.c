/* connection.c: one WebSocket: what is done when, and how it ends.
 *
 *	            close sent or received          both
 *	    OPEN ----------------------> CLOSING ----------> CLOSED
 *	      |                             |  |               ^
 *	      |  the client broke a rule    |  '- lost, late --|
 *	      '------------> (close sent) --'--> LINGERING ----'
 *
 * LINGERING: after a close that the client may not expect, its data may still be on the way; to
 * close with some of it unread would reset the connection, and destroy the close frame in the
 * client's buffers. So it is read on, and thrown away, for two seconds at most.
 *
 * A connection that a stop has told to leave is under no deadline of the hub's: the server cuts it
 * at the drain timeout, which is seen here as its end.
 */
#include "hub.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const size_t turn_bytes = (size_t)64 << 10;

/* A token's callback: on whatever thread trips it. */
static void leave(void *arg)
{
	weir_ws *ws = arg;

	weir__ws_lock(ws->hub);
	weir__ws_ask_locked(ws, WS_ASK_LEAVE);
	weir__ws_unlock_and_wake(ws->hub);
}

void weir__ws_arrive(weir_ws *ws)
{
	weir_ws_hub *hub = ws->hub;
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = ws};

	ws->fd = weir_upgraded_fd(ws->connection);
	ws->early = weir_upgraded_early(ws->connection, &ws->early_size);
	ws->interest = EPOLLIN;
	ws->code = WEIR_WS_LOST;
	TAILQ_INSERT_TAIL(&hub->all, ws, in_all);
	(void)weir_ws_ref(ws); /* of being among all */
	weir_upgraded_note(ws->connection, "open WebSocket");
	if (hub->handlers.on_open)
		hub->handlers.on_open(ws, ws->arg);
	if (epoll_ctl(hub->epoll, EPOLL_CTL_ADD, ws->fd, &event) != 0) {
		weir__ws_finish(ws);
		return;
	}
	weir__ws_timer_set(ws, WS_TIMER_IDLE);
	weir_token_callback_add(weir_upgraded_token(ws->connection), &ws->on_trip, leave, ws);
	weir__ws_turn(ws, true);
}

void weir__ws_finish(weir_ws *ws)
{
	weir_ws_hub *hub = ws->hub;

	if (ws->state == WS_CLOSED)
		return;
	ws->state = WS_CLOSED;
	weir__ws_timer_set(ws, WS_TIMER_NONE);
	/* Not of the epoll: it was never added, perhaps. */
	(void)epoll_ctl(hub->epoll, EPOLL_CTL_DEL, ws->fd, NULL);
	/* Waits for one that runs; it takes the hub's lock only. */
	(void)weir_token_callback_remove(&ws->on_trip);
	weir__ws_lock(hub);
	ws->deaf = true;
	weir__ws_clear_locked(ws);
	weir__ws_unlock(hub);
	if (hub->handlers.on_close)
		hub->handlers.on_close(ws, ws->arg, ws->code);
	weir_upgraded_close(ws->connection);
	ws->connection = NULL;
	wslay_event_context_free(ws->frames);
	ws->frames = NULL;
	TAILQ_REMOVE(&hub->all, ws, in_all);
	weir__ws_lock(hub);
	hub->count--;
	weir__ws_unlock(hub);
	weir_ws_unref(ws);
}

/* What others have asked for since the last turn. */
static void heed(weir_ws *ws)
{
	weir_ws_hub *hub = ws->hub;
	unsigned asked;

	weir__ws_lock(hub);
	asked = ws->asked;
	ws->asked = 0;
	if (asked & WS_ASK_DROP)
		weir__ws_clear_locked(ws);
	if (asked)
		ws->deaf = ws->deaf || (asked & (WS_ASK_CLOSE | WS_ASK_LEAVE | WS_ASK_DROP)) != 0;
	if ((asked & WS_ASK_CLOSE) && ws->close_code == 0) {
		ws->close_code = ws->asked_code;
		memcpy(ws->close_reason, ws->asked_reason, sizeof(ws->close_reason));
	}
	weir__ws_unlock(hub);

	if ((asked & WS_ASK_DROP) && ws->close_code == 0) {
		ws->close_code = WEIR_WS_POLICY;
		(void)snprintf(ws->close_reason, sizeof(ws->close_reason), "reads too slowly");
		ws->code = WEIR_WS_POLICY;
	}
	if ((asked & WS_ASK_LEAVE) && ws->close_code == 0) {
		ws->close_code = WEIR_WS_GOING_AWAY;
		(void)snprintf(ws->close_reason, sizeof(ws->close_reason),
			       "the server is stopping");
	}
}

static void watch(weir_ws *ws)
{
	struct epoll_event event = {.data.ptr = ws};

	if (ws->state == WS_LINGERING) {
		event.events = EPOLLIN;
	} else if (wslay_event_get_read_enabled(ws->frames) && !weir__ws_congested(ws)) {
		event.events |= EPOLLIN;
		/* Bytes that are here already make no event of their own. */
		if (ws->early_size > 0)
			event.events |= EPOLLOUT;
	}
	if (ws->blocked && ws->state != WS_LINGERING)
		event.events |= EPOLLOUT;
	if (event.events == ws->interest)
		return;
	if (epoll_ctl(ws->hub->epoll, EPOLL_CTL_MOD, ws->fd, &event) != 0)
		weir__ws_finish(ws);
	else
		ws->interest = event.events;
}

static void linger(weir_ws *ws)
{
	ws->state = WS_LINGERING;
	ws->code =
		ws->broken ? WEIR_WS_PROTOCOL_ERROR : wslay_event_get_status_code_sent(ws->frames);
	weir_upgraded_note(ws->connection, "failed WebSocket");
	if (shutdown(ws->fd, SHUT_WR) != 0)
		weir__ws_finish(ws);
	else
		weir__ws_timer_set(ws, WS_TIMER_LINGER);
}

static void throw_away(weir_ws *ws)
{
	static char waste[16 << 10]; /* never looked at */
	ssize_t count = 0;

	for (size_t left = turn_bytes; left >= sizeof(waste); left -= sizeof(waste)) {
		count = recv(ws->fd, waste, sizeof(waste), MSG_TRUNC | MSG_DONTWAIT);
		if (count <= 0)
			break;
	}
	if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
		weir__ws_finish(ws);
}

static void begin_closing(weir_ws *ws)
{
	ws->state = WS_CLOSING;
	weir_upgraded_note(ws->connection, "closing WebSocket");
	/* In a stop the time is the server's to say. */
	weir__ws_timer_set(ws,
			   weir_server_stopping(ws->hub->server) ? WS_TIMER_NONE : WS_TIMER_CLOSE);
}

static void settle(weir_ws *ws)
{
	const bool sent = wslay_event_get_close_sent(ws->frames);
	const bool received = wslay_event_get_close_received(ws->frames);
	const bool failed = !received && !wslay_event_get_read_enabled(ws->frames);

	if (received && ws->code == WEIR_WS_LOST)
		ws->code = wslay_event_get_status_code_received(ws->frames);
	if (sent && received) {
		weir__ws_finish(ws);
		return;
	}
	if (sent && failed) {
		linger(ws);
		if (ws->state != WS_CLOSED)
			watch(ws);
		return;
	}
	if (ws->state == WS_OPEN && (received || failed || ws->close_code != 0))
		begin_closing(ws);
	else if (ws->state == WS_OPEN && ws->moved)
		weir__ws_timer_set(ws, WS_TIMER_IDLE);
	watch(ws);
}

static void account(weir_ws *ws)
{
	if (ws->received || ws->sent)
		weir_upgraded_count(ws->connection, ws->received, ws->sent);
	ws->received = 0;
	ws->sent = 0;
}

void weir__ws_hung_up(weir_ws *ws)
{
	weir__ws_turn(ws, true);
	/* What had come before is read to its end; while nothing may be read, it is lost. */
	if (ws->state != WS_CLOSED && (ws->state == WS_LINGERING || !ws->moved))
		weir__ws_finish(ws);
}

void weir__ws_turn(weir_ws *ws, bool readable)
{
	if (ws->state == WS_CLOSED)
		return;
	if (ws->state == WS_LINGERING) {
		throw_away(ws);
		return;
	}
	ws->read_left = turn_bytes;
	ws->blocked = false;
	ws->moved = false;
	heed(ws);
	if ((readable || ws->early_size > 0) && !weir__ws_receive(ws))
		goto lost;
	heed(ws); /* what the callbacks have asked */
	if (!weir__ws_flush(ws))
		goto lost;
	account(ws);
	settle(ws);
	return;

lost:
	account(ws);
	weir__ws_finish(ws);
}

void weir__ws_expire(weir_ws *ws)
{
	static const struct wslay_event_msg ping = {.opcode = WSLAY_PING};

	if (ws->timer != WS_TIMER_IDLE) {
		weir__ws_finish(ws);
		return;
	}
	if (wslay_event_queue_msg(ws->frames, &ping) != 0) {
		weir__ws_finish(ws);
		return;
	}
	weir__ws_timer_set(ws, WS_TIMER_PONG);
	weir__ws_turn(ws, false);
}
