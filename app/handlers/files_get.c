/* files_get.c: GET and HEAD. */
#include "beneath.h"
#include "directory.h"
#include "escape.h"
#include "etag.h"
#include "files.h"
#include "mime.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Takes `fd`. */
static int answer_file(const weir_request *request, weir_response *response, int fd,
		       const struct stat *file, const char *path)
{
	char etag[ETAG_SIZE];
	etag_of(file, etag);
	struct weir_file_options options = {.content_type = mime_type(path), .etag = etag};
	int error = weir_response_header(response, "X-Content-Type-Options", "nosniff");
	if (error != 0) {
		(void)close(fd);
		return error;
	}
	return weir_response_file(response, request, fd, &options);
}

/* Relative links on the page only work under a path that ends in a slash. */
static int redirect_to_slash(const weir_request *request, weir_response *response)
{
	char *path = escape_url_copy(weir_request_path(request));
	char *location;
	if (path == NULL)
		return -ENOMEM;
	int length = asprintf(&location, "%s/", path);
	free(path);
	if (length < 0)
		return -ENOMEM;
	int error = weir_response_header(response, "Location", location);
	free(location);
	if (error != 0)
		return error;
	return weir_response_error(response, 301, "this is a directory");
}

/* Takes `fd`. `path` is that of the directory under the root: the page does not lead above
 * it. */
static int answer_directory(const weir_request *request, weir_response *response, weir_token *token,
			    int fd, const char *path)
{
	struct stat file;
	int index = beneath_open(fd, "index.html", O_RDONLY);
	if (index >= 0) {
		if (fstat(index, &file) == 0 && S_ISREG(file.st_mode)) {
			(void)close(fd);
			return answer_file(request, response, index, &file, "index.html");
		}
		(void)close(index);
	}
	return directory_answer(response, token, fd, path);
}

int files_get(weir_request *request, weir_response *response, weir_token *token)
{
	const struct files *files = weir_request_context(request);
	struct path path;
	int error = path_parse(files_path(files, request), &path);
	if (error != 0)
		return files_error(response, error);
	int fd = beneath_open(files->root, path.relative, O_RDONLY);
	if (fd < 0)
		return files_error(response, fd);

	struct stat file;
	if (fstat(fd, &file) != 0) {
		error = files_error(response, -errno);
		goto close_fd;
	}
	if (S_ISREG(file.st_mode))
		return answer_file(request, response, fd, &file, path.relative);
	if (!S_ISDIR(file.st_mode)) {
		error = files_error(response, 403);
		goto close_fd;
	}
	if (path.directory)
		return answer_directory(request, response, token, fd, files_path(files, request));
	error = redirect_to_slash(request, response);

close_fd:
	(void)close(fd);
	return error;
}
