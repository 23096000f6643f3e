/* daemon.c: libmicrohttpd as the acceptor uses it: one daemon, and a second one for TLS when there
 * is a listener that wants it.
 *
 * Neither has a thread or a listener: they do something only in weir__daemon_run(), on the
 * acceptor's thread, and what they find they tell exchange.c and conn.c, from inside that call.
 */
#include "http/daemon.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http/header.h"

/* MHD_OPTION_CLIENT_DISCIPLINE_LVL, which the header of 0.9.75 does not have yet. */
#define DISCIPLINE ((enum MHD_OPTION)38)
/* MHD_USE_NO_THREAD_SAFETY, likewise. Without it 1.0 puts a connection that is handed to it on a
 * list, and tells of it only in its next round, when nobody knows any more whose it is (conn.c,
 * `adding`). The acceptor's thread is the only one that calls the daemon. */
#define ONE_THREAD ((unsigned)1 << 19)

/* libmicrohttpd has this many rounds, or this much time if that is more, to send what it can or
 * to notice what is cut. It takes up to three to send a short answer and see that it was sent,
 * and one for each piece of a stream. */
#define ROUNDS 16
#define ROUNDS_TIME (10 * WEIR_MILLISECOND)

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		weir__conn_started(cls, mhd, context);
	else
		weir__conn_closed(cls, context);
}

static void on_log(void *cls, const char *format, va_list arguments) WEIR_PRINTF(2, 0);
static void on_log(void *cls, const char *format, va_list arguments)
{
	struct weir__acceptor *acceptor = cls;
	char text[256];

	if (!weir__log_wants(acceptor->options.logger, WEIR_LOG_DEBUG))
		return;
	(void)vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	weir__log(acceptor->options.logger, WEIR_LOG_DEBUG, "libmicrohttpd", text, NULL);
}

/* Never asked: each session has credentials of its own (tls_session.c). Without certificates, or
 * this, libmicrohttpd starts no daemon for TLS. */
static int no_certificate(void *session, const void *authorities, int authority_count,
			  const void *kinds, int kind_count, void **chain, unsigned *length,
			  void **key)
{
	(void)session;
	(void)authorities;
	(void)authority_count;
	(void)kinds;
	(void)kind_count;
	(void)chain;
	(void)length;
	(void)key;
	return -1;
}

/* What libmicrohttpd ran out of; it says so only in errno. */
static int what_was_missing(int otherwise)
{
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOSPC:
		return -errno;
	default:
		return otherwise;
	}
}

/* NULL if it cannot be had. */
static struct MHD_Daemon *start_daemon(struct weir__acceptor *acceptor, bool tls)
{
	/* The sign of the strictness option was turned round in 1.0. */
	bool old = weir__mhd_is_old();
	struct MHD_OptionItem strictness[] = {
		{old ? MHD_OPTION_STRICT_FOR_CLIENT : DISCIPLINE, old ? -1 : 1, NULL},
		{MHD_OPTION_END, 0, NULL},
	};

	errno = 0;
	return MHD_start_daemon(
		(tls ? MHD_USE_TLS : 0u) | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
			MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG |
			(old ? 0 : ONE_THREAD),
		0, NULL, NULL, weir__exchange_handle, acceptor,
		/* first, so that it gets what the others have to say */
		MHD_OPTION_EXTERNAL_LOGGER, on_log, acceptor, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)INT_MAX, /* accept.c counts */
		MHD_OPTION_CONNECTION_TIMEOUT, WEIR__MHD_TIMEOUT,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, acceptor->options.connection_memory,
		MHD_OPTION_NOTIFY_COMPLETED, weir__exchange_completed, acceptor,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, acceptor, MHD_OPTION_URI_LOG_CALLBACK,
		weir__exchange_target, acceptor, MHD_OPTION_UNESCAPE_CALLBACK,
		weir__exchange_keep_escapes, NULL, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_ARRAY, strictness,
		/* The default, but looked at: without memory for its own, 0.9.75 goes on, and
		 * ends every handshake. */
		tls ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_END, "NORMAL",
		MHD_OPTION_HTTPS_CERT_CALLBACK, no_certificate, MHD_OPTION_END);
}

int weir__daemon_open(struct weir__acceptor *acceptor)
{
	acceptor->mhd = start_daemon(acceptor, false);
	return acceptor->mhd ? 0 : what_was_missing(-ENOMEM);
}

int weir__daemon_open_tls(struct weir__acceptor *acceptor)
{
	acceptor->mhd_tls = start_daemon(acceptor, true);
	return acceptor->mhd_tls ? 0 : what_was_missing(-ENOTSUP);
}

static bool run(struct MHD_Daemon *mhd)
{
	unsigned MHD_LONG_LONG timeout;

	(void)MHD_run(mhd);
	return MHD_get_timeout(mhd, &timeout) == MHD_YES && timeout == 0;
}

bool weir__daemon_run(struct weir__acceptor *acceptor)
{
	bool more = run(acceptor->mhd);
	int i;

	/* An upgraded connection is closed by one run after another, with no event in between. */
	for (i = 0; acceptor->mhd_tls && i < 3 && acceptor->leaving > 0; i++)
		(void)MHD_run(acceptor->mhd_tls);
	return acceptor->mhd_tls ? run(acceptor->mhd_tls) || more : more;
}

void weir__daemon_close(struct weir__acceptor *acceptor)
{
	if (acceptor->mhd_tls)
		MHD_stop_daemon(acceptor->mhd_tls);
	if (acceptor->mhd)
		MHD_stop_daemon(acceptor->mhd);
	acceptor->mhd = acceptor->mhd_tls = NULL;
}

void weir__daemon_settle(struct weir__acceptor *acceptor)
{
	weir_time until = weir_after(ROUNDS_TIME);
	int i = 0;

	while (weir__daemon_run(acceptor) && (++i < ROUNDS || weir_now() < until))
		continue;
	acceptor->mhd_ready = true;
}
