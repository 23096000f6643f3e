/* run.h: a command for each request.
 *
 * The request's body is the command's standard input, its standard output is the answer,
 * sent as it comes. No shell is involved (run_words.h). A command that fails before it
 * has said anything is answered 502; one that fails later has its connection cut, so that the
 * client can tell. When the client goes, a deadline passes or a stop's grace is over,
 * its whole process group is ended: SIGTERM, then SIGKILL.
 */
#ifndef WEIR_APP_RUN_H
#define WEIR_APP_RUN_H

#include <weir/routes.h>

/** What to run. Everything is borrowed for as long as the route lives. */
struct run {
	const char *const *command; /* `count` words, as in run_words.h; the first is the program */
	size_t count;
	const char *content_type; /* of the answer; NULL: application/octet-stream */
	const char *directory;    /* working directory; NULL: that of the server */
};

/** Looks whether the program is there and can be executed. Returns 0, -ENOENT, -EACCES or
 *  another negative errno. */
int run_check(const struct run *run);

/** The handler, with a struct run as its context. */
int run_handle(weir_request *request, weir_response *response, weir_token *token);

/** Adds the route "METHOD PATH". `options` may be NULL. */
int run_route(weir_routes *routes, const char *method, const char *path, struct run *run,
	      const struct weir_route_options *options);

#endif
