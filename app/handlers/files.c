/* files.c: the root directory and the routes; see files.h. */
#include "files.h"
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Opens through the same call that every request will use, so a kernel or a sandbox
 * without it is found out at the start. */
static int try_beneath(int root)
{
	int fd = beneath_open(root, ".", O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	(void)close(fd);
	return 0;
}

int files_open(struct files *files, const char *root)
{
	files->prefix = 0;
	files->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (files->root < 0)
		return -errno;
	int error = try_beneath(files->root);
	if (error != 0)
		goto close_root;
	error = -pthread_mutex_init(&files->change, NULL);
	if (error != 0)
		goto close_root;
	return 0;

close_root:
	(void)close(files->root);
	return error;
}

void files_close(struct files *files)
{
	(void)pthread_mutex_destroy(&files->change);
	(void)close(files->root);
}

const char *files_path(const struct files *files, const weir_request *request)
{
	return weir_request_path(request) + files->prefix;
}

static int add(weir_routes *routes, const char *method, const char *path, weir_handler handler,
	       struct files *files, const struct weir_route_options *options)
{
	char *pattern;
	if (asprintf(&pattern, "%s %s", method, path) < 0)
		return -ENOMEM;
	int error = weir_routes_add(routes, pattern, handler, files, options);
	free(pattern);
	return error;
}

int files_routes_at(weir_routes *routes, struct files *files, const char *path, size_t prefix,
		    bool read_only, const struct weir_route_options *options)
{
	struct weir_route_options streamed = {0};
	if (options != NULL)
		streamed = *options;
	streamed.body = WEIR_BODY_STREAMED;
	files->prefix = prefix;
	int error = add(routes, "GET", path, files_get, files, options);
	if (error == 0 && !read_only)
		error = add(routes, "PUT", path, files_put, files, &streamed);
	if (error == 0 && !read_only)
		error = add(routes, "DELETE", path, files_delete, files, options);
	return error;
}

int files_routes(weir_routes *routes, struct files *files)
{
	return files_routes_at(routes, files, "/{path...}", 0, false, NULL);
}
