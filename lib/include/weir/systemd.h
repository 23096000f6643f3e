/* weir/systemd.h: telling a service manager what the server does, by the protocol that
 * sd_notify(3) documents; no library is needed for it.
 */
#ifndef WEIR_SYSTEMD_H
#define WEIR_SYSTEMD_H

#include <sys/types.h>

#include <weir/server.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Reports to $NOTIFY_SOCKET, if there is one: READY=1 once the server serves, STOPPING=1 when a
 *  stop begins, STATUS with what a stop still waits for, EXTEND_TIMEOUT_USEC while it is within its
 *  drain timeout, and WATCHDOG=1 (if $WATCHDOG_USEC asks for it and $WATCHDOG_PID is this process
 *  or unset) for as long as the acceptor goes round and the queue moves. Before the start. Returns
 *  0, also if there is nobody to tell; -EINVAL (the variables make no sense), -EBUSY, -ENOMEM or an
 *  errno of socket(2). */
WEIR_API int weir_systemd_attach(weir_server *server);

/** RELOADING=1 with MONOTONIC_USEC, and READY=1 when done. Any thread; harmless when not attached.
 */
WEIR_API void weir_systemd_reloading(weir_server *server);
WEIR_API void weir_systemd_reloaded(weir_server *server);

/** MAINPID=`pid`: another process is the service from here on (weir/handover.h). */
WEIR_API void weir_systemd_main_pid(weir_server *server, pid_t pid);

#ifdef __cplusplus
}
#endif

#endif
