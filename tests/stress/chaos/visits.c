/* stress/chaos/visits.c: what clients do, and what they may get for it.
 *
 * A request that was sent whole gets a whole answer. There are three excuses, and no others:
 * a stop has been asked for; the round is hasty, so the server's patience may be at an end;
 * the client itself has gone away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaos.h"
#include "wire.h"

struct visitor {
	struct round *round;
	struct stress_random *random;
	struct wire wire;
};

static unsigned below(struct visitor *visitor, unsigned limit)
{
	return stress_random_below(visitor->random, limit);
}

static bool is_excused(const struct visitor *visitor)
{
	return visitor->round->hasty || atomic_load(&visitor->round->stopping);
}

/* Whether the server may answer so if it does not answer `expected`. */
static bool is_allowed(const struct visitor *visitor, int status, int expected)
{
	if (status == expected || status == 503)
		return true;
	return visitor->round->hasty && status == 408;
}

/* Reads the answer to a request that was sent whole. True if it is `expected`, and the
 * connection goes on if *go_on. */
static bool hear(struct visitor *visitor, struct reply *reply, int expected, bool head, bool *go_on)
{
	enum reply_end end = wire_receive(&visitor->wire, reply, head);
	struct tally *tally = &visitor->round->tally;

	*go_on = end == REPLY_WHOLE && !reply->close;
	switch (end) {
	case REPLY_WHOLE:
		atomic_fetch_add(&tally->answers, 1);
		stress_check(is_allowed(visitor, reply->status, expected),
			     "status %d instead of %d: %s", reply->status, expected, reply->text);
		return reply->status == expected;
	case REPLY_NONE:
		atomic_fetch_add(&tally->unheard, 1);
		stress_check(is_excused(visitor), "no answer, but a %s",
			     visitor->wire.reset ? "reset" : "close");
		break;
	case REPLY_BROKEN:
		atomic_fetch_add(&tally->truncated, 1);
		stress_check(is_excused(visitor), "a broken answer, status %d, %llu bytes, %s",
			     reply->status, (unsigned long long)reply->size,
			     visitor->wire.reset ? "reset" : "closed");
		break;
	}
	return false;
}

static void send_failed(struct visitor *visitor)
{
	stress_check(is_excused(visitor), "the server took no request");
}

/* One request without a body; true if it was answered with 200 and may be followed. */
static bool ask(struct visitor *visitor, const char *method, const char *target,
		struct reply *reply, bool *go_on)
{
	*go_on = false;
	if (!wire_printf(&visitor->wire, "%s %s HTTP/1.1\r\nHost: chaos\r\n\r\n", method, target)) {
		/* The answer, if any, may be there all the same. */
		send_failed(visitor);
		return false;
	}
	return hear(visitor, reply, 200, strcmp(method, "HEAD") == 0, go_on);
}

static void visit_lines(struct visitor *visitor)
{
	static const struct {
		const char *target, *text;
	} lines[] = {{"/hello", "hello\n"},
		     {"/inline", "hello\n"},
		     {"/sleep?us=300", "slept\n"},
		     {"/polite", "bye\n"}};
	unsigned left = 1 + below(visitor, 6);
	bool go_on = true;

	while (left-- > 0 && go_on) {
		unsigned i = below(visitor, 4);
		struct reply reply;

		if (ask(visitor, "GET", lines[i].target, &reply, &go_on))
			stress_check(strcmp(reply.text, lines[i].text) == 0, "%s: \"%s\"",
				     lines[i].target, reply.text);
	}
}

static void visit_head(struct visitor *visitor)
{
	static const char *const targets[] = {"/hello", "/stream?size=5000", "/file",
					      "/stream?size=300000&piece=9000&known=1"};
	unsigned left = 1 + below(visitor, 3);
	struct reply reply;
	bool go_on = true;

	while (left-- > 0 && go_on)
		(void)ask(visitor, "HEAD", targets[below(visitor, 4)], &reply, &go_on);
}

/* Handlers that may take long: the client may lose patience. */
static void visit_long(struct visitor *visitor)
{
	static const char *const targets[] = {"/forever", "/poll", "/stubborn",
					      "/late?us=30000000"};
	unsigned which = below(visitor, 4);
	struct reply reply;
	bool go_on;

	if (which == 2 && !visitor->round->stubborn)
		which = 3;
	if (!wire_printf(&visitor->wire, "GET %s HTTP/1.1\r\nHost: chaos\r\n\r\n",
			 targets[which])) {
		send_failed(visitor);
		return;
	}
	if (which < 2 && below(visitor, 3) > 0) {
		wire_linger(&visitor->wire, below(visitor, 4));
		return;
	}
	(void)hear(visitor, &reply, which == 2 ? 200 : which == 3 ? 504 : 503, false, &go_on);
}

static void visit_failing(struct visitor *visitor)
{
	struct reply reply;
	bool go_on;

	if (wire_printf(&visitor->wire, "GET /fail HTTP/1.1\r\nHost: chaos\r\n\r\n"))
		(void)hear(visitor, &reply, 500, false, &go_on);
	else
		send_failed(visitor);
}

static void visit_pipelined(struct visitor *visitor)
{
	static const char requests[] = "GET /hello HTTP/1.1\r\nHost: chaos\r\n\r\n"
				       "GET /sleep?us=200 HTTP/1.1\r\nHost: chaos\r\n\r\n"
				       "POST /count HTTP/1.1\r\nHost: chaos\r\n"
				       "Content-Length: 3\r\n\r\nabc"
				       "GET /inline HTTP/1.1\r\nHost: chaos\r\n\r\n";
	bool half = below(visitor, 3) == 0;
	struct reply reply;
	bool go_on = true;

	if (!wire_send(&visitor->wire, requests, sizeof(requests) - 1)) {
		send_failed(visitor);
		return;
	}
	if (half)
		wire_half_close(&visitor->wire);
	for (int i = 0; i < 4 && go_on; i++)
		(void)hear(visitor, &reply, 200, false, &go_on);
}

static bool send_header(struct visitor *visitor, const char *target, uint64_t size,
			const char *fields)
{
	return wire_printf(&visitor->wire,
			   "POST %s HTTP/1.1\r\nHost: chaos\r\nContent-Length: %llu\r\n%s\r\n",
			   target, (unsigned long long)size, fields);
}

/* A whole body, in one piece or with pauses, perhaps with a half-close behind it. */
static void visit_upload(struct visitor *visitor)
{
	static const char *const targets[] = {"/count", "/buffered", "/echo", "/inline"};
	unsigned which = below(visitor, 4);
	uint64_t size = below(visitor, which % 2 ? CHAOS_BODY_LIMIT : 400000);
	uint64_t first = below(visitor, (unsigned)size + 1);
	const char *fields = below(visitor, 4) == 0 ? "Expect: 100-continue\r\n" : "";
	struct reply reply;
	bool sent, go_on;

	sent = send_header(visitor, targets[which], size, fields) &&
	       wire_send_body(&visitor->wire, 0, first);
	if (sent && below(visitor, 3) == 0)
		wire_linger(&visitor->wire, below(visitor, 3));
	sent = sent && wire_send_body(&visitor->wire, first, size - first);
	if (!sent)
		send_failed(visitor);
	else if (below(visitor, 3) == 0)
		wire_half_close(&visitor->wire);
	if (!hear(visitor, &reply, 200, false, &go_on))
		return;
	if (which == 2)
		stress_check(reply.size == size && reply.strange_at == size,
			     "echoed %llu of %llu bytes", (unsigned long long)reply.size,
			     (unsigned long long)size);
	else
		stress_check(strtoull(reply.text, NULL, 10) == size, "sent %llu, counted %s",
			     (unsigned long long)size, reply.text);
}

static void visit_chunked(struct visitor *visitor)
{
	unsigned chunks = below(visitor, 30);
	uint64_t size = 0;
	struct reply reply;
	bool go_on;
	bool sent = wire_printf(&visitor->wire, "POST /count HTTP/1.1\r\nHost: chaos\r\n"
						"Transfer-Encoding: chunked\r\n\r\n");

	while (sent && chunks-- > 0) {
		unsigned n = 1 + below(visitor, 9000);

		sent = wire_printf(&visitor->wire, "%x\r\n", n) &&
		       wire_send_body(&visitor->wire, size, n) &&
		       wire_send(&visitor->wire, "\r\n", 2);
		size += n;
	}
	if (!sent || !wire_send(&visitor->wire, "0\r\n\r\n", 5))
		send_failed(visitor);
	if (hear(visitor, &reply, 200, false, &go_on))
		stress_check(strtoull(reply.text, NULL, 10) == size, "sent %llu, counted %s",
			     (unsigned long long)size, reply.text);
}

/* A body that does not come to its end. */
static void visit_cut_short(struct visitor *visitor)
{
	static const char *const targets[] = {"/count", "/buffered", "/echo", "/early", "/late"};
	uint64_t size = 1 + below(visitor, 300000);
	uint64_t part = below(visitor, (unsigned)size);

	if (!send_header(visitor, targets[below(visitor, 5)], size, "") ||
	    !wire_send_body(&visitor->wire, 0, part)) {
		/* an early answer, or one that says that it is too large: both may come first */
		return;
	}
	switch (below(visitor, 4)) {
	case 0:
		wire_half_close(&visitor->wire);
		wire_await_end(&visitor->wire);
		break;
	case 1:
		wire_linger(&visitor->wire, below(visitor, 4));
		break;
	case 2:
		wire_reset(&visitor->wire);
		break;
	default:
		break;
	}
}

/* An answer that comes before the body was read. */
static void visit_early(struct visitor *visitor)
{
	bool file = below(visitor, 2);
	uint64_t size = below(visitor, 2000000);
	struct reply reply;
	bool go_on;

	if (send_header(visitor, file ? "/early-file" : "/early", size, ""))
		(void)wire_send_body(&visitor->wire, 0, size);
	if (hear(visitor, &reply, 200, false, &go_on))
		stress_check(file ? reply.size == CHAOS_FILE_SIZE
				  : strcmp(reply.text, "early\n") == 0,
			     "%llu bytes: %s", (unsigned long long)reply.size, reply.text);
}

static void visit_too_large(struct visitor *visitor)
{
	uint64_t size = CHAOS_BODY_LIMIT + 1 + below(visitor, 200000);
	struct reply reply;
	bool go_on;

	if (send_header(visitor, "/buffered", size, ""))
		(void)wire_send_body(&visitor->wire, 0, size);
	(void)hear(visitor, &reply, 413, false, &go_on);
}

static void visit_stream(struct visitor *visitor)
{
	uint64_t size = below(visitor, 500000);
	bool go_on = true;
	char target[64];
	struct reply reply;

	(void)snprintf(target, sizeof(target), "/stream?size=%llu&piece=%u&known=%u",
		       (unsigned long long)size, below(visitor, 8192), below(visitor, 2));
	if (ask(visitor, "GET", target, &reply, &go_on))
		stress_check(reply.size == size && reply.strange_at == size,
			     "%llu of %llu bytes, strange at %llu", (unsigned long long)reply.size,
			     (unsigned long long)size, (unsigned long long)reply.strange_at);
}

static void visit_file(struct visitor *visitor)
{
	struct reply reply;
	bool go_on;

	if (ask(visitor, "GET", "/file", &reply, &go_on))
		stress_check(reply.size == CHAOS_FILE_SIZE && reply.strange_at == CHAOS_FILE_SIZE,
			     "%llu bytes of the file", (unsigned long long)reply.size);
}

/* Takes some of an answer and leaves. */
static void visit_abandoning(struct visitor *visitor)
{
	static const char *const targets[] = {"/big", "/stream?size=1000000&piece=5000", "/file"};

	if (!wire_printf(&visitor->wire, "GET %s HTTP/1.1\r\nHost: chaos\r\n\r\n",
			 targets[below(visitor, 3)]))
		return;
	wire_linger(&visitor->wire, below(visitor, 4));
	wire_read_some(&visitor->wire, below(visitor, 100000));
	if (below(visitor, 2))
		wire_reset(&visitor->wire);
}

static void visit_malformed(struct visitor *visitor)
{
	static const char *const requests[] = {
		"GET /hello HTTP/1.1\r\n\r\n",
		"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"GARBAGE\r\n\r\n",
		"GET /no-such HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd",
		"DELETE /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
		"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
	};
	struct reply reply;

	if (!wire_printf(&visitor->wire, "%s", requests[below(visitor, 8)]))
		return;
	if (below(visitor, 2))
		wire_half_close(&visitor->wire);
	switch (wire_receive(&visitor->wire, &reply, false)) {
	case REPLY_WHOLE:
		stress_check(reply.status >= 400 && reply.status < 600, "status %d", reply.status);
		break;
	case REPLY_NONE: /* what cannot be understood need not be answered */
		break;
	case REPLY_BROKEN:
		stress_check(is_excused(visitor), "a broken refusal, status %d", reply.status);
		break;
	}
}

/* Says nothing, or not enough. */
static void visit_silent(struct visitor *visitor)
{
	static const char *const beginnings[] = {"", "G", "GET /hello HTT",
						 "GET /hello HTTP/1.1\r\nHost: cha"};

	if (!wire_printf(&visitor->wire, "%s", beginnings[below(visitor, 4)]))
		return;
	if (below(visitor, 3) == 0)
		wire_linger(&visitor->wire, below(visitor, 5));
	else if (atomic_load(&visitor->round->stopping))
		wire_await_end(&visitor->wire);
}

static void visit_stop(struct visitor *visitor)
{
	struct reply reply;
	bool go_on;

	if (visitor->round->stop_by != 1 || below(visitor, 20) > 0)
		return;
	(void)ask(visitor, "GET", below(visitor, 2) ? "/stop" : "/stop-inline", &reply, &go_on);
}

void chaos_visit(struct round *round, struct stress_random *random)
{
	static void (*const kinds[])(struct visitor *) = {
		visit_lines,     visit_lines,  visit_head,      visit_long,    visit_failing,
		visit_pipelined, visit_upload, visit_upload,    visit_chunked, visit_cut_short,
		visit_early,     visit_stream, visit_too_large, visit_file,    visit_abandoning,
		visit_malformed, visit_silent, visit_stop,
	};
	struct visitor visitor = {.round = round, .random = random};

	while (!atomic_load(&round->over) &&
	       wire_open(&visitor.wire, round->urls[below(&visitor, 2)])) {
		atomic_fetch_add(&round->tally.visits, 1);
		kinds[below(&visitor, sizeof(kinds) / sizeof(kinds[0]))](&visitor);
		if (visitor.wire.fd >= 0)
			wire_close(&visitor.wire);
	}
}

void chaos_visit_admin(struct round *round, struct stress_random *random)
{
	static const char *const targets[] = {"/admin/metrics", "/admin/sleep?us=300",
					      "/admin/metrics", "/hello"};
	struct visitor visitor = {.round = round, .random = random};

	while (!atomic_load(&round->over) && wire_open(&visitor.wire, round->admin)) {
		unsigned which = below(&visitor, 6);
		bool go_on = true;
		struct reply reply;

		if (which == 5) {
			if (send_header(&visitor, "/admin/count", 1000, ""))
				(void)wire_send_body(&visitor.wire, 0, below(&visitor, 1000));
		} else if (which == 4) {
			wire_linger(&visitor.wire, below(&visitor, 4));
		}
		for (int i = 0; which < 4 && i < 3 && go_on; i++) {
			if (!wire_printf(&visitor.wire, "GET %s HTTP/1.1\r\nHost: chaos\r\n\r\n",
					 targets[which]))
				break;
			go_on = wire_receive(&visitor.wire, &reply, false) == REPLY_WHOLE &&
				!reply.close;
		}
		if (visitor.wire.fd >= 0)
			wire_close(&visitor.wire);
	}
}
