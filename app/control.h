/* control.h: what an operator asks for that takes its time: a reload, an upgrade, a rehearsal.
 *
 * It is done on background tasks of the server's, one a lane, so that neither the acceptor nor
 * the thread that takes the signals waits for it. In a lane one thing is done after another. A
 * stop trips the token of what is being done and answers what still waits.
 */
#ifndef WEIR_APP_CONTROL_H
#define WEIR_APP_CONTROL_H

#include <weir/later.h>
#include <weir/server.h>
#include <weir/token.h>

struct control;

enum control_lane {
	CONTROL_CHANGE, /* what changes the server: never two at a time */
	CONTROL_REHEARSE,
	CONTROL_LOOK, /* what only looks */
	CONTROL_LANE_COUNT
};

/** Does it, and gives `answer` to weir_later_answer(); NULL: nobody waits for one. */
typedef void (*control_fn)(void *arg, weir_token *token, weir_later *answer);

/** Before the server's start. Returns 0 or a negative errno; *out, unless it is NULL then, is the
 *  caller's to destroy in either case. */
int control_create(weir_server *server, struct control **out);

/** Puts it at the end of its lane, which holds 16. Any thread, handlers included; does not block.
 *  `arg` is borrowed until it was done. Returns 0; -EBUSY (the lane is full), -ENOMEM or -ECANCELED
 *  (a stop), and then `answer` is still the caller's. */
int control_ask(struct control *control, enum control_lane lane, control_fn fn, void *arg,
		weir_later *answer);

/** Once the server has stopped, or was never started. NULL is ignored. */
void control_destroy(struct control *control);

#endif
