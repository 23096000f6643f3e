/* server.c: life of a server: made, asked to stop, waited for, destroyed.
 *
 *	CREATED --start--> STARTING --all threads run--> STARTED --the stop is over--> STOPPED
 *	STARTING --something failed--> FAILING --all undone--> CREATED
 *
 * The start is in start.c, the end in stop.c. Lock: server->lock guards the state; drain->lock is
 * the only one taken under it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/server_private.h"
#include "server/stacks.h"

#ifndef WEIR_VERSION
#error "WEIR_VERSION comes from the build"
#endif

const char *weir_version(void)
{
	return WEIR_VERSION;
}

static int init_tokens(struct weir_server *server)
{
	int error = weir_token_create(NULL, WEIR_NEVER, &server->drain_token);

	if (error)
		return error;
	error = weir_token_create(NULL, WEIR_NEVER, &server->shutdown_token);
	if (error) {
		weir_token_unref(server->drain_token);
		return error;
	}
	weir__token_set_gap(server->drain_token, &weir__gap_shared);
	weir__token_set_gap(server->shutdown_token, &weir__gap_shared);
	return 0;
}

static int init_lock(struct weir_server *server)
{
	int error = -pthread_mutex_init(&server->lock, NULL);

	if (error)
		return error;
	error = -pthread_cond_init(&server->stopped, NULL);
	if (error)
		(void)pthread_mutex_destroy(&server->lock);
	return error;
}

static int copy_text(const char **option, char **out)
{
	const char *text = *option;

	*option = NULL;
	if (!text)
		return 0;
	*out = strdup(text);
	return *out ? 0 : -ENOMEM;
}

/* Strings among the options are the program's: those that are kept are copied. */
static int copy_options(struct weir_server *server)
{
	struct weir_server_options *options = &server->options;
	int error = weir__address_set_parse(options->trusted_proxies, &server->trusted);

	if (!error)
		error = copy_text(&options->deadline_header, &server->deadline_header);
	if (!error)
		error = copy_text(&options->client_header, &server->client_header);
	options->trusted_proxies = NULL;
	if (error)
		free(server->deadline_header);
	return error;
}

static int init_queue(struct weir_server *server)
{
	const struct weir_server_options *options = &server->options;
	struct weir__queue_rules rules = {options->queue_age, options->queue_target,
					  options->queue_interval};
	int error = weir__queue_init(&server->queue, options->queue);

	if (!error)
		weir__queue_set_rules(&server->queue, &rules);
	return error;
}

int weir_server_create(const struct weir_server_options *options, weir_server **out)
{
	struct weir_server *server = calloc(1, sizeof(*server));
	int error;

	if (!server)
		return -ENOMEM;
	if (options)
		server->options = *options;
	server->stopped_fd = -1;
	weir__event_init(&server->rehearsed);
	error = weir__options_resolve(&server->options);
	if (error)
		goto free_server;
	server->logger = (struct weir__logger){server->options.log, server->options.log_arg,
					       server->options.log_level};
	error = copy_options(server);
	if (error)
		goto free_server;
	error = weir__tls_slot_init(&server->tls);
	if (error)
		goto free_texts;
	error = init_lock(server);
	if (error)
		goto fini_tls;
	error = init_tokens(server);
	if (error)
		goto fini_lock;
	error = weir__routes_init(server);
	if (error)
		goto unref_tokens;
	error = init_queue(server);
	if (error)
		goto destroy_routes;
	error = weir__stop_init(server);
	if (error)
		goto fini_queue;
	error = weir__tasks_init(&server->tasks, &server->logger);
	if (error)
		goto fini_drain;
	error = weir__listeners_init(&server->listeners);
	if (error)
		goto fini_tasks;
	weir__teardown_init(&server->teardown);
	weir__systemd_init(&server->systemd);
	if (server->options.listen) {
		error = weir_server_listen(server, server->options.listen, WEIR_SCOPE_PUBLIC);
		server->options.listen = NULL; /* not ours to keep */
		if (error)
			goto fini_listeners;
	}
	*out = server;
	return 0;

fini_listeners:
	weir__listeners_fini(&server->listeners);
fini_tasks:
	weir__tasks_fini(&server->tasks);
fini_drain:
	weir__drain_fini(&server->drain);
fini_queue:
	weir__queue_fini(&server->queue);
destroy_routes:
	weir_routes_destroy(server->routes);
unref_tokens:
	weir_token_unref(server->shutdown_token);
	weir_token_unref(server->drain_token);
fini_lock:
	(void)pthread_cond_destroy(&server->stopped);
	(void)pthread_mutex_destroy(&server->lock);
fini_tls:
	weir__tls_slot_fini(&server->tls);
free_texts:
	free(server->client_header);
	free(server->deadline_header);
free_server:
	free(server);
	return error;
}

static enum weir__server_state state_of(struct weir_server *server)
{
	enum weir__server_state state;

	(void)pthread_mutex_lock(&server->lock);
	state = server->state;
	(void)pthread_mutex_unlock(&server->lock);
	return state;
}

void weir_server_stop(weir_server *server, const char *who)
{
	if (weir__acceptor_is_self(&server->acceptor))
		weir__intake_asked(&server->acceptor);
	/* Before the request, so that whoever sees the stop also sees answers say so. */
	atomic_store_explicit(&server->stopping, true, memory_order_release);
	weir__event_signal(&server->rehearsed); /* server/rehearse.c */
	if (weir__drain_request(&server->drain, who))
		weir__log(&server->logger, WEIR_LOG_INFO, "stopping", NULL, "asked_by",
			  who ? who : "the program", NULL);
}

void weir_server_cancel(weir_server *server, const char *who)
{
	weir_server_stop(server, who);
	weir__drain_hurry(&server->drain, who);
}

static bool is_own_thread(struct weir_server *server)
{
	return weir__stop_is_self(server) || weir__acceptor_is_self(&server->acceptor) ||
	       weir__pool_has_self(&server->pool) || weir__tasks_has_self(&server->tasks) ||
	       weir__teardown_has_self(&server->teardown);
}

int weir_server_wait(weir_server *server, const struct weir_report **report)
{
	int error = 0;

	(void)pthread_mutex_lock(&server->lock);
	if (server->state == WEIR__CREATED)
		error = -EINVAL;
	else if (server->state != WEIR__STOPPED && is_own_thread(server))
		error = -EDEADLK;
	while (!error && server->state != WEIR__STOPPED) {
		(void)pthread_cond_wait(&server->stopped, &server->lock);
		if (server->state == WEIR__CREATED)
			error = -EINVAL; /* the start failed */
	}
	if (!error && !server->coordinator_joined) {
		/* Its last act was to say STOPPED, so this does not take long. */
		(void)pthread_join(server->coordinator, NULL);
		server->coordinator_joined = true;
	}
	(void)pthread_mutex_unlock(&server->lock);
	if (error)
		return error;
	if (report)
		*report = &server->report;
	return (int)server->report.outcome;
}

void weir_server_destroy(weir_server *server)
{
	bool started;

	if (!server)
		return;
	started = state_of(server) != WEIR__CREATED;
	if (started) {
		weir_server_stop(server, "destroy");
		(void)weir_server_wait(server, NULL);
		if (weir__stop_abandoned(server))
			return; /* somebody is alive somewhere: all of this is their world */
		weir__acceptor_fini(&server->acceptor);
		weir__pool_fini(&server->pool);
	}
	weir__systemd_fini(&server->systemd);
	weir__listeners_fini(&server->listeners);
	weir__teardown_fini(&server->teardown);
	weir__tasks_fini(&server->tasks);
	weir__drain_fini(&server->drain);
	weir__queue_fini(&server->queue);
	weir_routes_destroy(server->routes);
	weir_token_unref(server->shutdown_token);
	weir_token_unref(server->drain_token);
	if (server->stopped_fd >= 0)
		(void)close(server->stopped_fd);
	(void)pthread_cond_destroy(&server->stopped);
	(void)pthread_mutex_destroy(&server->lock);
	weir__stacks_forget(server);
	weir__tls_slot_fini(&server->tls);
	free(server->client_header);
	free(server->deadline_header);
	free(server);
}

weir_token *weir_server_drain_token(weir_server *server)
{
	return server->drain_token;
}

weir_token *weir_server_shutdown_token(weir_server *server)
{
	return server->shutdown_token;
}

bool weir_server_stopping(const weir_server *server)
{
	return atomic_load_explicit(&server->stopping, memory_order_acquire);
}
