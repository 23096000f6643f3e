/* debug_echo.c: POST /debug/echo: streams the body in and out again.
 *
 * An answer can begin when the body has been read to its end, so the body waits in a file
 * without a name in between. Both ways take a piece at a time.
 */
#include "../write_all.h"
#include "routes.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)64 * 1024)

static int receive(weir_request *request, int fd, int64_t *length)
{
	char buffer[BUFFER_SIZE];
	*length = 0;
	for (;;) {
		ssize_t count = weir_request_read(request, buffer, sizeof buffer);
		if (count <= 0)
			return (int)count;
		int error = write_all(fd, buffer, (size_t)count);
		if (error != 0)
			return error;
		*length += count;
	}
}

static int send_back(weir_response *response, int fd)
{
	char buffer[BUFFER_SIZE];
	off_t offset = 0;
	for (;;) {
		ssize_t count = pread(fd, buffer, sizeof buffer, offset);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return count < 0 ? -errno : 0;
		int error = weir_response_write(response, buffer, (size_t)count);
		if (error != 0)
			return error;
		offset += count;
	}
}

int debug_echo(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token; /* the calls below look at it */
	FILE *spool = tmpfile();
	if (spool == NULL)
		return -errno;
	int64_t length;
	weir_request_note(request, "receiving");
	int error = receive(request, fileno(spool), &length);
	if (error != 0)
		goto close_spool;
	const char *type = weir_request_header(request, "Content-Type");
	if (type != NULL)
		error = weir_response_header(response, "Content-Type", type);
	if (error == 0)
		error = weir_response_stream(response, length);
	if (error != 0)
		goto close_spool;
	weir_request_note(request, "sending back");
	error = send_back(response, fileno(spool));

close_spool:
	(void)fclose(spool); /* nothing in it is wanted any more */
	return error;
}
