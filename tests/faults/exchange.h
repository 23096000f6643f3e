/* faults/exchange.h: exchanges of a load (load.h) that may fail, and the bytes that they
 * carry, which tell where they come from.
 */
#ifndef WEIR_TESTS_FAULTS_EXCHANGE_H
#define WEIR_TESTS_FAULTS_EXCHANGE_H

#include "faults/load.h"

#include "support/client.h"
#include "support/reply.h"

/* Of root/file, of root/big and of each upload root/up0, root/up1, ... */
#define FILE_SIZE ((size_t)96 * 1024)
#define BIG_SIZE ((size_t)8 * 1024 * 1024)
#define UPLOAD_SIZE ((size_t)70 * 1024)

/* A text of this size, to be freed. */
char *pattern(size_t size);
/* Whether these are the bytes that the pattern has from `from` on. */
bool is_pattern(const char *data, size_t size, size_t from);

/* An exchange has failed, with this status; 0: without an answer. */
void load_missed(struct load *load, const char *what, int status);

/* SIGTERM, and from then on the fault of load->at_stop, if there is one. */
void load_sigterm(struct load *load, struct subject *subject);

/* One exchange with `url` on a connection that may be closed (fd -1) and is opened then. The
 * caller frees the reply; its status is 0 if none came. */
void exchange(struct client *client, const char *url, const char *head, const char *body,
	      size_t size, struct reply *reply);
void exchange_finish(struct client *client);

/* A GET whose answer is due to be `status`, with this part of the pattern if it is known. */
void exchange_get(struct load *load, struct client *client, const char *url, const char *target,
		  const char *fields, int status, size_t from, size_t size);
/* A request with a body; true if the answer came whole and with `status` or `other`. Fails the
 * test after an answer that blames the client. To be freed: the reply. */
bool exchange_send(struct load *load, struct client *client, const char *url, const char *request,
		   const char *body, size_t size, int status, int other, struct reply *reply);

/* Fails the test unless root/`name` is this much of the pattern; it may be missing unless it is
 * `needed`. */
void exchange_check_file(const struct load *load, const char *name, size_t due, bool needed);
/* Fails the test unless "file", "big" and each upload that was stored are in root/ as they should
 * be, and nothing that is half or else. */
void exchange_check_files(const struct load *load);

#endif
