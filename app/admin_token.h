/* admin_token.h: the word that opens an admin listener on TCP.
 *
 * It is read once, from a file that nobody else may read, and appears nowhere again: not in the
 * log, not in /status, not among the arguments. */
#ifndef WEIR_APP_ADMIN_TOKEN_H
#define WEIR_APP_ADMIN_TOKEN_H

#include "complain.h"

#include <stdbool.h>
#include <stddef.h>

#define ADMIN_TOKEN_MAX 255
#define ADMIN_TOKEN_MIN 16

struct admin_token {
	size_t size; /* 0: there is none */
	char text[ADMIN_TOKEN_MAX + 1];
};

/** Reads it. A newline at its end is not part of it. Returns 0, or -EINVAL with the line to print:
 *  no regular file of this user's, others may read it, too short, too long, or characters that a
 *  header field cannot have (RFC 6750, 2.1). `option` is what the file was given by. */
int admin_token_read(const char *path, const char *option, struct admin_token *out,
		     char line[COMPLAIN_SIZE]);

/** Whether `given`, which may be NULL, is the token. Takes as long for every `given` of up to
 *  ADMIN_TOKEN_MAX bytes, whatever is in it. */
bool admin_token_matches(const struct admin_token *token, const char *given);

#endif
