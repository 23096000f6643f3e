/* run.c: see run.h. */
#include "run.h"
#include "problem.h"
#include "run_words.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/spawn.h>

/* ---- is it there? ---------------------------------------------------------------- */

static int check_program(const char *path)
{
	struct stat file;
	if (stat(path, &file) != 0)
		return -errno;
	if (!S_ISREG(file.st_mode))
		return -EACCES;
	return access(path, X_OK) == 0 ? 0 : -errno;
}

static int search_path(const char *name)
{
	const char *path = getenv("PATH");
	if (path == NULL)
		path = "/usr/local/bin:/usr/bin:/bin";
	int result = -ENOENT;
	for (;;) {
		size_t length = strcspn(path, ":");
		char file[PATH_MAX];
		int size = snprintf(file, sizeof file, "%.*s/%s", (int)length,
				    length > 0 ? path : ".", name);
		if (size > 0 && (size_t)size < sizeof file) {
			int error = check_program(file);
			if (error == 0)
				return 0;
			if (error == -EACCES)
				result = error;
		}
		if (path[length] == '\0')
			return result;
		path += length + 1;
	}
}

int run_check(const struct run *run)
{
	const char *program = run->command[0];
	if (strchr(program, '/') == NULL)
		return search_path(program);
	if (program[0] == '/' || run->directory == NULL)
		return check_program(program);
	char file[PATH_MAX];
	int size = snprintf(file, sizeof file, "%s/%s", run->directory, program);
	if (size < 0 || (size_t)size >= sizeof file)
		return -ENAMETOOLONG;
	return check_program(file);
}

/* ---- a request ------------------------------------------------------------------- */

static void free_words(char **words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(words[i]);
	free(words);
}

/* The words for this request. Returns 0; a negative errno; or 400 with the answer made and what
 * making it returned in *answer. */
static int fill_words(const struct run *run, const weir_request *request, weir_response *response,
		      char ***out, int *answer)
{
	char name[RUN_NAME_SIZE];
	char **words = calloc(run->count + 1, sizeof *words);
	if (words == NULL)
		return -ENOMEM;
	int error = 0;
	for (size_t i = 0; error == 0 && i < run->count; i++)
		error = run_word_fill(run->command[i], request, &words[i], name);
	if (error == 0) {
		*out = words;
		return 0;
	}
	free_words(words, run->count);
	if (error == -ENOENT)
		*answer = problem(response, 400, "the query parameter \"%s\" is missing", name);
	else if (error == -EINVAL)
		*answer = problem(response, 400, "\"%s\" must not begin with \"-\"", name);
	else
		return error;
	return 400;
}

struct output {
	weir_response *response;
	const char *content_type;
	bool begun;
};

/* Not before there is something to answer with: a problem() has a type of its own. */
static int set_type(const struct output *output)
{
	int error = weir_response_header(output->response, "X-Content-Type-Options", "nosniff");
	return error != 0 ? error
			  : weir_response_header(output->response, "Content-Type",
						 output->content_type);
}

static int send_output(void *arg, const void *data, size_t size)
{
	struct output *output = arg;
	if (!output->begun) {
		int error = set_type(output);
		if (error == 0)
			error = weir_response_stream(output->response, -1);
		if (error != 0)
			return error;
		output->begun = true;
	}
	return weir_response_write(output->response, data, size);
}

/* What is left to do when the command has ended. */
static int finish(const struct output *output, int error, const struct weir_spawn_result *result)
{
	if (error != 0 && result->failed == NULL)
		return error; /* -ECANCELED above all: the library knows the answer */
	if (error == -EAGAIN || error == -ENOMEM || error == -EMFILE || error == -ENFILE)
		return problem(output->response, 503, "no room for one more process");
	if (error != 0)
		return problem(output->response, 502, "the command could not be started");
	if (result->exit_code == 0)
		return output->begun ? 0 : set_type(output);
	if (output->begun)
		return -EIO; /* too late for an answer: the connection is cut */
	if (result->signal != 0)
		return problem(output->response, 502, "the command was ended by signal %d",
			       result->signal);
	return problem(output->response, 502, "the command failed with exit code %d",
		       result->exit_code);
}

int run_handle(weir_request *request, weir_response *response, weir_token *token)
{
	const struct run *run = weir_request_context(request);
	char **words;
	int answer = 0;
	int error = fill_words(run, request, response, &words, &answer);
	if (error != 0)
		return error == 400 ? answer : error;

	struct output output = {
		.response = response,
		.content_type =
			run->content_type != NULL ? run->content_type : "application/octet-stream",
	};
	struct weir_spawn_options options = {
		.argv = (const char *const *)words,
		.directory = run->directory,
		.output = send_output,
		.arg = &output,
	};
	struct weir_spawn_result result = {0};
	error = weir_request_body(request, &options.input, &options.input_size);
	if (error != 0)
		goto free_words;
	weir_request_note(request, "running a command");
	error = weir_spawn(&options, &result, token, WEIR_NEVER);
	error = finish(&output, error, &result);

free_words:
	free_words(words, run->count);
	return error;
}

int run_route(weir_routes *routes, const char *method, const char *path, struct run *run,
	      const struct weir_route_options *options)
{
	char *pattern;
	if (asprintf(&pattern, "%s %s", method, path) < 0)
		return -ENOMEM;
	int error = weir_routes_add(routes, pattern, run_handle, run, options);
	free(pattern);
	return error;
}
