/* What the service manager is told, by a socket that pretends to be one. */
#include "instance.h"

#include "support/client.h"
#include "support/must.h"
#include "support/reply.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct manager {
	struct scratch scratch;
	int socket; /* NOTIFY_SOCKET */
	struct process process;
	char url[300];
	char message[512];
	int listener; /* what is handed to the service; -1: nothing */
};

static void manager_open(struct manager *manager)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memset(manager, 0, sizeof *manager);
	manager->listener = -1;
	scratch_make(&manager->scratch);
	must(mkdirat(manager->scratch.fd, "root", 0755) == 0, "root cannot be made");
	scratch_write(&manager->scratch, "root/hello", "hello\n", 6);
	scratch_write(&manager->scratch, "weir.yaml", "workers: 1\nqueue: 10\n", 21);
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%.90s/notify",
		       manager->scratch.path);
	manager->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(manager->socket >= 0, "socket: %s", strerror(errno));
	must(bind(manager->socket, (struct sockaddr *)&address, sizeof address) == 0, "bind: %s",
	     strerror(errno));
	must(setenv("NOTIFY_SOCKET", address.sun_path, 1) == 0, "setenv");
}

static void manager_start(struct manager *manager, const char *listen, const char *const *more)
{
	/* Like systemd: only the process itself is watched, unless the test says otherwise. */
	const char *argv[28] = {"/bin/sh",
				"-c",
				"export WATCHDOG_PID=${WATCHDOG_PID-$$}; exec \"$@\"",
				"sh",
				WEIR_BINARY,
				"serve",
				"--config",
				"weir.yaml",
				"--listen",
				listen,
				"--root",
				"root",
				"--admin",
				"unix:admin.sock",
				"--debug-routes",
				NULL};
	for (size_t i = 15; more != NULL && *more != NULL; i++)
		argv[i] = *more++;
	process_start(&manager->process, manager->scratch.path, argv);
	const char *url = process_await_line(&manager->process, "listening url=");
	(void)snprintf(manager->url, sizeof manager->url, "%.*s", (int)strcspn(url, " "), url);
}

static void manager_close(struct manager *manager)
{
	process_free(&manager->process);
	(void)close(manager->socket);
	if (manager->listener >= 0)
		(void)close(manager->listener);
	scratch_remove(&manager->scratch);
}

/* The next message; false if there is none within `patience`. */
static bool manager_hears(struct manager *manager, weir_time patience)
{
	struct pollfd wait = {.fd = manager->socket, .events = POLLIN};
	if (poll(&wait, 1, (int)(patience / WEIR_MILLISECOND)) <= 0)
		return false;
	ssize_t size = recv(manager->socket, manager->message, sizeof manager->message - 1, 0);
	must(size > 0, "recv: %s", strerror(errno));
	manager->message[size] = '\0';
	return true;
}

/* Messages up to the first with this in it. */
static const char *manager_await(struct manager *manager, const char *what)
{
	weir_time until = weir_after(MUST_PATIENCE);
	do
		must(weir_now() < until && manager_hears(manager, MUST_PATIENCE),
		     "no %s was heard; the service had said:\n%s", what, manager->process.text);
	while (strstr(manager->message, what) == NULL);
	return manager->message;
}

Test(systemd, hears_of_start_reload_and_stop)
{
	struct manager manager;
	struct client client;
	struct reply reply;
	char own[64];
	static const char *const more[] = {"--grace", "1h", "--drain-timeout", "1h", NULL};
	manager_open(&manager);
	manager_start(&manager, "127.0.0.1:0", more);
	must(manager_hears(&manager, MUST_PATIENCE), "nothing was said");
	(void)snprintf(own, sizeof own, "MAINPID=%ld", (long)manager.process.pid);
	cr_assert_not_null(strstr(manager.message, "READY=1"), "%s", manager.message);
	cr_assert_not_null(strstr(manager.message, own), "%s", manager.message);

	process_signal(&manager.process, SIGHUP);
	manager_await(&manager, "RELOADING=1");
	const char *when = strstr(manager.message, "MONOTONIC_USEC=");
	cr_assert_not_null(when);
	long long usec = strtoll(when + strlen("MONOTONIC_USEC="), NULL, 10);
	cr_assert(usec > 0 && usec <= weir_now() / WEIR_MICROSECOND);
	manager_await(&manager, "READY=1");

	client_open(&client, manager.url);
	client_send_text(&client,
			 "GET /debug/sleep?ms=3600000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
	process_await_line(&manager.process, "reloaded");
	process_signal(&manager.process, SIGTERM);
	manager_await(&manager, "STOPPING=1");
	/* Progress, more than once, with more time asked for. */
	for (int i = 0; i < 2; i++) {
		manager_await(&manager, "STATUS=stopping (grace): 1 in flight, 35");
		cr_assert_not_null(strstr(manager.message, "EXTEND_TIMEOUT_USEC=5000000"), "%s",
				   manager.message);
	}
	process_signal(&manager.process, SIGTERM);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 503);
	reply_free(&reply);
	client_close(&client);
	cr_assert_eq(process_wait(&manager.process), 0);
	manager_close(&manager);
}

/* A handler that never returns, from the moment in which it runs. */
static void stick(struct manager *manager, struct client *client)
{
	struct client admin;
	struct reply reply;
	char address[320];
	bool there;

	client_open(client, manager->url);
	client_send_text(client, "GET /debug/stuck HTTP/1.1\r\nHost: localhost\r\n\r\n");
	(void)snprintf(address, sizeof address, "unix:%.250s/admin.sock", manager->scratch.path);
	client_open(&admin, address);
	do {
		client_get(&admin, "/status", &reply);
		must(reply.status == 200, "/status: %d", reply.status);
		there = strstr(reply.body, "\"doing\":\"stuck\"") != NULL;
		reply_free(&reply);
	} while (!there);
	client_close(&admin);
}

/* Not once it is late. */
Test(systemd, is_asked_for_no_more_time_when_there_is_none)
{
	struct manager manager;
	struct client client;
	static const char *const more[] = {"--grace", "0", "--drain-timeout", "0", NULL};
	manager_open(&manager);
	manager_start(&manager, "127.0.0.1:0", more);
	manager_await(&manager, "READY=1");
	stick(&manager, &client);
	process_signal(&manager.process, SIGTERM);
	manager_await(&manager, "STOPPING=1");
	while (manager_hears(&manager, 100 * WEIR_MILLISECOND))
		cr_assert_null(strstr(manager.message, "EXTEND_TIMEOUT"), "%s", manager.message);
	cr_assert_eq(process_wait(&manager.process), 4);
	client_close(&client);
	manager_close(&manager);
}

Test(systemd, is_asked_for_no_more_time_than_there_is)
{
	struct manager manager;
	struct client client;
	static const char *const more[] = {"--grace", "0", "--drain-timeout", "2s", NULL};
	manager_open(&manager);
	manager_start(&manager, "127.0.0.1:0", more);
	manager_await(&manager, "READY=1");
	stick(&manager, &client);
	process_signal(&manager.process, SIGTERM);
	manager_await(&manager, "STOPPING=1");
	long long before = 2000001;
	while (manager_hears(&manager, 1500 * WEIR_MILLISECOND)) {
		const char *asked = strstr(manager.message, "EXTEND_TIMEOUT_USEC=");
		if (asked == NULL)
			continue;
		long long more_time = atoll(asked + strlen("EXTEND_TIMEOUT_USEC="));
		cr_assert(more_time > 0 && more_time < before, "%lld after %lld", more_time,
			  before);
		before = more_time;
	}
	cr_assert_lt(before, 2000001);
	cr_assert_eq(process_wait(&manager.process), 4);
	client_close(&client);
	manager_close(&manager);
}

/* One worker that is stuck and nothing queued: well. Once a request waits, and nothing moves: not.
 */
Test(systemd, watchdog_is_fed_while_the_queue_moves)
{
	struct manager manager;
	struct client stuck, waiting;
	static const char *const more[] = {"--drain-timeout", "0", NULL};
	must(setenv("WATCHDOG_USEC", "400000", 1) == 0, "setenv");
	manager_open(&manager);
	manager_start(&manager, "127.0.0.1:0", more);
	manager_await(&manager, "WATCHDOG=1");
	client_open(&stuck, manager.url);
	client_send_text(&stuck, "GET /debug/stuck HTTP/1.1\r\nHost: localhost\r\n\r\n");
	for (int i = 0; i < 3; i++)
		manager_await(&manager, "WATCHDOG=1");
	client_open(&waiting, manager.url);
	client_send_text(&waiting, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
	/* At most two more: one under way, one for the job that the worker took meanwhile. */
	int fed = 0;
	while (fed <= 2 && manager_hears(&manager, WEIR_SECOND))
		fed++;
	cr_assert_leq(fed, 2, "%d", fed);
	process_signal(&manager.process, SIGTERM);
	cr_assert_eq(process_wait(&manager.process), 4);
	client_close(&stuck);
	client_close(&waiting);
	manager_close(&manager);
}

Test(systemd, watchdog_of_another_process_is_not_fed)
{
	struct manager manager;
	must(setenv("WATCHDOG_USEC", "100000", 1) == 0 && setenv("WATCHDOG_PID", "1", 1) == 0,
	     "setenv");
	manager_open(&manager);
	manager_start(&manager, "127.0.0.1:0", NULL);
	manager_await(&manager, "READY=1");
	cr_assert_not(manager_hears(&manager, 300 * WEIR_MILLISECOND), "%s", manager.message);
	process_signal(&manager.process, SIGTERM);
	cr_assert_eq(process_wait(&manager.process), 0);
	manager_close(&manager);
}

/* An upgrade, up to the end of the old process. Returns the new one's pid. */
static pid_t upgrade(struct manager *manager)
{
	char first[64];
	int status;
	(void)snprintf(first, sizeof first, "MAINPID=%ld", (long)manager->process.pid);
	process_await_line(&manager->process, "ready ");
	process_signal(&manager->process, SIGUSR2);
	/* The new one says READY, the old one who it is: in whatever order. */
	bool ready = false;
	pid_t next = 0;
	while (!ready || next == 0) {
		manager_await(manager, "MAINPID=");
		if (strstr(manager->message, "READY=1") != NULL)
			ready = true;
		else
			next = (pid_t)strtol(manager->message + strlen("MAINPID="), NULL, 10);
		cr_assert_null(strstr(manager->message, first), "%s", manager->message);
	}
	cr_assert_eq(waitpid(manager->process.pid, &status, 0), manager->process.pid);
	cr_assert_eq(status, 0);
	return next;
}

Test(systemd, hears_who_the_service_is_after_an_upgrade)
{
	struct manager manager;
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "prctl: %s", strerror(errno));
	manager_open(&manager);
	manager_start(&manager, "127.0.0.1:0", NULL);
	manager_await(&manager, "READY=1");
	manager.process.pid = upgrade(&manager);
	/* The old one has stopped, and said nothing of it: the service goes on. */
	cr_assert_not(manager_hears(&manager, 200 * WEIR_MILLISECOND), "%s", manager.message);
	process_signal(&manager.process, SIGTERM);
	manager_await(&manager, "STOPPING=1");
	cr_assert_eq(process_wait(&manager.process), 0);
	manager_close(&manager);
}

/* Starts the program as systemd would: with the socket as descriptor 3, under this name. */
static void start_activated(struct manager *manager, const char *where, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char script[600];
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%.90s/activated",
		       manager->scratch.path);
	manager->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	must(manager->listener >= 0 &&
		     bind(manager->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
		     listen(manager->listener, 16) == 0,
	     "listen: %s", strerror(errno));
	(void)snprintf(
		script, sizeof script,
		"exec 3<&%d; LISTEN_FDS=1 LISTEN_FDNAMES=%s; export LISTEN_FDS LISTEN_FDNAMES; "
		"LISTEN_PID=$$ exec %s serve --config weir.yaml --root root --listen %s",
		manager->listener, name, WEIR_BINARY, where);
	const char *const argv[] = {"/bin/bash", "-c", script, NULL};
	process_start(&manager->process, manager->scratch.path, argv);
}

Test(systemd, watchdog_is_fed_by_the_new_process_after_an_upgrade)
{
	struct manager manager;
	must(setenv("WATCHDOG_USEC", "100000", 1) == 0, "setenv");
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "prctl: %s", strerror(errno));
	manager_open(&manager);
	manager_start(&manager, "127.0.0.1:0", NULL);
	manager_await(&manager, "READY=1");
	manager.process.pid = upgrade(&manager);
	while (manager_hears(&manager, 0))
		continue; /* what was said before */
	manager_await(&manager, "WATCHDOG=1");
	process_signal(&manager.process, SIGTERM);
	manager_await(&manager, "STOPPING=1");
	cr_assert_eq(process_wait(&manager.process), 0);
	manager_close(&manager);
}

Test(systemd, sockets_are_taken_by_name_and_by_address)
{
	struct manager manager;
	char by_address[400];
	manager_open(&manager);
	(void)snprintf(by_address, sizeof by_address, "unix:%.250s/activated",
		       manager.scratch.path);
	manager_close(&manager);
	static const char *const listens[] = {"systemd:http", "systemd", NULL};
	for (size_t i = 0; i < 3; i++) {
		struct client client;
		struct reply reply;
		manager_open(&manager);
		(void)snprintf(by_address, sizeof by_address, "unix:%.250s/activated",
			       manager.scratch.path);
		start_activated(&manager, listens[i] != NULL ? listens[i] : by_address, "http");
		manager_await(&manager, "READY=1");
		client_open(&client, by_address);
		client_get(&client, "/hello", &reply);
		cr_assert_eq(reply.status, 200);
		reply_free(&reply);
		client_close(&client);
		process_signal(&manager.process, SIGTERM);
		cr_assert_eq(process_wait(&manager.process), 0, "%s", manager.process.text);
		manager_close(&manager);
	}
}

Test(systemd, a_socket_that_is_not_there_is_said_to_be_missing)
{
	struct manager manager;
	manager_open(&manager);
	start_activated(&manager, "systemd:https", "http");
	cr_assert_eq(process_wait(&manager.process), 2);
	cr_assert_not_null(strstr(manager.process.text, "systemd:https"), "%s",
			   manager.process.text);
	manager_close(&manager);
}
