/* stress/chaos/visits.c: what clients do. */
#include <stdio.h>
#include <string.h>

#include "visitor.h"

/* One request without a body; true if it was answered with 200 and may be followed. */
static bool ask(struct visitor *visitor, const char *method, const char *target,
		struct reply *reply, bool *go_on)
{
	*go_on = false;
	if (!wire_printf(&visitor->wire, "%s %s HTTP/1.1\r\nHost: chaos\r\n\r\n", method, target)) {
		/* The answer, if any, may be there all the same. */
		visitor_send_failed(visitor);
		return false;
	}
	return visitor_hear(visitor, reply, 200, strcmp(method, "HEAD") == 0, go_on);
}

static void visit_lines(struct visitor *visitor)
{
	static const struct {
		const char *target, *text;
	} lines[] = {{"/hello", "hello\n"},
		     {"/inline", "hello\n"},
		     {"/sleep?us=300", "slept\n"},
		     {"/polite", "bye\n"}};
	unsigned left = 1 + visitor_below(visitor, 6);
	bool go_on = true;

	while (left-- > 0 && go_on) {
		unsigned i = visitor_below(visitor, 4);
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
	unsigned left = 1 + visitor_below(visitor, 3);
	struct reply reply;
	bool go_on = true;

	while (left-- > 0 && go_on)
		(void)ask(visitor, "HEAD", targets[visitor_below(visitor, 4)], &reply, &go_on);
}

/* Handlers that may take long: the client may lose patience. */
static void visit_long(struct visitor *visitor)
{
	static const char *const targets[] = {"/forever", "/poll", "/stubborn",
					      "/late?us=30000000"};
	unsigned which = visitor_below(visitor, 4);
	struct reply reply;
	bool go_on;

	if (which == 2 && !visitor->round->stubborn)
		which = 3;
	if (!wire_printf(&visitor->wire, "GET %s HTTP/1.1\r\nHost: chaos\r\n\r\n",
			 targets[which])) {
		visitor_send_failed(visitor);
		return;
	}
	if (which < 2 && visitor_below(visitor, 3) > 0) {
		wire_linger(&visitor->wire, visitor_below(visitor, 4));
		return;
	}
	(void)visitor_hear(visitor, &reply,
			   which == 2   ? 200
			   : which == 3 ? 504
					: 503,
			   false, &go_on);
}

static void visit_failing(struct visitor *visitor)
{
	struct reply reply;
	bool go_on;

	if (wire_printf(&visitor->wire, "GET /fail HTTP/1.1\r\nHost: chaos\r\n\r\n"))
		(void)visitor_hear(visitor, &reply, 500, false, &go_on);
	else
		visitor_send_failed(visitor);
}

static void visit_pipelined(struct visitor *visitor)
{
	static const char requests[] = "GET /hello HTTP/1.1\r\nHost: chaos\r\n\r\n"
				       "GET /sleep?us=200 HTTP/1.1\r\nHost: chaos\r\n\r\n"
				       "POST /count HTTP/1.1\r\nHost: chaos\r\n"
				       "Content-Length: 3\r\n\r\nabc"
				       "GET /inline HTTP/1.1\r\nHost: chaos\r\n\r\n";
	bool half = visitor_below(visitor, 3) == 0;
	struct reply reply;
	bool go_on = true;

	if (!wire_send(&visitor->wire, requests, sizeof(requests) - 1)) {
		visitor_send_failed(visitor);
		return;
	}
	if (half)
		wire_half_close(&visitor->wire);
	for (int i = 0; i < 4 && go_on; i++)
		(void)visitor_hear(visitor, &reply, 200, false, &go_on);
}

static void visit_stream(struct visitor *visitor)
{
	uint64_t size = visitor_below(visitor, 500000);
	bool go_on = true;
	char target[64];
	struct reply reply;

	(void)snprintf(target, sizeof(target), "/stream?size=%llu&piece=%u&known=%u",
		       (unsigned long long)size, visitor_below(visitor, 8192),
		       visitor_below(visitor, 2));
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
			 targets[visitor_below(visitor, 3)]))
		return;
	wire_linger(&visitor->wire, visitor_below(visitor, 4));
	wire_read_some(&visitor->wire, visitor_below(visitor, 100000));
	if (visitor_below(visitor, 2))
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

	if (!wire_printf(&visitor->wire, "%s", requests[visitor_below(visitor, 8)]))
		return;
	if (visitor_below(visitor, 2))
		wire_half_close(&visitor->wire);
	switch (wire_receive(&visitor->wire, &reply, false)) {
	case REPLY_WHOLE:
		stress_check(reply.status >= 400 && reply.status < 600, "status %d", reply.status);
		break;
	case REPLY_NONE: /* what cannot be understood need not be answered */
		break;
	case REPLY_BROKEN:
		stress_check(visitor_is_excused(visitor), "a broken refusal, status %d",
			     reply.status);
		break;
	}
}

/* Says nothing, or not enough. */
static void visit_silent(struct visitor *visitor)
{
	static const char *const beginnings[] = {"", "G", "GET /hello HTT",
						 "GET /hello HTTP/1.1\r\nHost: cha"};

	if (!wire_printf(&visitor->wire, "%s", beginnings[visitor_below(visitor, 4)]))
		return;
	if (visitor_below(visitor, 3) == 0)
		wire_linger(&visitor->wire, visitor_below(visitor, 5));
	else if (atomic_load(&visitor->round->stopping))
		wire_await_end(&visitor->wire);
}

static void visit_stop(struct visitor *visitor)
{
	struct reply reply;
	bool go_on;

	if (visitor->round->stop_by != 1 || visitor_below(visitor, 20) > 0)
		return;
	(void)ask(visitor, "GET", visitor_below(visitor, 2) ? "/stop" : "/stop-inline", &reply,
		  &go_on);
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
	       wire_open(&visitor.wire, round->urls[visitor_below(&visitor, 2)])) {
		atomic_fetch_add(&round->tally.visits, 1);
		kinds[visitor_below(&visitor, sizeof(kinds) / sizeof(kinds[0]))](&visitor);
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
		unsigned which = visitor_below(&visitor, 6);
		bool go_on = true;
		struct reply reply;

		if (which == 5) {
			if (visitor_send_header(&visitor, "/admin/count", 1000, ""))
				(void)wire_send_body(&visitor.wire, 0,
						     visitor_below(&visitor, 1000));
		} else if (which == 4) {
			wire_linger(&visitor.wire, visitor_below(&visitor, 4));
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
