/* escape.c: see escape.h. */
#include "escape.h"
#include "text_stream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD in UTF-8 */

static const char hex[] = "0123456789ABCDEF";

void escape_html(FILE *stream, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		switch (c) {
		case '&':
			fputs("&amp;", stream);
			break;
		case '<':
			fputs("&lt;", stream);
			break;
		case '>':
			fputs("&gt;", stream);
			break;
		case '"':
			fputs("&quot;", stream);
			break;
		case '\'':
			fputs("&#39;", stream);
			break;
		default:
			if (c < 0x20 || c == 0x7f)
				fputs(REPLACEMENT, stream);
			else
				fputc(c, stream);
		}
	}
}

/* RFC 3986, 2.3, and the slash. */
static bool plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~/", c) != NULL);
}

void escape_url(FILE *stream, const char *path)
{
	for (; *path != '\0'; path++) {
		unsigned char c = (unsigned char)*path;
		if (plain(c))
			fputc(c, stream);
		else
			fprintf(stream, "%%%c%c", hex[c >> 4], hex[c & 15]);
	}
}

char *escape_url_copy(const char *path)
{
	struct text_stream text;
	char *copy;
	if (text_stream_open(&text) != 0)
		return NULL;
	escape_url(text.stream, path);
	return text_stream_close(&text, &copy, NULL) == 0 ? copy : NULL;
}
