/* upload.c: a streamed body of any size, and a cleanup that leaves nothing behind.
 *
 *	upload DIRECTORY [ADDRESS]        curl -T FILE http://127.0.0.1:8080/upload/NAME
 *
 * The body goes into a hidden file, which gets its name when it is whole. Whatever ends the
 * upload before that (the client goes, its body is too slow, a stop, a full disk), the same
 * ladder is climbed down, and nothing is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/weir.h>

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t done = write(fd, data, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		data += done;
		size -= (size_t)done;
	}
	return 0;
}

/* The body, piece by piece, into `fd`. 0 at its end, or what ended it before. */
static int receive(weir_request *request, int fd)
{
	char buffer[65536];
	ssize_t count;
	int error = 0;

	while (!error && (count = weir_request_read(request, buffer, sizeof(buffer))) != 0)
		error = count < 0 ? (int)count : write_all(fd, buffer, (size_t)count);
	return error;
}

static int upload(weir_request *request, weir_response *response, weir_token *token)
{
	int dir = *(const int *)weir_request_context(request);
	const char *name = weir_request_param(request, "name");
	char hidden[64];
	int fd, error;

	/* A parameter may have been sent as %2F or "..": it comes decoded. */
	if (strchr(name, '/') || name[0] == '.')
		return weir_response_error(response, 400, "not a name for a file");
	(void)snprintf(hidden, sizeof(hidden), ".upload-%jx-%p", (intmax_t)weir_now(),
		       (void *)request);
	fd = openat(dir, hidden, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;

	weir_request_note(request, "receiving");
	error = receive(request, fd);
	if (error)
		goto unlink_hidden;
	weir_request_note(request, "syncing to disk");
	error = fsync(fd) ? -errno : weir_token_check(token);
	if (error)
		goto unlink_hidden;
	error = renameat(dir, hidden, dir, name) ? -errno : 0;
	if (error)
		goto unlink_hidden;
	(void)close(fd); /* it was synced */
	error = weir_response_status(response, 201);
	return error ? error : weir_response_printf(response, "stored %s\n", name);

unlink_hidden:
	(void)unlinkat(dir, hidden, 0);
	(void)close(fd);
	return error;
}

int main(int argc, char **argv)
{
	static const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	static int log_fd = STDERR_FILENO;
	struct weir_server_options options = {
		.listen = argc > 2 ? argv[2] : "127.0.0.1:8080",
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	weir_server *server;
	int dir, result;

	dir = open(argc > 1 ? argv[1] : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		perror("upload");
		return 2;
	}
	result = weir_server_create(&options, &server);
	if (result)
		goto close_dir;
	result = weir_server_route(server, "PUT /upload/{name}", upload, &dir, &streamed);
	if (!result)
		result = weir_server_run(server, NULL);
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);

close_dir:
	(void)close(dir);
	if (result < 0)
		fprintf(stderr, "upload: %s\n", strerror(-result));
	return result < 0 ? 2 : result;
}
