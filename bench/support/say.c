/* say.c: progress and complaints, one line each. */
#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void bench_say(const char *format, ...)
{
	char text[512];
	va_list list;
	int size;

	va_start(list, format);
	size = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	/* Nobody is left to tell when stderr itself fails. */
	(void)fprintf(stderr, "%s: %s\n", program_invocation_short_name,
		      size < 0 ? "(a message that cannot be printed)" : text);
}
