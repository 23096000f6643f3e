/* load.h: clients that ask without a pause and count every answer.
 *
 * Each is a thread. A request has failed if it was not answered whole with the status that it
 * expects, for whatever reason: refused, reset, cut, 503. A kept-alive connection that was told
 * `Connection: close`, or that the server has closed between two requests without a byte of the
 * next one having been sent, is opened anew, as any client does.
 */
#ifndef WEIR_TESTS_LOAD_H
#define WEIR_TESTS_LOAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define LOAD_CLIENTS 6

struct load_client {
	pthread_t thread;
	struct load *load;
	bool keep_alive;
	const char *method; /**< "GET" or "PUT" */
	unsigned number;
	unsigned long answered, failed;
	char first[256]; /**< what the first failure was */
};

struct load {
	const char *url;
	atomic_bool over;
	pthread_mutex_t lock;
	pthread_cond_t progress;
	unsigned long answered; /**< by all so far; under the lock */
	struct load_client clients[LOAD_CLIENTS];
};

/** Starts them: GET of /hello, which must be there, and PUT of a file for each, half of them on
 *  kept-alive connections. `url` is borrowed. */
void load_start(struct load *load, const char *url);
/** Returns once `more` requests were answered from now on. */
void load_await(struct load *load, unsigned long more);
/** Ends them and adds up. Returns how many requests have failed, and says on stderr how. */
unsigned long load_stop(struct load *load, unsigned long *answered);

#endif
