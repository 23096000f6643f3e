/* weir/handover.h: listening sockets that outlive a process.
 *
 * Sockets come from somebody else in two ways: from a supervisor that has opened them (systemd's
 * socket activation, sd_listen_fds(3)), or from the process that this one is to replace. Either
 * way weir_inherit() collects them, and weir_server_listen() takes one of them in the place of
 * a new one where the address is the same.
 *
 * To replace a process: the old one calls weir_server_handover(), which starts the new program
 * with the listening sockets and waits for it to say that it serves (weir_handover_ready()). Only
 * then should the old one stop; a stop after a handover closes its own descriptors of the sockets
 * and nothing else: no connection is refused, none is reset, the new process accepts on. If the
 * new one ends, hangs or says that it cannot serve, the old one serves on as if nothing had been.
 */
#ifndef WEIR_HANDOVER_H
#define WEIR_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <weir/server.h>
#include <weir/time.h>
#include <weir/token.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Collects what was inherited: LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES are read and unset,
 *  the descriptors made close-on-exec. Before other threads exist; once (-EALREADY). Returns how
 * many sockets there are, or -EINVAL (the variables make no sense), -ENOMEM. */
WEIR_API int weir_inherit(void);

/** The n-th inherited socket that no server has taken: the address as weir_server_listen() takes
 *  it, and its name ("" if it has none). 0 or -ENOENT. */
WEIR_API int weir_inherited(size_t n, char *address, size_t address_size, char *name,
			    size_t name_size);

/** Closes what nobody took. Returns how many. */
WEIR_API size_t weir_inherited_close(void);

struct weir_handover_options {
	const char *path;        /**< the program */
	const char *const *argv; /**< its arguments, NULL at the end */
	weir_time timeout;       /**< to become ready; 0: the default, 30 s */
	weir_token *token;       /**< gives up when it trips; may be NULL */
};

struct weir_handover {
	pid_t pid;        /**< of the new process, while it runs */
	char reason[256]; /**< why it failed, one line: what it said, or how it ended */
};

/** Starts the program with this server's public and admin listening sockets and waits until it is
 *  ready. Blocks; any thread that may, one at a time (-EBUSY). Returns 0: the new one serves, the
 *  listeners are handed over, and the caller stops this server. Else the new process has been
 *  ended and waited for, nothing has changed, and out->reason says why: -ETIMEDOUT, -ECANCELED,
 *  -ECHILD (it ended, or said that it cannot), -EINVAL, or an errno of starting it. */
WEIR_API int weir_server_handover(weir_server *server, const struct weir_handover_options *options,
				  struct weir_handover *out);

/** In the new process: whether it was started by a handover; and "I serve now", or "I cannot,
 *  because ..." (one line). The latter two are harmless without a handover. */
WEIR_API bool weir_handover_expected(void);
WEIR_API int weir_handover_ready(void);
WEIR_API int weir_handover_failed(const char *reason);

#ifdef __cplusplus
}
#endif

#endif
