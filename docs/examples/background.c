/* background.c: work that goes on when the answer has been sent.
 *
 *	background [ADDRESS] [FILE]    curl -d 'one line' http://127.0.0.1:8080/lines
 *
 * POST /lines puts a line on a queue and answers 202. A task takes the lines off and writes them to
 * FILE ("lines.txt"), and a ticker says how many there were. What was answered 202 is in the file
 * when the program ends: the stop ends the handlers first, and the task after them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/weir.h>

struct journal {
	weir_queue *lines; /* of malloc()ed strings */
	int fd;
	_Atomic unsigned long written;
};

static int post_line(weir_request *request, weir_response *response, weir_token *token)
{
	struct journal *journal = weir_request_context(request);
	const void *body;
	size_t size;
	char *line;
	int error;

	(void)token;
	error = weir_request_body(request, &body, &size);
	if (error)
		return error;
	line = strndup(body, size);
	if (!line)
		return -ENOMEM;
	error = weir_queue_push(journal->lines, line, NULL, 0); /* if there is room */
	if (error) {
		free(line);
		return weir_response_error(response, 503, "too many lines are waiting");
	}
	return weir_response_status(response, 202);
}

static int write_line(struct journal *journal, char *line)
{
	int count = dprintf(journal->fd, "%s\n", line);

	free(line);
	if (count < 0)
		return -EIO;
	journal->written++;
	return 0;
}

/* The task: takes what comes until its token trips, then what is left. */
static int write_lines(void *arg, weir_token *token)
{
	struct journal *journal = arg;
	void *line;
	int error = 0;

	while (!error && weir_queue_pop(journal->lines, &line, token, WEIR_NEVER) == 0)
		error = write_line(journal, line);
	while (!error && weir_queue_pop(journal->lines, &line, NULL, 0) == 0)
		error = write_line(journal, line);
	return error;
}

/* The ticker: each run is brief, or looks at the token. */
static int tell(void *arg, weir_token *token)
{
	const struct journal *journal = arg;

	(void)token;
	fprintf(stderr, "%lu lines written\n", journal->written);
	return 0;
}

static int serve(const char *address, struct journal *journal)
{
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
	result = weir_server_route(server, "POST /lines", post_line, journal, NULL);
	if (!result)
		result = weir_task_start(server, "journal", write_lines, journal);
	if (!result)
		result = weir_task_every(server, "tell", 60 * WEIR_SECOND, tell, journal);
	if (!result)
		result = weir_server_run(server, NULL);
	if (result == WEIR_ABANDONED)
		_exit(result);
	weir_server_destroy(server);
	return result;
}

int main(int argc, char **argv)
{
	const char *path = argc > 2 ? argv[2] : "lines.txt";
	struct journal journal = {0};
	int result;

	journal.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (journal.fd < 0) {
		perror(path);
		return 2;
	}
	result = weir_queue_create(1000, &journal.lines);
	if (!result)
		result = serve(argc > 1 ? argv[1] : "127.0.0.1:8080", &journal);
	weir_queue_destroy(journal.lines);
	if (close(journal.fd) && !result)
		result = -errno;
	if (result < 0)
		fprintf(stderr, "background: %s\n", strerror(-result));
	return result < 0 ? 2 : result;
}
