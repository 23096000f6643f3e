/* sigpipe.h: keeps SIGPIPE from the thread while it writes where no flag can.
 *
 * send(2) has MSG_NOSIGNAL. A write(2) or splice(2) to a pipe, and a sendfile(2) to a
 * socket, raise the signal on the calling thread if nobody will read. So it is blocked for
 * the length of the call, and one that has come meanwhile is taken back, unless one was
 * pending before: then it is not ours, and both were one.
 */
#ifndef WEIR_CANCEL_IO_SIGPIPE_H
#define WEIR_CANCEL_IO_SIGPIPE_H

#include <stdbool.h>

struct weir__sigpipe {
	bool pending; /* before */
	bool blocked; /* before */
};

void weir__sigpipe_hold(struct weir__sigpipe *held);
/* `broken`: the call said EPIPE, or wrote less than it was given (it tells only one of the
 * two). Keeps errno. */
void weir__sigpipe_release(const struct weir__sigpipe *held, bool broken);

#endif
