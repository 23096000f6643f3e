/* daemon.h: libmicrohttpd's daemons, and the callbacks that it is given. For the acceptor's thread;
 * open and close also before it begins and after it has ended.
 */
#ifndef WEIR_HTTP_DAEMON_H
#define WEIR_HTTP_DAEMON_H

#include <microhttpd.h>

#include "http/exchange.h"

/* Starts and configures libmicrohttpd's daemon. 0 or -ENOMEM. */
int weir__daemon_open(struct weir__acceptor *acceptor);
/* The one for TLS. 0 or -ENOTSUP. */
int weir__daemon_open_tls(struct weir__acceptor *acceptor);
/* Has libmicrohttpd do what there is to do. True if it has more to do without an event. */
bool weir__daemon_run(struct weir__acceptor *acceptor);
/* ... until there is nothing more, or for as many rounds as sending a short answer takes. */
void weir__daemon_settle(struct weir__acceptor *acceptor);
/* Stops what was started. Harmless when it is not there. */
void weir__daemon_close(struct weir__acceptor *acceptor);

/* exchange.c: the callbacks; `acceptor` is a struct weir__acceptor. */
/* The first line is there: the raw target, before anything is decoded. */
void *weir__exchange_target(void *acceptor, const char *target, struct MHD_Connection *mhd);
/* libmicrohttpd's own decoding is switched off: escapes are checked and decoded in admit.c. */
size_t weir__exchange_keep_escapes(void *acceptor, struct MHD_Connection *mhd, char *text);
enum MHD_Result weir__exchange_handle(void *acceptor, struct MHD_Connection *mhd, const char *url,
				      const char *method, const char *version, const char *data,
				      size_t *size, void **context);
/* "Completed": its last byte is in the kernel, or it will never be. */
void weir__exchange_completed(void *acceptor, struct MHD_Connection *mhd, void **context,
			      enum MHD_RequestTerminationCode how);

#endif
