/* stress/chaos/visitor.c: see visitor.h. */
#include "visitor.h"

unsigned visitor_below(struct visitor *visitor, unsigned limit)
{
	return stress_random_below(visitor->random, limit);
}

bool visitor_is_excused(const struct visitor *visitor)
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

bool visitor_hear(struct visitor *visitor, struct reply *reply, int expected, bool head,
		  bool *go_on)
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
		stress_check(visitor_is_excused(visitor), "no answer, but a %s",
			     visitor->wire.reset ? "reset" : "close");
		break;
	case REPLY_BROKEN:
		atomic_fetch_add(&tally->truncated, 1);
		stress_check(visitor_is_excused(visitor),
			     "a broken answer, status %d, %llu bytes, %s", reply->status,
			     (unsigned long long)reply->size,
			     visitor->wire.reset ? "reset" : "closed");
		break;
	}
	return false;
}

void visitor_send_failed(struct visitor *visitor)
{
	stress_check(visitor_is_excused(visitor), "the server took no request");
}

bool visitor_send_header(struct visitor *visitor, const char *target, uint64_t size,
			 const char *fields)
{
	return wire_printf(&visitor->wire,
			   "POST %s HTTP/1.1\r\nHost: chaos\r\nContent-Length: %llu\r\n%s\r\n",
			   target, (unsigned long long)size, fields);
}
