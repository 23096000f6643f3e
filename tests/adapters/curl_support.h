/* adapters/curl_support.h: what the tests of weir_curl share.
 *
 * A "rogue" is a server of one connection at a time that does exactly what its script says, on a
 * thread of its own: what no decent server would do.
 */
#ifndef WEIR_TESTS_CURL_SUPPORT_H
#define WEIR_TESTS_CURL_SUPPORT_H

#include <pthread.h>
#include <stddef.h>

#include <weir/curl.h>
#include <weir/weir.h>

struct rogue {
	int listener, fd; /**< fd: the connection the script has accepted */
	char url[64];
	char request[16384]; /**< what rogue_accept() has read, with a NUL */
	void (*script)(struct rogue *rogue);
	void *arg; /**< the script's */
	pthread_t thread;
};

void rogue_start(struct rogue *rogue, void (*script)(struct rogue *rogue), void *arg);
/** Waits for the script's end and closes. */
void rogue_join(struct rogue *rogue);

/* For scripts. */
/** Takes a connection and reads a request's header. */
void rogue_accept(struct rogue *rogue);
/** Reads the next request's header on the same connection. */
void rogue_next(struct rogue *rogue);
void rogue_send(struct rogue *rogue, const char *text);
/** Reads until the client has closed its end. */
void rogue_await_end(struct rogue *rogue);
void rogue_close(struct rogue *rogue);
/** Closes with a reset. */
void rogue_reset(struct rogue *rogue);

/** What comes as an answer: for the callbacks below, as their arg. */
struct answer {
	int status;
	char bytes[8192];
	size_t size;
	char header[128]; /**< the value of the field "X-Test" */
};
int answer_head(void *answer, weir_curl_exchange *exchange);
int answer_data(void *answer, weir_curl_exchange *exchange, const void *data, size_t size);

/** GET of url + path with the callbacks above. */
int curl_get(weir_curl *client, const char *url, const char *path, struct answer *answer,
	     weir_token *token, weir_time until, struct weir_curl_result *result);

/** GET of a rogue, by a client of its own. */
int rogue_get(struct rogue *rogue, weir_token *token, weir_time until,
	      struct weir_curl_result *result);

/** A handler that answers with the request itself, and the field "X-Test". */
int curl_mirror(weir_request *request, weir_response *response, weir_token *token);

weir_curl *curl_client(const struct weir_curl_options *options);

#endif
