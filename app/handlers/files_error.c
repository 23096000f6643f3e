/* files_error.c: what a file system says, as HTTP says it. */
#include "files.h"
#include "problem.h"

#include <errno.h>

static const struct row {
	int error; /* errno */
	int status;
	const char *text;
} rows[] = {
	{EINVAL, 400, "this path cannot name a file"},
	{ENOENT, 404, "no such file"},
	{ENOTDIR, 404, "no such file"},
	{ELOOP, 404, "no such file"},
	{EXDEV, 404, "no such file"}, /* a link that leads out of the root */
	{EACCES, 403, "not allowed"},
	{EPERM, 403, "not allowed"},
	{EROFS, 403, "the file system is read-only"},
	{ENXIO, 403, "not a regular file"},
	{ENODEV, 403, "not a regular file"},
	{EISDIR, 409, "there is a directory of this name"},
	{EFBIG, 413, "larger than a file can be here"},
	{ENAMETOOLONG, 414, "the name is too long"},
	{ENOSPC, 507, "no space left"},
	{EDQUOT, 507, "the quota is used up"},
	{0, 403, "not a regular file"},
	{0, 409, "the directory does not exist: a file can only be put into one that does"},
	{0, 412, "what is stored does not meet the conditions of the request"},
};

int files_error(weir_response *response, int reason)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];
		if (reason < 0 ? row->error == -reason : row->error == 0 && row->status == reason)
			return problem(response, row->status, "%s", row->text);
	}
	return reason < 0 ? reason : -EINVAL;
}
