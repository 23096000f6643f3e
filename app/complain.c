/* complain.c: see complain.h. */
#include "complain.h"
#include "write_all.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void complain_clean(char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 0x20 || c == 0x7f)
			*text = '?';
	}
}

void complain(const char *format, ...)
{
	char line[COMPLAIN_SIZE];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line, sizeof line - 1, format, arguments);
	va_end(arguments);
	if (length < 0)
		line[0] = '\0';
	complain_clean(line);
	size_t end = strlen(line);
	line[end] = '\n';
	/* If stderr is gone too, there is nobody left to tell. */
	(void)write_all(STDERR_FILENO, line, end + 1);
}
