/* admin_token.c: see admin_token.h. */
#include "admin_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *path, const char *option, const char *what, char line[COMPLAIN_SIZE])
{
	(void)snprintf(line, COMPLAIN_SIZE, "weir: %s: %.300s: %s", option, path, what);
	complain_clean(line);
	return -EINVAL;
}

static const char *check_file(int fd)
{
	struct stat status;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return "is not a regular file";
	if (status.st_uid != geteuid() && status.st_uid != 0)
		return "belongs to somebody else";
	if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "can be used by others: chmod 600 it";
	return NULL;
}

/* What a token may consist of: b64token of RFC 6750, 2.1. */
static bool is_token(const char *text, size_t size)
{
	static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-._~+/=";
	return strspn(text, signs) == size;
}

int admin_token_read(const char *path, const char *option, struct admin_token *out,
		     char line[COMPLAIN_SIZE])
{
	char text[ADMIN_TOKEN_MAX + 3] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail(path, option, strerror(errno), line);
	const char *problem = check_file(fd);
	ssize_t size = problem == NULL ? read(fd, text, sizeof text - 1) : 0;
	(void)close(fd);
	if (problem != NULL)
		return fail(path, option, problem, line);
	if (size < 0)
		return fail(path, option, "cannot be read", line);
	while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
		text[--size] = '\0';
	if (size < ADMIN_TOKEN_MIN)
		return fail(path, option, "is too short: write 16 to 255 characters into it", line);
	if (size > ADMIN_TOKEN_MAX)
		return fail(path, option, "is too long: write 16 to 255 characters into it", line);
	if (!is_token(text, (size_t)size))
		return fail(path, option,
			    "has characters that a token cannot have: use letters, "
			    "digits and -._~+/=",
			    line);
	*out = (struct admin_token){.size = (size_t)size};
	memcpy(out->text, text, (size_t)size);
	return 0;
}

bool admin_token_matches(const struct admin_token *token, const char *given)
{
	char padded[sizeof token->text] = "";
	size_t size = given != NULL ? strnlen(given, sizeof padded) : 0;
	/* Both are compared to their ends, with what they are filled up with. */
	volatile unsigned char differs = size != token->size || token->size == 0;
	memcpy(padded, given != NULL ? given : "", size < sizeof padded ? size : 0);
	for (size_t i = 0; i < sizeof padded; i++)
		differs = (unsigned char)(differs | ((unsigned char)padded[i] ^
						     (unsigned char)token->text[i]));
	return differs == 0;
}
