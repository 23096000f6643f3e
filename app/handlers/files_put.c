/* files_put.c: PUT: an upload that takes the place of the old file whole, or not at all.
 *
 *	look -> receive -> sync -> look again and rename (under the lock) -> sync the directory
 *
 * Whatever ends it before the rename, a stop, a client that goes, a full disk, leaves the
 * old file as it was and nothing else.
 */
#include "../atomic_file.h"
#include "escape.h"
#include "etag.h"
#include "files.h"
#include "target.h"

#include <errno.h>
#include <stdlib.h>

#define BUFFER_SIZE ((size_t)64 * 1024)

static int receive(weir_request *request, struct atomic_file *upload)
{
	char buffer[BUFFER_SIZE];
	for (;;) {
		ssize_t count = weir_request_read(request, buffer, sizeof buffer);
		if (count <= 0)
			return (int)count;
		int error = atomic_file_write(upload, buffer, (size_t)count);
		if (error != 0)
			return error;
	}
}

/* 0, an HTTP status to refuse with, or a negative errno. */
static int replace(struct files *files, const struct target *target, const weir_request *request,
		   struct atomic_file *upload, bool *replaced)
{
	struct stat there;
	int problem = -pthread_mutex_lock(&files->change);
	if (problem != 0)
		return problem;
	problem = target_check(target, request, replaced, &there);
	if (problem == 0)
		problem = atomic_file_publish(upload, target->name);
	(void)pthread_mutex_unlock(&files->change);
	return problem;
}

static int answer(const weir_request *request, weir_response *response,
		  const struct atomic_file *upload, bool replaced)
{
	struct stat file;
	char etag[ETAG_SIZE];
	if (fstat(upload->fd, &file) != 0)
		return -errno;
	etag_of(&file, etag);
	int error = weir_response_header(response, "ETag", etag);
	if (error != 0)
		return error;
	if (replaced)
		return weir_response_status(response, 204);
	char *location = escape_url_copy(weir_request_path(request));
	if (location == NULL)
		return -ENOMEM;
	error = weir_response_header(response, "Location", location);
	free(location);
	return error != 0 ? error : weir_response_status(response, 201);
}

int files_put(weir_request *request, weir_response *response, weir_token *token)
{
	struct files *files = weir_request_context(request);
	struct target target;
	/* A part is not the file (RFC 9110, 14.5). */
	if (weir_request_header(request, "Content-Range") != NULL)
		return weir_response_error(response, 400, "a part of a file cannot be stored");
	int problem = target_open(&target, files, request);
	if (problem == -ENOENT || problem == -ENOTDIR)
		return files_error(response, 409);
	if (problem != 0)
		return files_error(response, problem);

	bool exists;
	struct stat there;
	problem = target_check(&target, request, &exists, &there);
	if (problem != 0)
		goto close_target;
	bool keep_mode = exists && S_ISREG(there.st_mode);
	struct atomic_file upload;
	problem = atomic_file_begin(&upload, target.dir, keep_mode ? there.st_mode & 0777 : 0666);
	if (problem != 0)
		goto close_target;
	if (keep_mode && fchmod(upload.fd, there.st_mode & 0777) != 0) {
		problem = -errno;
		goto end_upload;
	}

	weir_request_note(request, "receiving");
	problem = receive(request, &upload);
	if (problem != 0)
		goto end_upload;
	weir_request_note(request, "syncing to disk");
	problem = atomic_file_sync(&upload);
	if (problem == 0)
		problem = weir_token_check(token);
	if (problem != 0)
		goto end_upload;
	problem = replace(files, &target, request, &upload, &exists);
	if (problem == 0)
		problem = target_sync(&target);
	if (problem == 0)
		problem = answer(request, response, &upload, exists);

end_upload:
	atomic_file_end(&upload);
close_target:
	target_close(&target);
	return problem != 0 ? files_error(response, problem) : 0;
}
