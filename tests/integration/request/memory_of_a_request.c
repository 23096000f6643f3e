/* Memory that a handler takes from its request: aligned, its own, bounded, and there until the
 * answer has been sent. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "support/fixture.h"
#include "support/must.h"
#include "support/reply.h"

#define MIB ((size_t)1 << 20)
#define LARGE (4 * MIB)

static void exchange(weir_handler handler, struct reply *reply)
{
	struct fixture fixture;
	struct client client;

	fixture_serve(&fixture, NULL, "GET /", handler, NULL);
	client_open(&client, fixture.url);
	client_get(&client, "/", reply);
	cr_assert_eq(reply->status, 200);
	cr_assert(reply->complete);
	client_close(&client);
	fixture_finish(&fixture);
}

static int take_pieces(weir_request *request, weir_response *response, weir_token *token)
{
	unsigned char *pieces[200];
	size_t i;

	(void)token;
	for (i = 0; i < 200; i++) {
		pieces[i] = weir_request_alloc(request, i * i);
		must(pieces[i] != NULL, "piece %zu", i);
		must((uintptr_t)pieces[i] % alignof(max_align_t) == 0, "piece %zu", i);
		memset(pieces[i], (int)i, i * i);
	}
	for (i = 1; i < 200; i++) {
		must(pieces[i][0] == i && pieces[i][i * i - 1] == i, "piece %zu", i);
		must(memcmp(pieces[i], pieces[i] + 1, i * i - 1) == 0, "piece %zu", i);
	}
	return weir_response_printf(response, "whole\n");
}

Test(memory_of_a_request, is_aligned_and_its_own)
{
	struct reply reply;

	exchange(take_pieces, &reply);
	reply_free(&reply);
}

static int print(weir_request *request, weir_response *response, weir_token *token)
{
	const char *none = weir_request_printf(request, "%s", "");
	const char *some = weir_request_printf(request, "%d %s", 7, "words");
	const char *much = weir_request_printf(request, "%0*d", 9000, 1);

	(void)token;
	must(none && some && much, "no memory");
	must(strlen(none) == 0 && strlen(much) == 9000, "cut");
	return weir_response_printf(response, "%s %zu", some, strlen(much));
}

Test(memory_of_a_request, is_good_for_text)
{
	struct reply reply;

	exchange(print, &reply);
	cr_assert_str_eq(reply.body, "7 words 9000");
	reply_free(&reply);
}

static void ignore(void *arg)
{
	(void)arg;
}

static int take_too_much(weir_request *request, weir_response *response, weir_token *token)
{
	size_t taken = 0;

	(void)token;
	must(weir_request_alloc(request, 17 * MIB) == NULL, "beyond the limit at once");
	must(weir_request_alloc(request, SIZE_MAX) == NULL, "beyond everything");
	while (weir_request_alloc(request, MIB))
		taken++;
	/* what is left of a megabyte may still be had, up to the last block */
	while (weir_request_defer(request, ignore, NULL) == 0)
		;
	must(weir_request_printf(request, "%0*d", 5000, 1) == NULL, "beyond the limit");
	return weir_response_status(response, taken == 16 ? 200 : 500);
}

Test(memory_of_a_request, is_bounded)
{
	struct reply reply;

	exchange(take_too_much, &reply);
	reply_free(&reply);
}

static int answer_from_it(weir_request *request, weir_response *response, weir_token *token)
{
	unsigned char *data = weir_request_alloc(request, LARGE);

	(void)token;
	if (!data)
		return -ENOMEM;
	for (size_t i = 0; i < LARGE; i++)
		data[i] = (unsigned char)(i * 31 >> 7);
	return weir_response_body_static(response, data, LARGE);
}

/* More than fits into any socket, to a client that reads only when the handler has returned. */
Test(memory_of_a_request, lives_until_the_answer_was_sent)
{
	struct fixture fixture;
	struct client client;
	struct reply reply;

	fixture_serve(&fixture, NULL, "GET /", answer_from_it, NULL);
	client_open_narrow(&client, fixture.url);
	client_send_text(&client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	metrics_await(fixture.server, "weir_requests_in_flight{phase=\"replying\"}", 1);
	client_receive(&client, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_eq(reply.body_size, LARGE);
	for (size_t i = 0; i < LARGE; i++)
		cr_assert_eq((unsigned char)reply.body[i], (unsigned char)(i * 31 >> 7));
	reply_free(&reply);
	client_close(&client);
	fixture_finish(&fixture);
}
