/* files.h: the files under one directory, over HTTP.
 *
 *	GET, HEAD  a file, with ranges and conditions; a directory as a page, or its index.html
 *	PUT        stores a file, whole or not at all
 *	DELETE     removes a file
 *
 * Only regular files are served. Symbolic links are followed by GET as long as they stay
 * under the root; PUT and DELETE follow none in the last place: they replace and remove
 * the link itself.
 */
#ifndef WEIR_APP_FILES_H
#define WEIR_APP_FILES_H

#include <pthread.h>

#include <weir/server.h>

struct files {
	int root; /* fixed */
	/* Between looking at what a name holds and changing that: it makes If-Match and
	 * If-None-Match true among all requests of this process. Held for a stat and a
	 * rename, never while a body is read or a disk is waited for. */
	pthread_mutex_t change;
};

/** Opens the directory. Returns 0, or a negative errno: -ENOSYS if the kernel lacks
 *  openat2(2). */
int files_open(struct files *files, const char *root);

/** Closes it. No handler may be running any more. */
void files_close(struct files *files);

/** Adds the routes to a server; `files` must outlive it. */
int files_routes(weir_server *server, struct files *files);

int files_get(weir_request *request, weir_response *response, weir_token *token);
int files_put(weir_request *request, weir_response *response, weir_token *token);
int files_delete(weir_request *request, weir_response *response, weir_token *token);

/** Turns what went wrong into an answer: an HTTP status as it is, a negative errno by the
 *  table in files_error.c. What is not in there is returned to the library as it is,
 *  -ECANCELED above all. */
int files_error(weir_response *response, int problem);

#endif
