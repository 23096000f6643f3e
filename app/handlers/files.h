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
#include <stdbool.h>

#include <weir/routes.h>

struct files {
	/* Fixed. */
	int root;
	size_t prefix; /* how much of a request's path stands before the path of the file */
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

/** Adds the routes to a server, at "/"; `files` must outlive it. */
int files_routes(weir_routes *routes, struct files *files);

/** The same at `path`, which ends in "/{name...}", like "/files/{path...}"; `prefix` is the
 *  length of what stands before that. `options` may be NULL. */
int files_routes_at(weir_routes *routes, struct files *files, const char *path, size_t prefix,
		    bool read_only, const struct weir_route_options *options);

/** The path of the file that a request is about, from its slash on. */
const char *files_path(const struct files *files, const weir_request *request);

int files_get(weir_request *request, weir_response *response, weir_token *token);
int files_put(weir_request *request, weir_response *response, weir_token *token);
int files_delete(weir_request *request, weir_response *response, weir_token *token);

/** Turns what went wrong into an answer: an HTTP status as it is, a negative errno by the
 *  table in files_error.c. What is not in there is returned to the library as it is,
 *  -ECANCELED above all. */
int files_error(weir_response *response, int reason);

#endif
