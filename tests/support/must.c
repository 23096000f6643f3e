/* support/must.c: see must.h. */
#include "support/must.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static void (*_Atomic more)(void);

void must_tell(void (*tell)(void))
{
	atomic_store(&more, tell);
}

void must_fail(const char *file, int line, const char *condition, const char *format, ...)
{
	void (*tell)(void);
	va_list args;

	fprintf(stderr, "%s:%d: not true: %s: ", file, line, condition);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	fflush(stderr);
	tell = atomic_exchange(&more, NULL);
	if (tell)
		tell();
	abort();
}

int must_poll_timeout(weir_time until)
{
	weir_time left = until - weir_now();

	if (left <= 0)
		return 0;
	left = (left + WEIR_MILLISECOND - 1) / WEIR_MILLISECOND;
	return left < INT_MAX ? (int)left : INT_MAX;
}

bool must_poll(int fd, short events, weir_time until)
{
	struct pollfd one = {.fd = fd, .events = events};
	int ready;

	do
		ready = poll(&one, 1, must_poll_timeout(until));
	while (ready < 0 && errno == EINTR);
	must(ready >= 0, "poll: errno %d", errno);
	return ready > 0;
}
