/* server/strict.h: HTTP/1.1 requests by the letter of RFC 9112, as a model to hold a lenient
 * parser against: where this one sees no request, no handler may see one.
 */
#ifndef WEIR_TESTS_FUZZ_STRICT_H
#define WEIR_TESTS_FUZZ_STRICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strict_request {
	const char *method, *target; /* not terminated */
	size_t method_size, target_size;
	bool whole; /* its body came to its end; what follows is known */
	uint64_t body_size, body_hash;
};

/* Reads the request at *at, and moves it behind. False: there is none whose header is whole and
 * well-formed; what follows is nothing either. */
bool strict_read(const char **at, const char *end, struct strict_request *out);

#define STRICT_HASH_EMPTY UINT64_C(14695981039346656037)
/* FNV-1a, of a body piece by piece. */
uint64_t strict_hash(uint64_t hash, const void *data, size_t size);

#endif
