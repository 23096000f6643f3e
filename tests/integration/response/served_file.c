/* response/served_file.c: see served_file.h. */
#include "served_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/must.h"

/* Each request gets a descriptor of its own, opened anew: it is taken by the answer. */
static int handle_file(weir_request *request, weir_response *response, weir_token *token)
{
	const struct served_file *file = weir_request_context(request);
	const struct weir_file_options options = {.content_type = "text/x-test",
						  .etag = SERVED_FILE_TAG};
	char path[64];
	int fd;

	(void)token;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return weir_response_file(response, request, fd, &options);
}

void served_file_start(struct served_file *file, const void *data, size_t size)
{
	const struct timespec times[2] = {{.tv_sec = SERVED_FILE_TIME},
					  {.tv_sec = SERVED_FILE_TIME}};
	int rc;

	file->fd = memfd_create("served", MFD_CLOEXEC);
	must(file->fd >= 0, "memfd_create: errno %d", errno);
	for (size_t done = 0; done < size;) {
		ssize_t written = write(file->fd, (const char *)data + done, size - done);

		must(written > 0, "write: errno %d", errno);
		done += (size_t)written;
	}
	rc = futimens(file->fd, times);
	must(rc == 0, "futimens: errno %d", errno);
	fixture_serve(&file->fixture, NULL, "GET /file", handle_file, file);
	client_open(&file->client, file->fixture.url);
}

void served_file_finish(struct served_file *file)
{
	client_close(&file->client);
	fixture_finish(&file->fixture);
	close(file->fd);
}

void served_file_get(struct served_file *file, const char *fields, struct reply *reply)
{
	client_printf(&file->client, "GET /file HTTP/1.1\r\nHost: test\r\n%s\r\n", fields);
	client_receive(&file->client, reply);
}

void served_file_head(struct served_file *file, const char *fields, struct reply *reply)
{
	client_printf(&file->client, "HEAD /file HTTP/1.1\r\nHost: test\r\n%s\r\n", fields);
	client_receive_head(&file->client, reply);
}
