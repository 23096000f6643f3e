/* lines.c: what a handler takes for itself is given back when it returns.
 *
 *	lines [DIRECTORY [ADDRESS]]    curl http://127.0.0.1:8080/lines/hello.c
 *	                               curl -H 'X-Request-Timeout: 500ms' ...
 *
 * Counts the lines of a file. The file is closed however the handler returns, the buffer comes
 * from the request's own memory, and a client may say how long it is going to wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weir/weir.h>

enum { PIECE = 65536 };

static void close_file(void *fd)
{
	(void)close(*(const int *)fd);
}

/* Opens a file that is closed when the handler returns. A descriptor, or -errno. */
static int open_for(weir_request *request, int dir, const char *name)
{
	int *fd = weir_request_alloc(request, sizeof(*fd));
	int error;

	if (!fd)
		return -ENOMEM;
	*fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return -errno;
	error = weir_request_defer(request, close_file, fd);
	if (error) {
		close_file(fd); /* nobody else will */
		return error;
	}
	return *fd;
}

static int count_lines(weir_request *request, weir_response *response, weir_token *token)
{
	const char *name = weir_request_param(request, "name");
	char *buffer = weir_request_alloc(request, PIECE);
	unsigned long lines = 0;
	ssize_t size, i;
	int fd;

	if (!buffer)
		return -ENOMEM;
	if (strchr(name, '/') || name[0] == '.')
		return weir_response_error(response, 400, "not a name for a file");
	fd = open_for(request, *(const int *)weir_request_context(request), name);
	if (fd == -ENOENT)
		return weir_response_error(response, 404, "no such file");
	if (fd < 0)
		return fd;
	while ((size = weir_read(token, fd, buffer, PIECE, WEIR_NEVER)) > 0)
		for (i = 0; i < size; i++)
			lines += buffer[i] == '\n';
	return size < 0 ? (int)size : weir_response_printf(response, "%lu\n", lines);
}

int main(int argc, char **argv)
{
	static int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = argc > 2 ? argv[2] : "127.0.0.1:8080",
		.deadline_header = "X-Request-Timeout",
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	weir_server *server;
	int dir, result;

	dir = open(argc > 1 ? argv[1] : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		perror("lines");
		return 2;
	}
	result = weir_server_create(&options, &server);
	if (result)
		goto close_dir;
	result = weir_server_route(server, "GET /lines/{name}", count_lines, &dir, NULL);
	if (!result)
		result = weir_server_run(server, NULL);
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);

close_dir:
	(void)close(dir);
	if (result < 0)
		fprintf(stderr, "lines: %s\n", strerror(-result));
	return result < 0 ? 2 : result;
}
