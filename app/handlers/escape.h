/* escape.h: text of others inside HTML and inside URLs. */
#ifndef WEIR_APP_ESCAPE_H
#define WEIR_APP_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/** Writes `text` so that it is text between tags and inside quoted attributes, and nothing
 *  more. Control characters become U+FFFD. Errors stay in the stream. */
void escape_html(FILE *stream, const char *text);

/** Writes `path` percent-encoded: everything but unreserved characters and '/'. */
void escape_url(FILE *stream, const char *path);

/** Like escape_url(), as a string, which is malloc()ed and the caller's to free; NULL if
 *  there is no memory. */
char *escape_url_copy(const char *path);

#endif
