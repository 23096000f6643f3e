/* utf8.h: is it UTF-8? (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF.) */
#ifndef WEIR_APP_UTF8_H
#define WEIR_APP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_valid(const char *text, size_t size);

#endif
