/* file_response.c: answering with a file: validators, preconditions, ranges. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/conditional.h"
#include "http/request.h"
#include "http/response.h"

/* A field that may stand once: what stands twice has no valid value (RFC 9110, 5.3). */
static const char *single(const weir_request *request, const char *name)
{
	const char *value = NULL;
	size_t i;

	for (i = 0; i < request->field_count; i++)
		if (strcasecmp(request->fields[i].name, name) == 0) {
			if (value)
				return "";
			value = request->fields[i].value;
		}
	return value;
}

/* A field that is a list: several are one, in their order (5.3). 0 or -ENOMEM. */
static int joined(weir_request *request, const char *name, const char **list)
{
	size_t i;

	*list = NULL;
	for (i = 0; i < request->field_count; i++) {
		const char *value = request->fields[i].value;

		if (strcasecmp(request->fields[i].name, name) != 0)
			continue;
		*list = *list ? weir_request_printf(request, "%s, %s", *list, value) : value;
		if (!*list)
			return -ENOMEM;
	}
	return 0;
}

/* The memory of a request may be taken from by whoever handles it, const or not. */
static int conditions_of(const weir_request *request, struct weir__conditions *out)
{
	int error;

	*out = (struct weir__conditions){
		.if_modified_since = single(request, "If-Modified-Since"),
		.if_unmodified_since = single(request, "If-Unmodified-Since"),
		.if_range = single(request, "If-Range"),
		.range = request->head ? NULL : single(request, "Range"), /* 14.2 */
		.reading = request->head || strcmp(request->method, "GET") == 0,
	};
	error = joined((weir_request *)request, "If-Match", &out->if_match);
	return error ? error
		     : joined((weir_request *)request, "If-None-Match", &out->if_none_match);
}

int weir_request_precondition(const weir_request *request, const char *etag, int64_t mtime)
{
	struct weir__validators validators = {etag, mtime};
	struct weir__conditions conditions;

	/* Without memory it cannot be known to be true. */
	if (conditions_of(request, &conditions))
		return 412;
	return weir__precondition(&conditions, &validators);
}

static int describe(weir_response *response, const struct stat *status, const char *etag)
{
	char date[32];
	int error;

	weir__date_print(status->st_mtim.tv_sec, date, sizeof(date));
	error = weir_response_header(response, "ETag", etag);
	if (!error)
		error = weir_response_header(response, "Last-Modified", date);
	if (!error)
		error = weir__response_add(response, "Accept-Ranges", "bytes");
	return error;
}

static int content_range(weir_response *response, uint64_t first, uint64_t last, uint64_t size)
{
	char text[80];

	(void)snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first, last,
		       size);
	return weir_response_header(response, "Content-Range", text);
}

static int unsatisfiable(weir_response *response, uint64_t size)
{
	char text[40];
	int error;

	(void)snprintf(text, sizeof(text), "bytes */%" PRIu64, size);
	error = weir_response_header(response, "Content-Range", text);
	return error ? error : weir_response_error(response, 416, "no such range");
}

static int attach(weir_response *response, const char *content_type, int fd, uint64_t offset,
		  uint64_t length)
{
	int error = 0;

	if (!weir__response_field(response, "Content-Type"))
		error = weir_response_header(response, "Content-Type",
					     content_type ? content_type
							  : "application/octet-stream");
	if (!error) /* drops an earlier body, which may be a file as well */
		error = weir_response_body_static(response, NULL, 0);
	if (error)
		return error;
	response->kind = WEIR__BODY_FILE;
	response->fd = fd;
	response->offset = offset;
	response->length = length;
	return 0;
}

/* Decides between 200, 206, 304, 412 and 416. Takes fd when it answers with the file. */
static int answer(weir_response *response, const weir_request *request, int *fd,
		  const struct stat *status, const char *etag, const char *content_type)
{
	struct weir__validators validators = {etag, status->st_mtim.tv_sec};
	uint64_t size = (uint64_t)status->st_size, offset = 0, length = size;
	struct weir__conditions conditions;
	int error = conditions_of(request, &conditions), refusal;

	if (error)
		return error;
	refusal = weir__precondition(&conditions, &validators);
	if (refusal == 412)
		return weir_response_error(response, 412, "the file is not what you expected");
	if (refusal)
		return weir_response_status(response, refusal);
	switch (weir__range(&conditions, &validators, size, &offset, &length)) {
	case WEIR__RANGE_UNSATISFIABLE:
		return unsatisfiable(response, size);
	case WEIR__RANGE_ONE:
		error = content_range(response, offset, offset + length - 1, size);
		if (error)
			return error;
		response->status = 206;
		break;
	case WEIR__RANGE_NONE:
		break;
	}
	error = attach(response, content_type, *fd, offset, length);
	if (!error)
		*fd = -1;
	return error;
}

int weir_response_file(weir_response *response, const weir_request *request, int fd,
		       const struct weir_file_options *options)
{
	char etag_buffer[80];
	const char *etag = etag_buffer;
	struct stat status;
	int error = 0;

	if (response->pipe) {
		error = -EALREADY;
		goto close_file;
	}
	if (fstat(fd, &status)) {
		error = -errno;
		goto close_file;
	}
	if (!S_ISREG(status.st_mode)) {
		error = -EINVAL;
		goto close_file;
	}
	if (options && options->etag)
		etag = options->etag;
	else
		(void)snprintf(etag_buffer, sizeof(etag_buffer), "\"%jx-%jx-%jx.%lx\"",
			       (uintmax_t)status.st_ino, (uintmax_t)status.st_size,
			       (uintmax_t)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
	error = describe(response, &status, etag);
	if (!error)
		error = answer(response, request, &fd, &status, etag,
			       options ? options->content_type : NULL);

close_file:
	if (fd >= 0)
		(void)close(fd);
	return error;
}
