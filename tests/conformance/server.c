/* server.c: see server.h. */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "support/fixture.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/scratch.h"
#include "support/upgrading.h"

#ifdef CONFORMANCE_FILES
#include "handlers/files.h"
#endif

#define CONTENT "0123456789"

struct field_list {
	const char *name;
	char text[8192];
	size_t size;
};

static int add_field(void *arg, const char *name, const char *value)
{
	struct field_list *list = arg;
	int size;

	if (strcasecmp(name, list->name) != 0)
		return 0;
	size = snprintf(list->text + list->size, sizeof(list->text) - list->size, "[%s]", value);
	if (size < 0 || (size_t)size >= sizeof(list->text) - list->size)
		return -EFBIG;
	list->size += (size_t)size;
	return 0;
}

static int handle_field(weir_request *request, weir_response *response, weir_token *token)
{
	struct field_list list = {.name = weir_request_param(request, "name")};
	int rc = weir_request_each_header(request, add_field, &list);

	(void)token;
	return rc != 0 ? rc : weir_response_body(response, list.text, list.size);
}

static int handle_target(weir_request *request, weir_response *response, weir_token *token)
{
	const char *query = weir_request_query(request, "q");

	(void)token;
	return weir_response_printf(response, "%s?%s", weir_request_path(request),
				    query != NULL ? query : "");
}

static int handle_stream(weir_request *request, weir_response *response, weir_token *token)
{
	int rc = weir_response_stream(response, -1);

	(void)request;
	(void)token;
	return rc != 0 ? rc : weir_response_write(response, "stream", 6);
}

static int handle_nothing(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_status(response, 204);
}

/* The context is the path of a file, and the tag is of the route. */
static int serve(weir_request *request, weir_response *response, const char *etag)
{
	const struct weir_file_options options = {.content_type = "text/plain", .etag = etag};
	int fd = open(weir_request_context(request), O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : weir_response_file(response, request, fd, &options);
}

static int handle_file(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return serve(request, response, "\"v1\"");
}

static int handle_weak(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	return serve(request, response, "W/\"v1\"");
}

static int handle_change(weir_request *request, weir_response *response, weir_token *token)
{
	int refusal = weir_request_precondition(request, "\"v1\"", FILE_TIME);

	(void)token;
	return weir_response_status(response, refusal ? refusal : 204);
}

static int handle_smuggled(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	atomic_fetch_add((atomic_uint *)weir_request_context(request), 1);
	return weir_response_printf(response, "smuggled\n");
}

static void make_file(const struct scratch *scratch, char *path, size_t size)
{
	const struct timespec times[2] = {{.tv_sec = FILE_TIME}, {.tv_sec = FILE_TIME}};
	int rc;

	scratch_write(scratch, "digits", CONTENT, strlen(CONTENT));
	rc = utimensat(scratch->fd, "digits", times, 0);
	must(rc == 0, "utimensat: %s", strerror(errno));
	rc = snprintf(path, size, "%s/digits", scratch->path);
	must(rc > 0 && (size_t)rc < size, "the path is too long");
}

#ifdef CONFORMANCE_FILES
static struct files files;

static void add_files(struct fixture *fixture, const struct scratch *scratch)
{
	const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	int rc = files_open(&files, scratch->path);

	must(rc == 0, "files_open: %s", strerror(-rc));
	files.prefix = strlen("/files");
	fixture_route(fixture, "GET /files/{path...}", files_get, &files);
	fixture_route_with(fixture, "PUT /files/{path...}", files_put, &files, &streamed);
	fixture_route(fixture, "DELETE /files/{path...}", files_delete, &files);
}

static void remove_files(void)
{
	files_close(&files);
}
#else
static void add_files(struct fixture *fixture, const struct scratch *scratch)
{
	(void)fixture;
	(void)scratch;
}

static void remove_files(void)
{
}
#endif

/* The process of the server: tells its URL, and stops when `stop` ends. */
static void run(int url, int stop, atomic_uint *smuggled)
{
	static struct fixture fixture;
	static struct upgrading upgrading = {.run = upgrade_echo};
	const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	/* Some cases end by it. */
	const struct weir_server_options options = {.body_timeout = 2 * WEIR_SECOND};
	struct scratch scratch;
	char path[PATH_MAX + 16], byte;
	ssize_t size;

	scratch_make(&scratch);
	make_file(&scratch, path, sizeof(path));
	fixture_create(&fixture, &options);
	fixture_route(&fixture, "* /hello", handle_hello, NULL);
	fixture_route(&fixture, "* /echo", handle_echo, NULL);
	fixture_route_with(&fixture, "POST /count", handle_count_body, NULL, &streamed);
	fixture_route(&fixture, "* /field/{name}", handle_field, NULL);
	fixture_route(&fixture, "* /target/{rest...}", handle_target, NULL);
	fixture_route(&fixture, "GET /stream", handle_stream, NULL);
	fixture_route(&fixture, "GET /nothing", handle_nothing, NULL);
	fixture_route(&fixture, "GET /file", handle_file, path);
	fixture_route(&fixture, "GET /weak", handle_weak, path);
	fixture_route(&fixture, "PUT /file", handle_change, NULL);
	fixture_route(&fixture, "GET /upgrade", handle_upgrade, &upgrading);
	fixture_route(&fixture, "* /smuggled", handle_smuggled, smuggled);
	add_files(&fixture, &scratch);
	fixture_start(&fixture);
	size = write(url, fixture.url, strlen(fixture.url));
	must(size == (ssize_t)strlen(fixture.url), "the URL cannot be told");
	(void)close(url);
	do
		size = read(stop, &byte, 1);
	while (size < 0 && errno == EINTR);
	fixture_finish(&fixture);
	remove_files();
	scratch_remove(&scratch);
}

void conformance_server_start(struct conformance_server *server)
{
	int url[2], stop[2];
	ssize_t size;
	int rc = pipe2(url, O_CLOEXEC);

	must(rc == 0, "pipe2: %s", strerror(errno));
	rc = pipe2(stop, O_CLOEXEC);
	must(rc == 0, "pipe2: %s", strerror(errno));
	server->smuggled = mmap(NULL, sizeof(*server->smuggled), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(server->smuggled != MAP_FAILED, "mmap: %s", strerror(errno));
	server->pid = fork();
	must(server->pid >= 0, "fork: %s", strerror(errno));
	if (server->pid == 0) {
		(void)close(url[0]);
		(void)close(stop[1]);
		run(url[1], stop[0], server->smuggled);
		exit(0);
	}
	(void)close(url[1]);
	(void)close(stop[0]);
	size = read(url[0], server->url, sizeof(server->url) - 1);
	must(size > 0, "the server did not start");
	server->url[size] = '\0';
	(void)close(url[0]);
	server->stop = stop[1];
}

bool conformance_server_stop(struct conformance_server *server)
{
	int status;
	pid_t pid;

	(void)close(server->stop);
	do
		pid = waitpid(server->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	must(pid == server->pid, "waitpid: %s", strerror(errno));
	(void)munmap(server->smuggled, sizeof(*server->smuggled));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
