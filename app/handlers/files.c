/* files.c: the root directory and the routes; see files.h. */
#include "files.h"
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
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

int files_routes(weir_server *server, struct files *files)
{
	static const struct weir_route_options streamed = {.body = WEIR_BODY_STREAMED};
	int error = weir_server_route(server, "GET /{path...}", files_get, files, NULL);
	if (error == 0)
		error = weir_server_route(server, "PUT /{path...}", files_put, files, &streamed);
	if (error == 0)
		error = weir_server_route(server, "DELETE /{path...}", files_delete, files, NULL);
	return error;
}
