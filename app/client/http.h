/* http.h: one connection to an admin listener, by libcurl. */
#ifndef WEIR_APP_CLIENT_HTTP_H
#define WEIR_APP_CLIENT_HTTP_H

#include "client.h"

#include "../complain.h"

#include <stddef.h>

#include <jansson.h>

/** Longest answer that is read. */
#define HTTP_ANSWER_MAX ((size_t)64 << 20)

struct http;

struct answer {
	long status;
	char *body; /* NUL-terminated */
	size_t size;
};

/** Returns 0, or -EINVAL with the line to print: no address, or no token. */
int http_open(const struct client_options *options, struct http **out, char line[COMPLAIN_SIZE]);
/** NULL is ignored. */
void http_close(struct http *http);

/** Asks, and reads the whole answer. `timeout` 0: as long as it takes. Returns 0; or -EIO with the
 *  line to print: nobody answers. *answer is for answer_free() after 0. One thread at a time. */
int http_ask(struct http *http, const char *method, const char *target, weir_time timeout,
	     struct answer *answer, char line[COMPLAIN_SIZE]);
void answer_free(struct answer *answer);

/** The answer as JSON; NULL with the line to print if it is none, or says an error. The caller's to
 *  json_decref(). */
json_t *answer_json(const struct answer *answer, char line[COMPLAIN_SIZE]);

#endif
