/* A client that is half-way through its handshake when the listener closes gets in, and its request
 * is answered; one that never ends it holds a stop up for half a second at most. */
#include <criterion/criterion.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/handlers.h"
#include "support/must.h"
#include "support/segments.h"

#define ASK "GET /hello HTTP/1.1\r\nHost: far\r\n\r\n"
#define FIRST_PORT 40000

struct far {
	struct fixture fixture;
	struct segments link;
	struct segments_peer peer;
};

/* A server, and a client that has had its SYN answered. */
static void begin_handshake(struct far *far)
{
	const struct weir_server_options options = {.listen = SEGMENTS_SERVER ":0"};
	int error = segments_open(&far->link);

	if (error)
		cr_skip_test("no network namespace with a TUN device: %s", strerror(-error));
	fixture_serve(&far->fixture, &options, "GET /hello", handle_hello, NULL);
	far->link.server_port = (uint16_t)atoi(strrchr(far->fixture.url, ':') + 1);
	segments_peer(&far->peer, &far->link, FIRST_PORT);
	segments_send(&far->peer, SEGMENT_SYN, NULL);
	cr_assert(segments_await(&far->peer, SEGMENT_SYN | SEGMENT_ACK, 10000));
}

/* Others knock until nobody answers. Being refused is an answer: that comes only when the listener
 * has been closed. */
static void await_silence(struct far *far)
{
	struct segments_peer other;
	uint16_t port = FIRST_PORT + 1;
	bool answered;

	do {
		segments_peer(&other, &far->link, port++);
		segments_send(&other, SEGMENT_SYN, NULL);
		answered = segments_await(&other, SEGMENT_SYN, 20);
		cr_assert_not(other.flags & SEGMENT_RST, "closed, with a handshake under way");
		if (answered)
			segments_send(&other, SEGMENT_RST, NULL);
	} while (answered);
}

static void end_handshake_and_ask(struct far *far)
{
	segments_send(&far->peer, SEGMENT_ACK, NULL);
	segments_send(&far->peer, SEGMENT_ACK | SEGMENT_PSH, ASK);
	cr_assert(segments_await(&far->peer, SEGMENT_FIN, 10000), "%s", far->peer.text);
	cr_assert_eq(strncmp(far->peer.text, "HTTP/1.1 200", 12), 0, "%s", far->peer.text);
	cr_assert_not_null(strstr(far->peer.text, "Connection: close"), "%s", far->peer.text);
	cr_assert_not(far->peer.flags & SEGMENT_RST);
	segments_send(&far->peer, SEGMENT_ACK | SEGMENT_FIN, NULL);
}

Test(handshake_under_way, is_let_in_by_a_stop)
{
	struct far far;

	begin_handshake(&far);
	weir_server_stop(far.fixture.server, "test");
	await_silence(&far);
	end_handshake_and_ask(&far);
	fixture_await(&far.fixture, WEIR_CLEAN);
	cr_assert_eq(far.fixture.report->counts.arrived, 1);
	cr_assert_eq(far.fixture.report->counts.answered, 1);
	fixture_destroy(&far.fixture);
	segments_close(&far.link);
}

static void *unlisten(void *arg)
{
	struct far *far = arg;
	int error = weir_server_unlisten(far->fixture.server, far->fixture.url);

	must(error == 0, "weir_server_unlisten: %d", error);
	return NULL;
}

Test(handshake_under_way, is_let_in_by_a_listener_that_goes)
{
	struct far far;
	pthread_t thread;

	begin_handshake(&far);
	cr_assert_eq(pthread_create(&thread, NULL, unlisten, &far), 0);
	await_silence(&far);
	end_handshake_and_ask(&far);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	fixture_finish(&far.fixture);
	segments_close(&far.link);
}

Test(handshake_under_way, that_never_ends_holds_nobody_up)
{
	struct far far;

	begin_handshake(&far);
	weir_server_stop(far.fixture.server, "test");
	fixture_await(&far.fixture, WEIR_CLEAN);
	cr_assert_geq(far.fixture.report->total, 400 * WEIR_MILLISECOND);
	cr_assert_lt(far.fixture.report->total, 5 * WEIR_SECOND);
	fixture_destroy(&far.fixture);
	segments_close(&far.link);
}
