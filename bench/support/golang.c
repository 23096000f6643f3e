/* golang.c: compiles the Go peers when a bench runs, without modules and without network. */
#include "golang.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "clock.h"
#include "guard.h"
#include "place.h"
#include "say.h"

#define BUILD_LIMIT (300 * BENCH_S)

int bench_golang_version(char *version, size_t size)
{
	char go[PATH_MAX];
	const char *argv[] = {go, "version", NULL};
	int result = bench_place_program(go, sizeof(go), "go");

	if (result != 0)
		return result;
	return bench_child_first_line(
		&(struct bench_child_options){.name = "go-version", .argv = argv},
		bench_now() + 30 * BENCH_S, version, size);
}

int bench_golang_path(const char *program, char *path, size_t size)
{
	int length = snprintf(path, size, "%s/go-%s", bench_guard_dir(), program);

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

/* Where compiled packages are kept when the environment gives no home to keep them in. */
static int cache_setting(char *setting, size_t size)
{
	int length;

	if (getenv("GOCACHE") || getenv("XDG_CACHE_HOME") || getenv("HOME"))
		length = snprintf(setting, size, "GOTOOLCHAIN=local");
	else
		length = snprintf(setting, size, "GOCACHE=%s/go-cache", bench_guard_dir());
	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

int bench_golang_build(const char *program)
{
	char go[PATH_MAX], name[64], source[PATH_MAX], path[PATH_MAX], cache[PATH_MAX], line[256];
	const char *argv[] = {go, "build", "-o", path, source, NULL};
	const char *env[] = {"GO111MODULE=off", "GOFLAGS=", "GOPROXY=off", cache, NULL};
	int result = bench_place_program(go, sizeof(go), "go");

	if (result != 0)
		return result;
	if (snprintf(name, sizeof(name), "peers/go/%s.go", program) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	result = bench_place_own(source, sizeof(source), name);
	if (result == 0)
		result = bench_golang_path(program, path, sizeof(path));
	if (result == 0)
		result = cache_setting(cache, sizeof(cache));
	if (result != 0)
		return result;
	bench_say("compiling the Go peer %s", program);
	result = bench_child_first_line(
		&(struct bench_child_options){.name = "go-build", .argv = argv, .env = env},
		bench_now() + BUILD_LIMIT, line, sizeof(line));
	if (result != 0)
		bench_say("cannot compile %s: %s", name, strerror(-result));
	return result;
}
