/* teardown.c: closing in order what was opened in order.
 *
 *	teardown [ADDRESS] [FILE]      curl -X POST http://127.0.0.1:8080/hits
 *
 * Counts hits in memory, and in FILE ("hits.txt") from one run to the next. First the file is
 * locked, so that no second program has it; then the count is read. They are closed the other way
 * round: the count is saved, and only then is the lock given up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <weir/weir.h>

struct counter {
	const char *path;
	int fd; /* of the file; locked */
	_Atomic unsigned long hits;
};

static int post_hit(weir_request *request, weir_response *response, weir_token *token)
{
	struct counter *counter = weir_request_context(request);

	(void)token;
	return weir_response_printf(response, "%lu\n", ++counter->hits);
}

static int lock_file(struct counter *counter)
{
	int error;

	counter->fd = open(counter->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (counter->fd < 0)
		return -errno;
	if (flock(counter->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	error = -errno;
	(void)close(counter->fd);
	return error;
}

static void read_count(struct counter *counter)
{
	char text[32] = "";
	unsigned long hits;

	if (pread(counter->fd, text, sizeof(text) - 1, 0) > 0 && sscanf(text, "%lu", &hits) == 1)
		counter->hits = hits;
}

/* The stages. What could take long takes the token along. */
static int save(void *arg, weir_token *token)
{
	struct counter *counter = arg;
	char text[32];
	int size = snprintf(text, sizeof(text), "%lu\n", counter->hits);
	ssize_t written;

	if (lseek(counter->fd, 0, SEEK_SET) < 0)
		return -errno;
	written = weir_write(token, counter->fd, text, (size_t)size, WEIR_NEVER, NULL);
	if (written < 0)
		return (int)written;
	fprintf(stderr, "saved %s", text);
	return 0;
}

static int unlock(void *arg, weir_token *token)
{
	struct counter *counter = arg;

	(void)token;
	fprintf(stderr, "unlocked %s\n", counter->path);
	return close(counter->fd) ? -errno : 0;
}

static int serve(weir_server *server, struct counter *counter)
{
	int result = weir_server_route(server, "POST /hits", post_hit, counter, NULL);

	/* In the order in which things are opened; they run the other way round. */
	if (!result)
		result = weir_server_on_teardown(server, "unlock", unlock, counter, 0);
	if (!result)
		result = weir_server_on_teardown(server, "save", save, counter, 2 * WEIR_SECOND);
	if (!result)
		result = weir_server_run(server, NULL);
	return result;
}

int main(int argc, char **argv)
{
	static int log_fd = STDERR_FILENO;
	struct counter counter = {0};
	const struct weir_server_options options = {
		.listen = argc > 1 ? argv[1] : "127.0.0.1:8080",
		.log = weir_log_text,
		.log_arg = &log_fd,
		.log_level = WEIR_LOG_INFO,
	};
	weir_server *server;
	int result;

	counter.path = argc > 2 ? argv[2] : "hits.txt";
	result = weir_server_create(&options, &server);
	if (result)
		goto tell;
	result = lock_file(&counter);
	if (!result) {
		read_count(&counter);
		result = serve(server, &counter);
	}
	if (result == WEIR_ABANDONED)
		_exit(result); /* something may still use the counter */
	weir_server_destroy(server);

tell:
	if (result < 0)
		fprintf(stderr, "teardown: %s\n", strerror(-result));
	return result < 0 ? 2 : result;
}
