/* problem.c: see problem.h. */
#include "problem.h"
#include "json_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE 501

static int make(struct json_text *text, const char *line)
{
	json_text_raw(text, "{\"error\":", 9);
	json_text_string(text, line, strlen(line));
	json_text_raw(text, "}\n", 2);
	return text->failed ? -ENOMEM : 0;
}

int problem(weir_response *response, int status, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	if (vsnprintf(line, sizeof line, format, arguments) < 0)
		line[0] = '\0';
	va_end(arguments);

	struct json_text text = {0};
	int error = make(&text, line);
	if (error == 0)
		error = weir_response_status(response, status);
	if (error == 0)
		error = weir_response_header(response, "Content-Type", "application/json");
	if (error == 0)
		error = weir_response_body(response, text.data, text.size);
	json_text_free(&text);
	return error;
}
