/* longpoll.c: waiting for something that is not Weir's, in a poll loop of one's own.
 *
 *	longpoll [ADDRESS]        curl http://127.0.0.1:8080/next
 *	                          curl -X POST http://127.0.0.1:8080/events
 *
 * GET /next waits until somebody posts an event. What it waits for is a descriptor, like a
 * database's or a child process's; the tokens have descriptors too, so one poll() waits for
 * all of it, without a timeout and without a loop that looks now and then.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <weir/weir.h>

/* Waits for an event. 1: there was one; 0: a stop has begun; or -ECANCELED, -errno. */
static int wait_for_event(weir_request *request, weir_token *token, int events)
{
	struct pollfd fds[] = {
		{.fd = events, .events = POLLIN},
		{.fd = weir_token_fd(token), .events = POLLIN},
		{.fd = weir_token_fd(weir_request_drain_token(request)), .events = POLLIN},
	};
	eventfd_t one;

	if (fds[1].fd < 0 || fds[2].fd < 0)
		return fds[1].fd < 0 ? fds[1].fd : fds[2].fd; /* no descriptor left */
	for (;;) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return -errno;
		if (weir_token_check(token) != 0)
			return -ECANCELED;
		if (fds[0].revents && eventfd_read(events, &one) == 0)
			return 1; /* another waiter may have been faster: then wait on */
		if (weir_token_check(weir_request_drain_token(request)) != 0)
			return 0;
	}
}

static int next_event(weir_request *request, weir_response *response, weir_token *token)
{
	int events = *(const int *)weir_request_context(request);
	int result;

	weir_request_note(request, "waiting for an event");
	result = wait_for_event(request, token, events);
	if (result < 0)
		return result;
	if (result == 0)
		return weir_response_status(response, 204);
	return weir_response_printf(response, "event\n");
}

static int post_event(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	if (eventfd_write(*(const int *)weir_request_context(request), 1))
		return -errno;
	return weir_response_status(response, 202);
}

int main(int argc, char **argv)
{
	static int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = argc > 1 ? argv[1] : "127.0.0.1:8080",
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	weir_server *server;
	int events, result;

	events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	if (events < 0) {
		perror("longpoll");
		return 2;
	}
	result = weir_server_create(&options, &server);
	if (result)
		goto close_events;
	result = weir_server_route(server, "GET /next", next_event, &events, NULL);
	if (!result)
		result = weir_server_route(server, "POST /events", post_event, &events, NULL);
	if (!result)
		result = weir_server_run(server, NULL);
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);

close_events:
	(void)close(events);
	if (result < 0)
		fprintf(stderr, "longpoll: %s\n", strerror(-result));
	return result < 0 ? 2 : result;
}
