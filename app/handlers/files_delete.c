/* files_delete.c: DELETE. */
#include "files.h"
#include "target.h"

#include <errno.h>
#include <unistd.h>

/* 0, an HTTP status to refuse with, or a negative errno. */
static int remove_target(struct files *files, const struct target *target,
			 const weir_request *request)
{
	bool exists;
	struct stat there;
	int problem = -pthread_mutex_lock(&files->change);
	if (problem != 0)
		return problem;
	problem = target_check(target, request, &exists, &there);
	if (problem == 0 && !exists)
		problem = -ENOENT;
	if (problem == 0 && unlinkat(target->dir, target->name, 0) != 0)
		problem = -errno;
	(void)pthread_mutex_unlock(&files->change);
	return problem;
}

int files_delete(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token; /* nothing here waits, except for the disk */
	struct files *files = weir_request_context(request);
	struct target target;
	int problem = target_open(&target, files, request);
	if (problem != 0)
		return files_error(response, problem);
	problem = remove_target(files, &target, request);
	if (problem == 0)
		problem = target_sync(&target);
	target_close(&target);
	return problem != 0 ? files_error(response, problem) : weir_response_status(response, 204);
}
