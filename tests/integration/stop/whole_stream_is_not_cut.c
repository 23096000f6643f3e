/* A handler that has written all it announced is over with its client, whatever becomes of it
 * then: cancelled while it tidies up, its answer is sent to the end, and counted as one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/gate.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"
#include "support/scratch.h"

/* The library holds back up to 128 KiB of a stream for a client that does not read. */
enum { IN_LIBRARY = 64 << 10, PIECE = 8 << 10 };

struct tidying {
	struct sleeping sleeping;
	size_t size;
};

/* What a Unix socket takes for a peer that does not read. */
static size_t taken_by_socket(void)
{
	static const char piece[PIECE];
	size_t taken = 0;
	ssize_t size;
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	while ((size = write(pair[0], piece, sizeof(piece))) > 0)
		taken += (size_t)size;
	close(pair[0]);
	close(pair[1]);
	return taken;
}

static int write_all_and_sleep(weir_request *request, weir_response *response, weir_token *token)
{
	static const char piece[PIECE];
	struct tidying *tidying = weir_request_context(request);
	int rc = weir_response_stream(response, (int64_t)tidying->size);

	for (size_t done = 0; rc == 0 && done < tidying->size; done += PIECE)
		rc = weir_response_write(response, piece, PIECE);
	if (rc)
		return rc;
	gate_announce(tidying->sleeping.gate);
	tidying->sleeping.result = weir_sleep(token, weir_after(MUST_PATIENCE));
	tidying->sleeping.reason = weir_token_reason(token);
	return tidying->sleeping.result;
}

static void cancel_tidying(const char *method,
			   void (*receive)(struct client *client, struct reply *reply))
{
	struct weir_server_options options = {0};
	struct scratch scratch;
	char address[PATH_MAX + 16];
	struct fixture fixture;
	struct gate gate;
	struct tidying tidying = {.sleeping.gate = &gate};
	struct client client;
	struct reply reply;

	scratch_make(&scratch);
	snprintf(address, sizeof(address), "unix:%s/socket", scratch.path);
	options.listen = address;
	tidying.size = (taken_by_socket() + IN_LIBRARY) / PIECE * PIECE;
	gate_init(&gate);
	fixture_serve(&fixture, &options, "GET /", write_all_and_sleep, &tidying);
	client_open(&client, fixture.url);
	client_printf(&client, "%s / HTTP/1.1\r\nHost: test\r\n\r\n", method);
	gate_await(&gate, 1);
	weir_server_cancel(fixture.server, "test");
	gate_destroy(&gate);

	receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert(reply.complete);
	cr_assert_eq(reply.body_size, receive == client_receive ? tidying.size : 0);
	reply_free(&reply);
	fixture_await(&fixture, WEIR_CLEAN);
	cr_assert_eq(tidying.sleeping.result, -ECANCELED);
	cr_assert_eq(tidying.sleeping.reason, WEIR_REASON_SHUTDOWN);
	cr_assert_eq(metrics_now(fixture.server, "weir_requests_answered_total"), 1);
	client_close(&client);
	fixture_destroy(&fixture);
	scratch_remove(&scratch);
}

Test(whole_stream_is_not_cut, of_known_length)
{
	cancel_tidying("GET", client_receive);
}

Test(whole_stream_is_not_cut, to_head)
{
	cancel_tidying("HEAD", client_receive_head);
}
