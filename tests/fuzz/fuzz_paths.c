/* fuzz_paths.c: paths as ways through directories and as URLs of an upstream
 * (app/handlers/path.h, proxy_url.h, route_pattern.h).
 *
 * Input: a target, then the path of a route on the next line; an upstream is asked for targets
 * that the server lets through. Held against: an accepted path
 * leads nowhere but down, whoever decodes it once more, and a request for an upstream stays
 * beneath the upstream's base.
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "handlers/path.h"
#include "handlers/proxy_url.h"
#include "handlers/route_pattern.h"
#include "http/target.h"

/* Of a path with its escapes decoded: whether a segment is "." or "..". */
static bool has_dots(const char *path)
{
	while (*path) {
		size_t length = strcspn(path, "/\\");

		if ((length == 1 && path[0] == '.') ||
		    (length == 2 && path[0] == '.' && path[1] == '.'))
			return true;
		path += length + (path[length] != '\0');
	}
	return false;
}

static void check_file(const char *text)
{
	struct path path;
	int error = path_parse(text, &path);

	FUZZ_CHECK(error == 0 || error == -EINVAL || error == -ENAMETOOLONG || error == -ENOENT);
	if (error)
		return;
	if (strcmp(text, "/") == 0) {
		FUZZ_CHECK(path.directory && strcmp(path.relative, ".") == 0);
		return;
	}
	FUZZ_CHECK(text[0] == '/' && path.relative == text + 1);
	FUZZ_CHECK(path.relative[0] != '/' && !strstr(path.relative, "//"));
	FUZZ_CHECK(strcmp(path.relative, "..") != 0 && strncmp(path.relative, "../", 3) != 0);
	FUZZ_CHECK(!strstr(text, "/../") && !strstr(text, "/./"));
	FUZZ_CHECK(strlen(text) < 3 || strcmp(text + strlen(text) - 3, "/..") != 0);
	FUZZ_CHECK(path.directory == (text[strlen(text) - 1] == '/'));
	FUZZ_CHECK(strlen(path.relative) < PATH_MAX);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *decoded(const char *from, size_t size)
{
	char *out = fuzz_string(from, size);
	size_t i, n = 0;

	for (i = 0; i < size; i++) {
		if (from[i] == '%' && size - i >= 3 && digit(from[i + 1]) >= 0 &&
		    digit(from[i + 2]) >= 0) {
			out[n] = (char)(digit(from[i + 1]) << 4 | digit(from[i + 2]));
			/* An upstream may read a NUL as any byte; here as one that ends nothing. */
			if (out[n] == '\0')
				out[n] = '?';
			n++;
			i += 2;
		} else {
			out[n++] = from[i];
		}
	}
	out[n] = '\0';
	return out;
}

static void check_proxy(const char *pattern, const char *target)
{
	static const char upstream[] = "http://upstream:8080/base";
	char *url = NULL, *path;
	size_t base = strlen(upstream);
	int error = proxy_url(upstream, pattern, target, &url);

	FUZZ_CHECK(error == 0 || error == -EINVAL);
	if (error)
		return;
	FUZZ_CHECK(strncmp(url, upstream, base) == 0);
	FUZZ_CHECK(url[base] == '\0' || url[base] == '/' || url[base] == '?');
	FUZZ_CHECK(!strpbrk(url, " \t#\\"));
	path = decoded(url + base, strcspn(url + base, "?"));
	FUZZ_CHECK(!has_dots(path));
	/* The query goes along as it is. */
	FUZZ_CHECK(!strchr(url, '?') || strcmp(strchr(url, '?'), strchr(target, '?')) == 0);
	free(path);
	free(url);
}

static void check_pattern(const char *pattern)
{
	size_t length;
	const char *rest = route_pattern_rest(pattern, &length);
	int prefix = route_pattern_prefix(pattern);

	FUZZ_CHECK(!rest ||
		   (rest > pattern && rest[-1] == '{' && strcmp(rest + length, "...}") == 0));
	FUZZ_CHECK(!rest || route_pattern_has(pattern, rest, length));
	FUZZ_CHECK(prefix < 0 || (rest && pattern[prefix] == '/' && pattern + prefix + 2 == rest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir__target split;
	struct fuzz_lines lines;

	fuzz_lines_split(&lines, data, size);
	if (lines.count >= 1)
		check_file(lines.line[0]);
	if (lines.count >= 2 && lines.line[1][0] == '/') {
		check_pattern(lines.line[1]);
		if (weir__target_split(lines.line[0], &split) == 0)
			check_proxy(lines.line[1], lines.line[0]);
	}
	fuzz_lines_free(&lines);
	return 0;
}
