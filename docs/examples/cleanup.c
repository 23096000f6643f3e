/* cleanup.c: work that ends on either of two tokens, and is brought to an end under a third, which
 * outlives them by a second.
 *
 *	cleanup DIRECTORY [ADDRESS]        curl http://127.0.0.1:8080/count/me
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weir/weir.h>

/* Counts until the token trips. */
static unsigned long count(weir_token *token)
{
	weir_time next = weir_now();
	unsigned long n = 0;

	while (weir_sleep(token, next) == 0) {
		next += 100 * WEIR_MILLISECOND;
		n++;
	}
	return n;
}

static int save(int directory, const char *name, unsigned long n, weir_token *token)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%lu\n", n);
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = weir_write(token, fd, text, (size_t)length, WEIR_NEVER, NULL);
	if (close(fd) != 0 && written >= 0)
		written = -errno;
	return written < 0 ? (int)written : 0;
}

/* The count goes on until the client goes or a stop begins; it is saved in either case. */
static int count_and_save(weir_request *request, weir_response *response, weir_token *token)
{
	const int *directory = weir_request_context(request);
	const char *name = weir_request_param(request, "name");
	weir_token *const both[] = {token, weir_request_drain_token(request)};
	weir_token *either, *shield;
	unsigned long n;
	int error;

	if (strchr(name, '/') || name[0] == '.')
		return weir_response_error(response, 400, "not a name for a file");
	error = weir_token_create_linked(both, 2, &either);
	if (error)
		return error;
	error = weir_token_create_shield(token, WEIR_SECOND, &shield);
	if (error)
		goto unref_either;
	n = count(either);
	error = save(*directory, name, n, shield);
	if (!error)
		error = weir_token_check(token);
	if (!error)
		error = weir_response_printf(response, "saved %lu\n", n);
	weir_token_unref(shield);
unref_either:
	weir_token_unref(either);
	return error;
}

int main(int argc, char **argv)
{
	static int log_fd = STDERR_FILENO;
	const struct weir_server_options options = {
		.listen = argc > 2 ? argv[2] : "127.0.0.1:8080",
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	weir_server *server;
	int directory, result;

	if (argc < 2) {
		fprintf(stderr, "usage: cleanup DIRECTORY [ADDRESS]\n");
		return 2;
	}
	directory = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0) {
		fprintf(stderr, "cleanup: %s: %s\n", argv[1], strerror(errno));
		return 2;
	}
	result = weir_server_create(&options, &server);
	if (result) {
		fprintf(stderr, "cleanup: %s\n", strerror(-result));
		(void)close(directory);
		return 2;
	}
	result = weir_server_route(server, "GET /count/{name}", count_and_save, &directory, NULL);
	if (!result)
		result = weir_server_run(server, NULL);
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);
	(void)close(directory);
	return result < 0 ? 2 : result;
}
