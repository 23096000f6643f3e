/* stress/chaos/uploads.c: visits with a body. */
#include <stdlib.h>
#include <string.h>

#include "visitor.h"

/* A whole body, in one piece or with pauses, perhaps with a half-close behind it. */
void visit_upload(struct visitor *visitor)
{
	static const char *const targets[] = {"/count", "/buffered", "/echo", "/inline"};
	unsigned which = visitor_below(visitor, 4);
	uint64_t size = visitor_below(visitor, which % 2 ? CHAOS_BODY_LIMIT : 400000);
	uint64_t first = visitor_below(visitor, (unsigned)size + 1);
	const char *fields = visitor_below(visitor, 4) == 0 ? "Expect: 100-continue\r\n" : "";
	struct reply reply;
	bool sent, go_on;

	sent = visitor_send_header(visitor, targets[which], size, fields) &&
	       wire_send_body(&visitor->wire, 0, first);
	if (sent && visitor_below(visitor, 3) == 0)
		wire_linger(&visitor->wire, visitor_below(visitor, 3));
	sent = sent && wire_send_body(&visitor->wire, first, size - first);
	if (!sent)
		visitor_send_failed(visitor);
	else if (visitor_below(visitor, 3) == 0)
		wire_half_close(&visitor->wire);
	if (!visitor_hear(visitor, &reply, 200, false, &go_on))
		return;
	if (which == 2)
		stress_check(reply.size == size && reply.strange_at == size,
			     "echoed %llu of %llu bytes", (unsigned long long)reply.size,
			     (unsigned long long)size);
	else
		stress_check(strtoull(reply.text, NULL, 10) == size, "sent %llu, counted %s",
			     (unsigned long long)size, reply.text);
}

void visit_chunked(struct visitor *visitor)
{
	unsigned chunks = visitor_below(visitor, 30);
	uint64_t size = 0;
	struct reply reply;
	bool go_on;
	bool sent = wire_printf(&visitor->wire, "POST /count HTTP/1.1\r\nHost: chaos\r\n"
						"Transfer-Encoding: chunked\r\n\r\n");

	while (sent && chunks-- > 0) {
		unsigned n = 1 + visitor_below(visitor, 9000);

		sent = wire_printf(&visitor->wire, "%x\r\n", n) &&
		       wire_send_body(&visitor->wire, size, n) &&
		       wire_send(&visitor->wire, "\r\n", 2);
		size += n;
	}
	if (!sent || !wire_send(&visitor->wire, "0\r\n\r\n", 5))
		visitor_send_failed(visitor);
	if (visitor_hear(visitor, &reply, 200, false, &go_on))
		stress_check(strtoull(reply.text, NULL, 10) == size, "sent %llu, counted %s",
			     (unsigned long long)size, reply.text);
}

/* A body that does not come to its end. */
void visit_cut_short(struct visitor *visitor)
{
	static const char *const targets[] = {"/count", "/buffered", "/echo", "/early", "/late"};
	uint64_t size = 1 + visitor_below(visitor, 300000);
	uint64_t part = visitor_below(visitor, (unsigned)size);

	if (!visitor_send_header(visitor, targets[visitor_below(visitor, 5)], size, "") ||
	    !wire_send_body(&visitor->wire, 0, part)) {
		/* an early answer, or one that says that it is too large: both may come first */
		return;
	}
	switch (visitor_below(visitor, 4)) {
	case 0:
		wire_half_close(&visitor->wire);
		wire_await_end(&visitor->wire);
		break;
	case 1:
		wire_linger(&visitor->wire, visitor_below(visitor, 4));
		break;
	case 2:
		wire_reset(&visitor->wire);
		break;
	default:
		break;
	}
}

/* An answer that comes before the body was read. */
void visit_early(struct visitor *visitor)
{
	bool file = visitor_below(visitor, 2);
	uint64_t size = visitor_below(visitor, 2000000);
	struct reply reply;
	bool go_on;

	if (visitor_send_header(visitor, file ? "/early-file" : "/early", size, ""))
		(void)wire_send_body(&visitor->wire, 0, size);
	if (visitor_hear(visitor, &reply, 200, false, &go_on))
		stress_check(file ? reply.size == CHAOS_FILE_SIZE
				  : strcmp(reply.text, "early\n") == 0,
			     "%llu bytes: %s", (unsigned long long)reply.size, reply.text);
}

void visit_too_large(struct visitor *visitor)
{
	uint64_t size = CHAOS_BODY_LIMIT + 1 + visitor_below(visitor, 200000);
	struct reply reply;
	bool go_on;

	if (visitor_send_header(visitor, "/buffered", size, ""))
		(void)wire_send_body(&visitor->wire, 0, size);
	(void)visitor_hear(visitor, &reply, 413, false, &go_on);
}
