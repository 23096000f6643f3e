/* utf8.c: see utf8.h. */
#include "utf8.h"

#include <stdint.h>

/* The length of the sequence that `lead` begins, and the least code point it may be used
 * for; 0: it begins none. */
static size_t sequence(unsigned char lead, uint32_t *point, uint32_t *least)
{
	if (lead < 0x80) {
		*point = lead;
		*least = 0;
		return 1;
	}
	if ((lead & 0xe0) == 0xc0) {
		*point = lead & 0x1f;
		*least = 0x80;
		return 2;
	}
	if ((lead & 0xf0) == 0xe0) {
		*point = lead & 0x0f;
		*least = 0x800;
		return 3;
	}
	if ((lead & 0xf8) == 0xf0) {
		*point = lead & 0x07;
		*least = 0x10000;
		return 4;
	}
	return 0;
}

bool utf8_valid(const char *text, size_t size)
{
	const unsigned char *bytes = (const unsigned char *)text;
	for (size_t at = 0; at < size;) {
		uint32_t point, least;
		size_t length = sequence(bytes[at], &point, &least);
		if (length == 0 || length > size - at)
			return false;
		for (size_t i = 1; i < length; i++) {
			if ((bytes[at + i] & 0xc0) != 0x80)
				return false;
			point = point << 6 | (bytes[at + i] & 0x3f);
		}
		if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
			return false;
		at += length;
	}
	return true;
}
