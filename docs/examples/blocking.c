/* blocking.c: handlers that block, each in a way that its token ends.
 *
 *	blocking [ADDRESS] [DIRECTORY]
 *	curl http://127.0.0.1:8080/port/8080           what the server at that port says
 *	curl -T file http://127.0.0.1:8080/log         appends to DIRECTORY/log, under flock(2)
 *	curl http://127.0.0.1:8080/room                waits for one of two rooms
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/weir.h>

/* --- weir/io.h: descriptors --- */

/* A connection to one of the addresses of a name, or the last error. */
static int dial(const char *host, const char *port, weir_token *token, weir_time until)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *all, *at;
	int fd = -1;
	int error = weir_getaddrinfo(token, host, port, &hints, until, &all);

	if (error)
		return error;
	for (at = all; at && fd < 0 && error != -ECANCELED; at = at->ai_next) {
		fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
		if (fd < 0) {
			error = -errno;
			continue;
		}
		error = weir_connect(token, fd, at->ai_addr, at->ai_addrlen, until);
		if (error) {
			(void)close(fd); /* the attempt may go on in the kernel: not this socket */
			fd = -1;
		}
	}
	freeaddrinfo(all);
	return fd >= 0 ? fd : error;
}

/* Asks, and passes on what comes until the other side closes. */
static int pass_on(int fd, weir_response *response, weir_token *token, weir_time until)
{
	static const char question[] = "GET /room HTTP/1.0\r\nHost: localhost\r\n\r\n";
	char buffer[16384];
	ssize_t count;
	int error;

	count = weir_write(token, fd, question, sizeof(question) - 1, until, NULL);
	if (count < 0)
		return (int)count;
	error = weir_response_stream(response, -1);
	while (!error && (count = weir_read(token, fd, buffer, sizeof(buffer), until)) > 0)
		error = weir_response_write(response, buffer, (size_t)count);
	return error ? error : (int)count;
}

static int relay(weir_request *request, weir_response *response, weir_token *token)
{
	weir_time until = weir_after(2 * WEIR_SECOND);
	int fd, error;

	weir_request_note(request, "connecting");
	fd = dial("localhost", weir_request_param(request, "port"), token, until);
	if (fd == -ECANCELED)
		return fd;
	if (fd < 0)
		return weir_response_error(response, fd == -ETIMEDOUT ? 504 : 502, strerror(-fd));
	weir_request_note(request, "passing on");
	error = pass_on(fd, response, token, until);
	(void)close(fd);
	return error;
}

/* --- weir/interrupt.h: a call that has no descriptor to poll --- */

static int lock_file(int fd, weir_token *token)
{
	weir_interrupt scope;
	int error = weir_interrupt_begin(&scope, token);

	if (error)
		return error;
	do
		error = flock(fd, LOCK_EX) ? -errno : 0;
	while (error == -EINTR && !weir_token_check(token));
	weir_interrupt_end(&scope);
	return error == -EINTR ? -ECANCELED : error;
}

static int append(weir_request *request, weir_response *response, weir_token *token)
{
	int directory = *(int *)weir_request_context(request);
	const void *body;
	size_t size, done;
	ssize_t count;
	int error = weir_request_body(request, &body, &size);
	int fd = openat(directory, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

	if (fd < 0)
		return -errno;
	weir_request_note(request, "waiting for the lock");
	if (!error)
		error = lock_file(fd, token);
	if (!error) {
		count = weir_write(token, fd, body, size, WEIR_NEVER, &done);
		error = count < 0 ? (int)count : 0;
	}
	(void)close(fd); /* and with it the lock */
	return error ? error : weir_response_printf(response, "appended %zu bytes\n", size);
}

/* --- weir/sync.h: other handlers --- */

struct rooms {
	weir_mutex mutex;
	weir_cond left;
	unsigned free;
};

static int enter(struct rooms *rooms, weir_token *token)
{
	int error = weir_mutex_lock(&rooms->mutex, token, WEIR_NEVER);

	if (error)
		return error;
	while (rooms->free == 0 && !error)
		error = weir_cond_wait(&rooms->left, &rooms->mutex, token, WEIR_NEVER);
	if (!error)
		rooms->free--;
	weir_mutex_unlock(&rooms->mutex);
	return error;
}

/* What has to be undone is undone whatever the token says: NULL never trips. */
static void leave(struct rooms *rooms)
{
	(void)weir_mutex_lock(&rooms->mutex, NULL, WEIR_NEVER);
	rooms->free++;
	weir_cond_signal(&rooms->left);
	weir_mutex_unlock(&rooms->mutex);
}

static int stay(weir_request *request, weir_response *response, weir_token *token)
{
	struct rooms *rooms = weir_request_context(request);
	int error = enter(rooms, token);

	if (error)
		return error;
	error = weir_sleep(token, weir_after(10 * WEIR_MILLISECOND));
	leave(rooms);
	return error ? error : weir_response_printf(response, "a fine room\n");
}

static int serve(const char *address, int *directory)
{
	static const struct weir_route_options bounded = {.deadline = WEIR_SECOND};
	static struct rooms rooms = {WEIR_MUTEX_INITIALIZER, WEIR_COND_INITIALIZER, 2};
	static int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = address,
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	weir_server *server;
	int result = weir_server_create(&options, &server);

	if (result)
		return result;
	result = weir_server_route(server, "GET /port/{port}", relay, NULL, NULL);
	if (!result)
		result = weir_server_route(server, "PUT /log", append, directory, &bounded);
	if (!result)
		result = weir_server_route(server, "GET /room", stay, &rooms, &bounded);
	if (!result)
		result = weir_server_run(server, NULL);
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);
	return result;
}

int main(int argc, char **argv)
{
	const char *path = argc > 2 ? argv[2] : ".";
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (directory < 0) {
		perror(path);
		return 2;
	}
	result = serve(argc > 1 ? argv[1] : "127.0.0.1:8080", &directory);
	(void)close(directory);
	if (result < 0)
		fprintf(stderr, "blocking: %s\n", strerror(-result));
	return result < 0 ? 2 : result;
}
