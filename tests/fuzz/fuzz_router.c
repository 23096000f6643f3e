/* fuzz_router.c: patterns and paths (lib/src/http/router.c).
 *
 * Input: routes, one a line, then lines "?METHOD /path" that are looked up. Held against: a model
 * that has no tree. It compares a path with every pattern, segment by segment, and takes the
 * best by the rule of weir/server.h: from the left, a literal wins over {name}, {name} over
 * {name...}; in one place, the method itself over GET for HEAD over "*".
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/router.h"

static int handler(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)response;
	(void)token;
	return 0;
}

/* ---- the model ---- */

enum { SEGMENTS_MAX = 32 };

/* How well each segment of a path is met; smaller is better, from the left. */
enum { LITERAL = 1, PARAMETER, REST };

struct meeting {
	char rank[SEGMENTS_MAX + 2];
	int method;
	const char *at[SEGMENTS_MAX];
	size_t size[SEGMENTS_MAX], captures;
};

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *found;

	c = (char)(c >= 'A' && c <= 'F' ? c + 32 : c);
	found = c ? strchr(digits, c) : NULL;
	return found ? (int)(found - digits) : -1;
}

/* A raw segment against a literal one. An escape that is none, or of a control character, meets
 * nothing. */
static bool meets_literal(const char *raw, size_t size, const char *literal, size_t length)
{
	size_t i, n = 0;

	for (i = 0; i < size; i++, n++) {
		int c = (unsigned char)raw[i];

		if (c == '%') {
			if (size - i < 3 || digit(raw[i + 1]) < 0 || digit(raw[i + 2]) < 0)
				return false;
			c = digit(raw[i + 1]) * 16 + digit(raw[i + 2]);
			if (c < 32 || c == 127)
				return false;
			i += 2;
		}
		if (n == length || (unsigned char)literal[n] != c)
			return false;
	}
	return n == length;
}

static bool meets_path(const char *pattern, const char *path, struct meeting *out)
{
	size_t segment = 0;

	out->captures = 0;
	memset(out->rank, 0, sizeof(out->rank));
	while (*pattern) {
		size_t length = strcspn(++pattern, "/"), size;

		if (*path != '/')
			return false;
		size = strcspn(++path, "/");
		if (length >= 2 && pattern[0] == '{' &&
		    strncmp(pattern + length - 4, "...}", 4) == 0) {
			out->rank[segment] = REST;
			out->at[out->captures] = path;
			out->size[out->captures++] = strlen(path);
			return true;
		}
		if (length >= 2 && pattern[0] == '{') {
			if (size == 0)
				return false;
			out->rank[segment] = PARAMETER;
			out->at[out->captures] = path;
			out->size[out->captures++] = size;
		} else if (meets_literal(path, size, pattern, length)) {
			out->rank[segment] = LITERAL;
		} else {
			return false;
		}
		segment++;
		pattern += length;
		path += size;
	}
	return *path == '\0';
}

/* 1 to 3, or 0: not for this method. */
static int meets_method(const char *of_route, const char *method)
{
	if (strcmp(of_route, method) == 0)
		return 1;
	if (strcmp(method, "HEAD") == 0 && strcmp(of_route, "GET") == 0)
		return 2;
	return strcmp(of_route, "*") == 0 ? 3 : 0;
}

/* ---- the comparison ---- */

struct look {
	const char *method, *path;
	const struct weir__route *best;
	struct meeting meeting;
	bool path_known;
};

static void consider(void *arg, const struct weir__route *route)
{
	struct look *look = arg;
	struct meeting meeting;
	int order;

	if (!meets_path(strchr(route->pattern, ' ') + 1, look->path, &meeting))
		return;
	meeting.method = meets_method(route->method, look->method);
	if (meeting.method == 0) {
		look->path_known = true;
		return;
	}
	order = look->best ? strcmp(meeting.rank, look->meeting.rank) : -1;
	if (order < 0 || (order == 0 && meeting.method < look->meeting.method)) {
		look->best = route;
		look->meeting = meeting;
	}
}

static void look_up(const struct weir__router *router, const char *method, const char *path)
{
	struct look look = {.method = method, .path = path};
	char *copy = fuzz_string(path, strlen(path));
	struct weir__match match;
	size_t i;

	weir__router_each(router, consider, &look);
	weir__router_match(router, method, copy, strlen(copy), WEIR_SCOPE_PUBLIC, &match);
	FUZZ_CHECK(match.route == look.best);
	FUZZ_CHECK(match.route || !match.path_known == !look.path_known);
	FUZZ_CHECK(!match.route || (match.count == match.route->param_count &&
				    match.count == look.meeting.captures));
	for (i = 0; match.route && i < match.count; i++)
		FUZZ_CHECK(match.captures[i].size == look.meeting.size[i] &&
			   match.captures[i].data - copy == look.meeting.at[i] - path);
	free(copy);
}

/* What Allow names is what finds a route. */
static void check_allow(const struct weir__router *router, const char *path)
{
	char allow[256], *name, *rest;
	struct weir__match match;

	weir__router_allow(router, path, strlen(path), WEIR_SCOPE_PUBLIC, allow, sizeof(allow));
	for (name = strtok_r(allow, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
		weir__router_match(router, name, path, strlen(path), WEIR_SCOPE_PUBLIC, &match);
		FUZZ_CHECK(match.route);
	}
}

static void look_at(const struct weir__router *router, char *line)
{
	char *path = strchr(line, ' ');

	if (!path)
		return;
	*path++ = '\0';
	if (*path != '/')
		return;
	look_up(router, line, path);
	check_allow(router, path);
}

/* ---- adding ---- */

static void check_added(const char *pattern)
{
	const char *path = strchr(pattern, ' ');
	size_t segments = 0, parameters = 0;

	FUZZ_CHECK(path && path > pattern && path[1] == '/' && !strchr(path + 1, ' '));
	for (path++; *path; path++) {
		segments += *path == '/';
		parameters += *path == '{';
	}
	FUZZ_CHECK(segments <= SEGMENTS_MAX && parameters <= WEIR__MAX_PARAMS);
}

static void add(struct weir__router *router, const char *pattern)
{
	static const struct weir_route_options options;
	char all[256];
	int error = weir__router_add(router, pattern, handler, NULL, &options);

	FUZZ_CHECK(error == 0 || error == -EINVAL || error == -EEXIST);
	if (error == 0) {
		check_added(pattern);
		FUZZ_CHECK(weir__router_add(router, pattern, handler, NULL, &options) == -EEXIST);
	}
	weir__router_allow_all(router, WEIR_SCOPE_PUBLIC, all, sizeof(all));
	FUZZ_CHECK(strncmp(all, "OPTIONS", 7) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir__router router;
	struct fuzz_lines lines;
	size_t i;

	fuzz_lines_split(&lines, data, size);
	FUZZ_CHECK(weir__router_init(&router) == 0);
	for (i = 0; i < lines.count; i++) {
		if (lines.line[i][0] == '?')
			look_at(&router, lines.line[i] + 1);
		else
			add(&router, lines.line[i]);
	}
	weir__router_fini(&router);
	fuzz_lines_free(&lines);
	return 0;
}
