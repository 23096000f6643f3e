/* run.c: see run.h. */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "http/exchange.h"
#include "locks.h"
#include "server/server_private.h"
#include "under.h"
#include "wrapped.h"

int weir__testing_options_resolve(const struct weir_testing_options *given,
				  struct weir_testing_options *out)
{
	*out = given ? *given : (struct weir_testing_options){0};
	if (out->limit < 0 || out->patience < 0 || out->brief < 0 || out->reason < 0 ||
	    out->reason > 0xffff || (out->gauge_count > 0 && !out->gauges))
		return -EINVAL;
	if (out->limit == 0)
		out->limit = WEIR_SECOND;
	if (out->patience == 0)
		out->patience = 2 * WEIR_SECOND;
	if (out->points_max == 0)
		out->points_max = 1000;
	if (out->brief == 0)
		out->brief = 100 * WEIR_MILLISECOND;
	if (out->reason == WEIR_REASON_NONE)
		out->reason = WEIR_REASON_SHUTDOWN;
	return 0;
}

/* The route of a handler that was given; that of a server's own is among the server's. */
static int add_route(struct weir__testing_run *run)
{
	const struct weir_testing_request *description = &run->description;
	struct weir_route_options options = {0};
	char pattern[64];
	int error;

	if (!run->handler)
		return description->server ? 0 : -EINVAL;
	if (description->options)
		options = *description->options;
	options.scope = WEIR_SCOPE_BOTH;
	error = weir__route_options_resolve(&options);
	if (error)
		return error;
	if (strlen(description->method) > 40)
		return -EINVAL;
	(void)snprintf(pattern, sizeof(pattern), "%s /{path...}", description->method);
	return weir__router_add(&run->routes.router,
				description->pattern ? description->pattern : pattern, run->handler,
				description->context, &options);
}

static void fill_acceptor(struct weir__testing_run *run)
{
	run->acceptor.options = (struct weir__acceptor_options){
		.server = run->server,
		.drain_token = run->drain_token,
		.logger = &run->server->logger,
		.stopping = &run->server->stopping,
	};
	run->acceptor.routes = run->handler ? &run->routes : run->server->routes;
}

static void fill_description(struct weir__testing_run *run,
			     const struct weir_testing_request *description)
{
	struct weir_testing_request *own = &run->description;

	*own = *description;
	if (!own->method)
		own->method = "GET";
	if (!own->target)
		own->target = "/";
	if (!own->client)
		own->client = "127.0.0.1:53122";
	if (own->piece_count == 0 && own->body_size > 0) {
		run->whole = (struct weir_testing_piece){own->body, own->body_size};
		own->pieces = &run->whole;
		own->piece_count = 1;
	}
}

int weir__testing_run_init(struct weir__testing_run *run, weir_handler handler,
			   const struct weir_testing_request *description,
			   const struct weir_testing_options *options)
{
	int error;

	memset(run, 0, sizeof(*run));
	run->handler = handler;
	run->options = options;
	run->server = description->server;
	atomic_init(&run->where, "");
	fill_description(run, description);
	run->response = calloc(1, sizeof(*run->response));
	if (!run->response)
		return -ENOMEM;
	error = weir__router_init(&run->routes.router);
	if (error)
		goto free_response;
	error = add_route(run);
	if (error)
		goto fini_router;
	error = weir_token_create(NULL, WEIR_NEVER, &run->drain_token);
	if (error)
		goto fini_router;
	if (!run->server) {
		error = weir_server_create(NULL, &run->server);
		if (error)
			goto unref_drain;
		run->own_server = true;
	}
	fill_acceptor(run);
	weir__testing_points_init(run);
	(void)sem_init(&run->news, 0, 0); /* cannot fail with these arguments */
	return 0;

unref_drain:
	weir_token_unref(run->drain_token);
fini_router:
	weir__router_fini(&run->routes.router);
free_response:
	free(run->response);
	return error;
}

void weir__testing_run_fini(struct weir__testing_run *run)
{
	if (run->abandoned)
		return;
	(void)sem_destroy(&run->news);
	if (run->own_server)
		weir_server_destroy(run->server);
	weir_token_unref(run->drain_token);
	weir__router_fini(&run->routes.router);
	free(run->stream);
	weir_testing_response_free(run->response);
}

/* In place of the handler: what a run wants to know of it. */
static int watched_handler(weir_request *request, weir_response *response, weir_token *token)
{
	struct weir__testing_run *run =
		weir__container(request->acceptor, struct weir__testing_run, acceptor);
	weir_time began = weir_now(), real_began = weir__testing_real_now(), real_trip;
	int result;

	run->ran = true;
	weir__testing_aside--;
	result = run->handler(request, response, token);
	weir__testing_aside++;
	run->took = weir_now() - began;
	run->real_took = weir__testing_real_now() - real_began;
	real_trip = atomic_load(&run->real_tripped_at);
	if (real_trip)
		run->real_late = weir__testing_real_now() - real_trip;
	if (run->tripped_at)
		run->late = weir_now() - run->tripped_at;
	run->cancelled = weir_token_reason(token) != WEIR_REASON_NONE;
	run->response->result = result;
	return result;
}

static void after_handler(weir_request *request)
{
	weir__testing_capture(
		weir__container(request->acceptor, struct weir__testing_run, acceptor));
}

/* The request, from beginning to end. `aside` is set but for the handler. */
static int perform(struct weir__testing_run *run)
{
	const char *reason = NULL;
	int status = 0;
	int error = weir__testing_describe(run, &status, &reason);

	if (error)
		return error;
	if (status) {
		weir__testing_capture_refusal(run, status, reason);
		return run->error;
	}
	run->handler = run->request->route->handler;
	run->route = *run->request->route;
	run->route.handler = watched_handler;
	run->request->route = &run->route;
	(void)weir_token_ref(&run->request->token);
	atomic_store(&run->started, true);
	weir__token_set_probe(&run->request->token, &run->request_probe);
	weir__token_set_probe(run->drain_token, &run->drain_probe);
	weir__request_run_apart(run->request, after_handler);
	weir__testing_feed(run);
	if (!run->error)
		weir__testing_capture_outcome(run);
	return run->error;
}

static void *handler_thread(void *arg)
{
	struct weir__testing_run *run = arg;
	bool own_clock = false;

	weir__testing_under = true;
	weir__testing_aside = 1;
	run->thread = pthread_self();
	if (!run->options->real_clock) {
		own_clock = weir_testing_clock_begin() == 0;
		weir__testing_fake = true;
	}
	weir__testing_locks_clear();
	run->request = weir__request_create(&run->acceptor, NULL);
	if (run->request) {
		run->error = perform(run);
		weir__request_release(run->request);
	} else {
		run->error = -ENOMEM;
	}
	if (own_clock)
		weir_testing_clock_end();
	atomic_store(&run->done, true);
	(void)sem_post(&run->news);
	return NULL;
}

/* Waits for news; false when there is none by `until`. */
static bool await_news(struct weir__testing_run *run, weir_time until)
{
	struct timespec limit = {(time_t)(until / WEIR_SECOND), (long)(until % WEIR_SECOND)};

	while (sem_clockwait(&run->news, CLOCK_MONOTONIC, &limit))
		if (errno != EINTR)
			return false;
	return true;
}

/* What to do when nothing has been heard for a while: trips what was not tripped, if the
 * handler has shown no sign of life since the last time. False: give up. */
static bool prod(struct weir__testing_run *run, unsigned *seen)
{
	unsigned looks = atomic_load(&run->looks) + atomic_load(&run->drain_looks);

	if (!atomic_load(&run->started))
		return true; /* a slow machine */
	if (atomic_load(&run->real_tripped_at)) {
		/* Work that does not end when a stop begins has to when its own token trips. */
		return run->target.drain &&
		       weir_token_cancel(&run->request->token, run->options->reason, "testing");
	}
	if (looks == *seen) {
		atomic_store(&run->endless, true);
		weir__testing_points_trip(run);
	}
	*seen = looks;
	return true;
}

static void direct(struct weir__testing_run *run)
{
	weir_time until = weir__testing_real_now() + run->options->patience;
	unsigned seen = 0;

	while (!atomic_load(&run->done)) {
		if (await_news(run, until)) {
			if (!atomic_exchange(&run->wants_trip, false))
				continue;
			weir__testing_points_trip(run);
		} else if (!prod(run, &seen)) {
			run->abandoned = true;
			return;
		}
		/* Twice: somewhat late is a fault that can be named, never is another. */
		until = weir__testing_real_now() + (atomic_load(&run->real_tripped_at)
							    ? 2 * run->options->limit
							    : run->options->patience);
	}
}

/* What a handler that has not come back may still use: for ever. */
static void abandon(struct weir__testing_run *run, pthread_t thread)
{
	static struct weir__testing_run *abandoned;

	(void)pthread_detach(thread);
	run->next_abandoned = abandoned;
	abandoned = run;
}

int weir__testing_run_perform(struct weir__testing_run *run)
{
	pthread_t thread;
	int error = -__real_pthread_create(&thread, NULL, handler_thread, run);

	if (error)
		return error;
	direct(run);
	run->response->looks = atomic_load(&run->looks);
	run->response->drain_looks = atomic_load(&run->drain_looks);
	if (run->abandoned) {
		abandon(run, thread);
		return 0;
	}
	(void)pthread_join(thread, NULL);
	if (atomic_load(&run->started))
		weir_token_unref(&run->request->token); /* the request goes with it */
	run->response->took = run->took;
	return run->error;
}

int weir_testing_run(weir_handler handler, const struct weir_testing_request *request,
		     const struct weir_testing_options *options, struct weir_testing_response **out)
{
	struct weir_testing_options resolved;
	struct weir__testing_run *run;
	int error = weir__testing_options_resolve(options, &resolved);

	if (error)
		return error;
	run = malloc(sizeof(*run));
	if (!run)
		return -ENOMEM;
	error = weir__testing_run_init(run, handler, request, &resolved);
	if (error)
		goto free_run;
	error = weir__testing_run_perform(run);
	if (run->abandoned) { /* the handler still uses it, and `resolved` no more */
		*out = calloc(1, sizeof(**out));
		if (!*out)
			return -ENOMEM;
		(*out)->abandoned = true;
		return 0;
	}
	if (!error) {
		*out = run->response;
		run->response = NULL;
	}
	weir__testing_run_fini(run);
free_run:
	free(run);
	return error;
}
