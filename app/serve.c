/* serve.c: `weir serve`: what is opened in which order, and closed in the reverse.
 *
 *	configuration file -> root -> what its routes name -> report file -> server -> routes ->
 *	listeners -> run -> report
 *
 * Everything that can be refused is refused before the first thread exists. SIGINT and
 * SIGTERM stay blocked from here to the end of the process: weir_server_run() takes them as
 * they come, and one that comes while the report is being written does not destroy it.
 */
#include "serve.h"
#include "complain.h"
#include "config_apply.h"
#include "drain_report.h"
#include "handlers/files.h"
#include "handlers/routes.h"
#include "route_set.h"
#include "start_log.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <weir/weir.h>

/* More open files than this need not be asked for: the kernel's own limit may be a thousand
 * million, and what is sized by it would be too. */
#define DESCRIPTORS_MAX ((rlim_t)65536)

static int set_signals(void)
{
	sigset_t stop;
	if (sigemptyset(&stop) != 0 || sigaddset(&stop, SIGINT) != 0 ||
	    sigaddset(&stop, SIGTERM) != 0)
		return -errno;
	int error = pthread_sigmask(SIG_BLOCK, &stop, NULL);
	if (error != 0)
		return -error;
	/* A log whose reader has gone is no reason to die. */
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -errno : 0;
}

/* The usual soft limit of 1024 is there for select(2), which nothing here calls. If it
 * cannot be raised, there will be fewer connections. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	rlim_t wanted = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
	if (limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_root(struct files *files, const char *root)
{
	int error = files_open(files, root);
	if (error == -ENOSYS)
		complain("weir serve: this kernel has no openat2(2): Linux 5.6 or newer is needed");
	else if (error == -ENOENT)
		complain("weir serve: --root: there is no directory %s: make it, or name another "
			 "with --root DIR",
			 root);
	else if (error != 0)
		complain("weir serve: --root: %s cannot be opened: %s: name another with --root "
			 "DIR",
			 root, strerror(-error));
	return error;
}

static int open_report(struct drain_report *report, const char *path)
{
	int error = drain_report_open(report, path);
	switch (error) {
	case 0:
		break;
	case -EISDIR:
		complain("weir serve: --drain-report: %s is a directory: name a file in it", path);
		break;
	case -EEXIST:
		complain("weir serve: --drain-report: %s is not a regular file: name another",
			 path);
		break;
	case -EINVAL:
		complain("weir serve: --drain-report: %s does not name a file", path);
		break;
	default:
		complain("weir serve: --drain-report: %s cannot be written: %s: name another", path,
			 strerror(-error));
	}
	return error;
}

static const char *listen_problem(int error)
{
	switch (error) {
	case -EINVAL:
		return "not an address: write HOST:PORT or unix:PATH";
	case -EADDRINUSE:
		return "somebody listens there already: stop it, or choose another (port 0 takes a "
		       "free one)";
	case -EADDRNOTAVAIL:
		return "not an address of this machine: choose another";
	case -EEXIST:
		return "there is something that is not a socket: remove it, or choose another path";
	case -EACCES:
		return "not allowed here: choose another, or ports from 1024 up";
	case -ENAMETOOLONG:
		return "too long for a socket's path: choose a shorter one";
	case -ENOENT:
		return "no such host, or no such directory: choose another";
	default:
		return strerror(-error);
	}
}

static int listen_at(weir_server *server, const char *option, const char *address,
		     enum weir_scope scope)
{
	int error = weir_server_listen(server, address, scope);
	if (error != 0)
		complain("weir serve: %s %s: %s", option, address, listen_problem(error));
	return error;
}

static int add_listeners(weir_server *server, const struct serve_config *config)
{
	int error = 0;
	for (size_t i = 0; error == 0 && i < config->listen_count; i++)
		error = listen_at(server, "--listen", config->listen[i], WEIR_SCOPE_PUBLIC);
	if (error == 0 && config->admin != NULL)
		error = listen_at(server, "--admin", config->admin, WEIR_SCOPE_ADMIN);
	return error;
}

/* What is open for the routes: one root, from the command line, and what the file names. */
struct opened {
	struct files files;
	bool root; /* `files` is one */
	struct config *config;
	struct route_set *set;
};

static int add_routes(weir_server *server, const struct serve_config *config, struct opened *opened)
{
	int error = opened->root ? files_routes(server, &opened->files) : 0;
	if (error == 0)
		error = health_routes(server);
	if (error == 0)
		error = admin_routes(server);
	if (error == 0 && config->debug_routes)
		error = debug_routes(server);
	if (error != 0) {
		complain("weir serve: the routes cannot be set up: %s", strerror(-error));
		return error;
	}
	char line[COMPLAIN_SIZE];
	error = opened->set != NULL ? route_set_add(opened->set, server, opened->root, line) : 0;
	if (error != 0)
		complain("%s", line);
	return error;
}

static int load_file(struct serve_config *config, struct opened *opened)
{
	if (config->file == NULL)
		return 0;
	char line[COMPLAIN_SIZE];
	int error = config_load(config->file, &opened->config, line);
	if (error != 0)
		complain("%s", line);
	else
		config_apply(opened->config, config);
	if (error == 0 && config->listen_count == 0)
		config->listen[config->listen_count++] = "127.0.0.1:8080";
	return error;
}

static int open_set(struct opened *opened)
{
	if (opened->config == NULL)
		return 0;
	char line[COMPLAIN_SIZE];
	int error = route_set_open(opened->config, ROUTE_SET_SERVE, &opened->set, line);
	if (error != 0)
		complain("%s", line);
	return error;
}

/* On failure everything is closed again. */
static int open_all(struct serve_config *config, struct opened *opened)
{
	*opened = (struct opened){0};
	int error = load_file(config, opened);
	if (error != 0)
		return error;
	if (config->root != NULL) {
		error = open_root(&opened->files, config->root);
		if (error != 0)
			goto free_config;
		opened->root = true;
	}
	error = open_set(opened);
	if (error != 0)
		goto close_root;
	return 0;

close_root:
	if (opened->root)
		files_close(&opened->files);
free_config:
	config_free(opened->config);
	return error;
}

static void close_all(struct opened *opened)
{
	route_set_close(opened->set);
	if (opened->root)
		files_close(&opened->files);
	config_free(opened->config);
}

static weir_time or_none(weir_time duration)
{
	return duration == 0 ? WEIR_NONE : duration;
}

static int make_server(const struct serve_config *config, struct start_log *log, weir_server **out)
{
	struct weir_server_options options = {
		.workers = config->workers,
		.queue = config->queue,
		.lame_duck = or_none(config->lame_duck),
		.grace = or_none(config->grace),
		.drain_timeout = or_none(config->drain_timeout),
		.header_timeout = config->header,
		.body_timeout = config->body,
		.keepalive_timeout = config->keepalive,
		.write_timeout = config->write,
		.deadline_header = config->deadline_header,
		.errors = WEIR_ERRORS_JSON,
		.log = start_log_write,
		.log_arg = log,
		.log_level = config->log_debug ? WEIR_LOG_DEBUG : WEIR_LOG_INFO,
	};
	int error = weir_server_create(&options, out);
	if (error != 0)
		complain("weir serve: the server cannot be made: %s", strerror(-error));
	return error;
}

/* Runs to the end of the stop; the exit code. */
static int run(weir_server *server, const struct serve_config *config, struct drain_report *file)
{
	const struct weir_report *report;
	int outcome = weir_server_run(server, &report);
	if (outcome < 0) {
		complain("weir serve: the server cannot be started: %s", strerror(-outcome));
		return EXIT_START;
	}
	int error = drain_report_print(STDERR_FILENO, report, config->log_json);
	if (error != 0)
		complain("weir serve: the drain report cannot be printed: %s", strerror(-error));
	if (config->drain_report != NULL) {
		error = drain_report_publish(file, report);
		if (error != 0)
			complain("weir serve: --drain-report: %s cannot be written: %s",
				 config->drain_report, strerror(-error));
	}
	if (outcome == WEIR_ABANDONED)
		_exit(outcome); /* a handler still uses what would be freed here */
	return outcome;
}

int serve(const struct serve_config *given)
{
	struct serve_config config = *given;
	int code = EXIT_START;
	int error = set_signals();
	if (error != 0) {
		complain("weir serve: signals cannot be set up: %s", strerror(-error));
		return code;
	}
	raise_descriptor_limit();

	struct opened opened;
	if (open_all(&config, &opened) != 0)
		return code;
	struct drain_report file;
	if (config.drain_report != NULL && open_report(&file, config.drain_report) != 0)
		goto close_all;
	struct start_log log;
	start_log_init(&log, STDERR_FILENO, config.log_json ? weir_log_json : weir_log_text);
	weir_server *server;
	if (make_server(&config, &log, &server) != 0)
		goto close_report;
	if (add_routes(server, &config, &opened) != 0 || add_listeners(server, &config) != 0)
		goto destroy_server;
	start_log_expect(&log, server, opened.root);
	code = run(server, &config, &file);

destroy_server:
	weir_server_destroy(server);
close_report:
	if (config.drain_report != NULL)
		drain_report_close(&file);
close_all:
	close_all(&opened);
	return code;
}
