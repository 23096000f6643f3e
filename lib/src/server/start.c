/* start.c: a server begins: its modules and threads, one after the other, or all undone again.
 *
 * The order: acceptor (sockets, no thread), workers, tasks (held), teardown, coordinator,
 * acceptor's thread: last what cannot be undone, because it may take connections at once. Then the
 * tasks are let go. The coordinator waits for STARTED before it looks for a stop, and for FAILING,
 * to end. States and lock: server.c.
 */
#include <errno.h>

#include "base/thread.h"
#include "server/server_private.h"

static void fill_acceptor_options(struct weir_server *server, struct weir__acceptor_options *out)
{
	const struct weir_server_options *options = &server->options;

	*out = (struct weir__acceptor_options){
		.server = server,
		.drain_token = server->drain_token,
		.routes = server->routes,
		.queue = &server->queue,
		.pool = &server->pool,
		.logger = &server->logger,
		.header_timeout = options->header_timeout,
		.body_timeout = options->body_timeout,
		.keepalive_timeout = options->keepalive_timeout,
		.write_timeout = options->write_timeout,
		.body_min_rate = options->body_min_rate,
		.connection_memory = options->connection_memory,
		.max_connections = options->max_connections,
		.first_byte_timeout = options->first_byte_timeout,
		.write_min_rate = options->write_min_rate,
		.max_requests = options->max_requests,
		.client_limits = {[WEIR__CLIENT_CONNECTIONS] = options->client_connections,
				  [WEIR__CLIENT_REQUESTS] = options->client_requests},
		.trusted = &server->trusted,
		.client_header = server->client_header,
		.deadline_header = server->deadline_header,
		.tls = &server->tls,
		.json_errors = options->errors == WEIR_ERRORS_JSON,
		.stopping = &server->stopping,
		.idle = weir__stop_idle,
		.beat = weir__stop_beat,
		.conclude = weir__stop_conclude,
		.arg = server,
	};
}

/* Under the lock, so that whoever finds an acceptor finds one whose thread runs: an inline
 * handler may ask for metrics before this returns. */
static int start_acceptor(struct weir_server *server)
{
	int error;

	(void)pthread_mutex_lock(&server->lock);
	error = weir__acceptor_start(&server->acceptor);
	server->has_acceptor = !error;
	(void)pthread_mutex_unlock(&server->lock);
	return error;
}

static void set_state(struct weir_server *server, enum weir__server_state state)
{
	(void)pthread_mutex_lock(&server->lock);
	server->state = state;
	(void)pthread_cond_broadcast(&server->stopped);
	(void)pthread_mutex_unlock(&server->lock);
}

/* A program that has taken the signal for itself gets no stacks, and is told. */
static void open_backtrace(const struct weir_server *server)
{
	if (weir__backtrace_open() != 0)
		weir__log(&server->logger, WEIR_LOG_WARNING, "no-stacks",
			  "the program handles the signal that threads are asked with", NULL);
}

static int start_pool(struct weir_server *server)
{
	const struct weir__pool_options options = {
		.queue = &server->queue,
		.minimum = server->options.workers,
		.maximum = server->options.workers_max,
		.idle = server->options.worker_idle,
		.stack = server->options.worker_stack,
		.quiet = weir__acceptor_quiet,
		.arg = &server->acceptor,
	};

	return weir__pool_start(&server->pool, &options);
}

static int start_modules(struct weir_server *server)
{
	struct weir__acceptor_options acceptor_options;
	int error;

	open_backtrace(server);
	error = weir__stop_plan(server);
	if (error)
		return error;
	fill_acceptor_options(server, &acceptor_options);
	error = weir__acceptor_init(&server->acceptor, &acceptor_options, &server->listeners);
	if (error)
		return error;
	error = start_pool(server);
	if (error)
		goto fini_acceptor;
	error = weir__tasks_begin(&server->tasks);
	if (error)
		goto stop_pool;
	error = weir__teardown_start(&server->teardown);
	if (error)
		goto undo_tasks;
	error = weir__thread_start(&server->coordinator, "weir-drain", 0, weir__stop_thread,
				   server);
	if (error)
		goto end_teardown;
	error = start_acceptor(server);
	if (error)
		goto dismiss_coordinator;
	weir__tasks_release(&server->tasks);
	return 0;

dismiss_coordinator:
	set_state(server, WEIR__FAILING);
	(void)pthread_join(server->coordinator, NULL);
end_teardown:
	weir__teardown_end(&server->teardown);
undo_tasks:
	weir__tasks_undo(&server->tasks);
stop_pool:
	weir__pool_stop(&server->pool);
	(void)weir__pool_join(&server->pool, WEIR_NEVER);
	weir__pool_fini(&server->pool);
fini_acceptor:
	weir__acceptor_fini(&server->acceptor);
	return error;
}

/* None comes or goes while the server starts: listen.c. */
static void log_listeners(struct weir__acceptor *acceptor, void *arg)
{
	const struct weir_server *server = arg;
	struct weir__list *node;

	weir__list_each (node, &acceptor->listeners->list)
		weir__listen_log(server, weir__container(node, struct weir__listener, all));
}

int weir__server_running(struct weir_server *server)
{
	int result;

	(void)pthread_mutex_lock(&server->lock);
	while (server->state == WEIR__STARTING || server->state == WEIR__FAILING)
		(void)pthread_cond_wait(&server->stopped, &server->lock);
	result = server->state != WEIR__CREATED;
	if (weir__drain_requested(&server->drain) || server->state == WEIR__STOPPED)
		result = -ECANCELED;
	(void)pthread_mutex_unlock(&server->lock);
	return result;
}

int weir_server_start(weir_server *server)
{
	int error = 0;

	(void)pthread_mutex_lock(&server->lock);
	if (server->state != WEIR__CREATED)
		error = -EALREADY;
	else if (weir__drain_requested(&server->drain))
		error = -ECANCELED;
	else
		server->state = WEIR__STARTING;
	(void)pthread_mutex_unlock(&server->lock);
	if (error)
		return error;
	error = start_modules(server);
	if (!error)
		weir__acceptor_call(&server->acceptor, log_listeners, server);
	set_state(server, error ? WEIR__CREATED : WEIR__STARTED);
	if (!error)
		weir__systemd_ready(server);
	return error;
}
