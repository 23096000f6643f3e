/* serve.c: `weir serve`: opens a service (service.h), runs it to its end, and reports.
 *
 * SIGHUP, SIGUSR2, SIGINT and SIGTERM stay blocked from here to the end of the process:
 * weir_server_run() takes them as they come, and one that comes while the report is being written
 * does not destroy it. What is exchanged while the server runs: reload.c.
 */
#include "serve.h"
#include "complain.h"
#include "service.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <weir/weir.h>

/* More open files than this need not be asked for: the kernel's own limit may be a thousand
 * million, and what is sized by it would be too. */
#define DESCRIPTORS_MAX ((rlim_t)65536)

static int set_signals(void)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR2};
	sigset_t mask;
	if (sigemptyset(&mask) != 0)
		return -errno;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		if (sigaddset(&mask, numbers[i]) != 0)
			return -errno;
	}
	int error = pthread_sigmask(SIG_BLOCK, &mask, NULL);
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

/* The report goes where the log goes, and into the file that was named last. */
static void publish(const struct service *service, const struct weir_report *report)
{
	const struct serve_config *config = &service->current->config;
	int error = drain_report_print(service->log.fd, report, config->log_json);
	if (error != 0)
		complain("weir serve: the drain report cannot be printed: %s", strerror(-error));
	if (!service->current->reports)
		return;
	error = drain_report_publish(&service->current->report, report);
	if (error != 0)
		complain("weir serve: --drain-report: %s cannot be written: %s",
			 config->drain_report, strerror(-error));
}

/* Complains, also to the process that this one was to replace. */
static void cannot_begin(const char *line)
{
	complain("%s", line);
	(void)weir_handover_failed(line);
}

/* Runs to the end of the stop; the exit code. */
static int run(struct service *service)
{
	const struct weir_report *report;
	char line[COMPLAIN_SIZE];
	int outcome = weir_server_run(service->server, &report);
	if (outcome < 0) {
		(void)snprintf(line, sizeof line, "weir serve: the server cannot be started: %s",
			       strerror(-outcome));
		cannot_begin(line);
		return EXIT_START;
	}
	publish(service, report);
	if (outcome == WEIR_ABANDONED)
		_exit(outcome); /* a handler still uses what would be freed here */
	return outcome;
}

int serve(const struct serve_config *given)
{
	struct service service;
	char line[COMPLAIN_SIZE];
	int code = EXIT_START;
	int error = set_signals();
	if (error != 0) {
		complain("weir serve: signals cannot be set up: %s", strerror(-error));
		return code;
	}
	error = weir_inherit();
	if (error < 0) {
		cannot_begin("weir serve: LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES make no sense: "
			     "unset them, or start it by what sets them");
		return code;
	}
	raise_descriptor_limit();

	if (service_open(&service, given, line) != 0) {
		cannot_begin(line);
		return code;
	}
	code = run(&service);
	service_close(&service);
	return code;
}
