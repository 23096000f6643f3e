/* faults.c: calls of the servers that fail: one at a time, some calls after it was armed, whichever
 * of the processes makes it, the one that serves or one that is still being stopped.
 *
 * A server counts an answer when libmicrohttpd has its header; if that cannot be sent, for want of
 * memory or because sending fails, the client hears nothing. So there may be as many answers more
 * on the servers' side as such calls have failed, and no more; of all other calls nothing is seen
 * in the accounts. Never while the conductor asks something of the server, because what it asks has
 * to succeed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soak.h"
#include "support/fault_control.h"
#include "support/must.h"

/* In so many calls more, at most, it fails. */
#define AHEAD 10
/* Some calls are made a thousand times a second, some now and then. */
#define LOOKS 30
#define LOOK_EVERY (10 * WEIR_MILLISECOND)

/* After which an answer may not be heard. */
static const enum fault_call sending[] = {
	FAULT_CALL_malloc, FAULT_CALL_calloc,  FAULT_CALL_realloc,
	FAULT_CALL_send,   FAULT_CALL_sendmsg, FAULT_CALL_sendfile64,
};

static const enum fault_call others[] = {
	FAULT_CALL_posix_spawnp, FAULT_CALL_pthread_create, FAULT_CALL_socket,
	FAULT_CALL_socketpair,   FAULT_CALL_connect,        FAULT_CALL_accept4,
	FAULT_CALL_epoll_ctl,    FAULT_CALL_eventfd,        FAULT_CALL_pipe2,
	FAULT_CALL_open,         FAULT_CALL_open64,         FAULT_CALL_openat,
	FAULT_CALL_pread64,      FAULT_CALL_pwrite64,       FAULT_CALL_fsync,
	FAULT_CALL_fdatasync,    FAULT_CALL_renameat,       FAULT_CALL_linkat,
	FAULT_CALL_fstat,        FAULT_CALL_recv,           FAULT_CALL_fcntl,
	FAULT_CALL_setsockopt,
};

enum {
	SENDING = sizeof(sending) / sizeof(sending[0]),
	OTHERS = sizeof(others) / sizeof(others[0])
};

/* When there is no memory for more, GnuTLS 3.7 loses what it has of a handshake's message, and
 * wslay what it had just taken. (That nothing else of theirs is lost, the tests without faults
 * show.) */
#define SPARED "leak:libgnutls\nleak:libwslay\n"

void soak_faults_open(struct soak *soak)
{
	char path[sizeof(soak->scratch.path) + 16];
	char *program = realpath(soak->weir, NULL);

	must(program != NULL, "%s: %s", soak->weir, strerror(errno));
	(void)snprintf(path, sizeof(path), "%s/faults", soak->scratch.path);
	soak->faults = fault_control_make(path);
	must(setenv("WEIR_FAULT_PROGRAM", program, 1) == 0, "setenv: %s", strerror(errno));
	fault_control_preload(WEIR_SHIM, path);
	fault_control_spare(&soak->scratch, SPARED);
	free(program);
}

void soak_faults_close(struct soak *soak)
{
	fault_control_unmap(soak->faults);
}

static bool is_sending(uint32_t call)
{
	for (int i = 0; i < SENDING; i++) {
		if (call == sending[i])
			return true;
	}
	return false;
}

struct soak_struck soak_faults_struck(const struct soak *soak)
{
	struct soak_struck struck = soak->struck;
	uint64_t last = atomic_load(&soak->faults->struck);

	struck.all += last;
	if (is_sending(atomic_load(&soak->faults->call)))
		struck.sending += last;
	return struck;
}

void soak_fault(struct soak *soak)
{
	unsigned which = soak_below(&soak->random, SENDING + OTHERS);
	enum fault_call call = which < SENDING ? sending[which] : others[which - SENDING];

	/* Of the last one: a thread that was just about to fail may have done so after its time. */
	soak->struck = soak_faults_struck(soak);
	fault_control_arm(soak->faults, call, 1 + soak_below(&soak->random, AHEAD), 1, 0);
	for (int look = 0; look < LOOKS && atomic_load(&soak->faults->struck) == 0; look++)
		soak_let_pass(soak, LOOK_EVERY);
	fault_control_disarm(soak->faults);
	/* Into the servers' log. */
	(void)printf("fault call=%s struck=%d callers=%s\n", fault_call_name(call),
		     (int)atomic_load(&soak->faults->struck), soak->faults->callers);
	(void)fflush(stdout);
	soak->deeds.faults++;
}
