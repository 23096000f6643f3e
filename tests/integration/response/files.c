/* Answers from files: whole, large, empty, by HEAD; and what is not a regular file. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "served_file.h"
#include "support/must.h"

Test(files, are_sent_whole_with_their_metadata)
{
	struct served_file file;
	struct reply reply;

	served_file_start(&file, "0123456789", 10);
	for (int i = 0; i < 2; i++) {
		served_file_get(&file, "", &reply);
		cr_assert_eq(reply.status, 200);
		cr_assert(reply.complete);
		cr_assert_str_eq(reply.body, "0123456789");
		cr_assert_str_eq(reply_header(&reply, "Content-Length"), "10");
		cr_assert_str_eq(reply_header(&reply, "Content-Type"), "text/x-test");
		cr_assert_str_eq(reply_header(&reply, "ETag"), SERVED_FILE_TAG);
		cr_assert_str_eq(reply_header(&reply, "Last-Modified"), SERVED_FILE_DATE);
		cr_assert_str_eq(reply_header(&reply, "Accept-Ranges"), "bytes");
		cr_assert_not(reply_says_close(&reply));
		reply_free(&reply);
	}
	served_file_head(&file, "", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply_header(&reply, "Content-Length"), "10");
	cr_assert_str_eq(reply_header(&reply, "ETag"), SERVED_FILE_TAG);
	reply_free(&reply);
	served_file_get(&file, "", &reply);
	cr_assert_str_eq(reply.body, "0123456789");
	reply_free(&reply);
	served_file_finish(&file);
}

Test(files, may_be_large)
{
	static char large[12 << 20];
	struct served_file file;
	struct reply reply;

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)(i * 13 + i / 4093);
	served_file_start(&file, large, sizeof(large));
	served_file_get(&file, "", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply.complete);
	cr_assert_eq(reply.body_size, sizeof(large));
	cr_assert_eq(memcmp(reply.body, large, sizeof(large)), 0);
	reply_free(&reply);
	served_file_finish(&file);
}

Test(files, may_be_empty)
{
	struct served_file file;
	struct reply reply;

	served_file_start(&file, "", 0);
	served_file_get(&file, "", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_eq(reply.body_size, 0);
	cr_assert_str_eq(reply_header(&reply, "Content-Length"), "0");
	reply_free(&reply);
	served_file_get(&file, "Range: bytes=0-\r\n", &reply);
	cr_assert_eq(reply.status, 416);
	reply_free(&reply);
	served_file_get(&file, "", &reply);
	cr_assert_eq(reply.status, 200);
	reply_free(&reply);
	served_file_finish(&file);
}

/* Opens a directory, a pipe, nothing: says what the library says, and whether it closed. */
static int offer(weir_response *response, weir_request *request, int fd)
{
	int rc = weir_response_file(response, request, fd, NULL);

	if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
		return -EMFILE;
	return rc;
}

static int offer_odd_things(weir_request *request, weir_response *response, weir_token *token)
{
	int ends[2];
	int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int of_directory, of_pipe;

	(void)token;
	must(directory >= 0, "open: errno %d", errno);
	of_directory = offer(response, request, directory);
	must(pipe2(ends, O_CLOEXEC) == 0, "pipe2: errno %d", errno);
	of_pipe = offer(response, request, ends[0]);
	close(ends[1]);
	return weir_response_printf(response, "%d %d", of_directory, of_pipe);
}

Test(files, must_be_regular)
{
	const struct weir_server_options one_worker = {.workers = 1};
	struct fixture fixture;
	struct client client;
	struct reply reply;
	char expected[32];

	fixture_serve(&fixture, &one_worker, "GET /odd", offer_odd_things, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/odd", &reply);
	snprintf(expected, sizeof(expected), "%d %d", -EINVAL, -EINVAL);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, expected);
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
