/* reloading.c: see reloading.h. */
#include "reloading.h"

#include "support/must.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 16

void reloading_write_all(struct app *app, const char *text)
{
	scratch_write(&app->scratch, "weir.yaml", text, strlen(text));
}

void reloading_write(struct app *app, const char *text)
{
	char *whole;
	must(asprintf(&whole,
		      "listeners:\n"
		      "  - address: unix:a.sock\n"
		      "  - {address: 'unix:admin.sock', admin: true}\n%s",
		      text) >= 0,
	     "out of memory");
	reloading_write_all(app, whole);
	free(whole);
}

void reloading_start(struct app *app, const char *const *options)
{
	const char *argv[WORDS_MAX + 1] = {WEIR_BINARY, "serve", "--config", "weir.yaml"};
	size_t count = 4;
	for (; options != NULL && *options != NULL; options++) {
		must(count < WORDS_MAX, "too many words");
		argv[count++] = *options;
	}
	process_start(&app->process, app->scratch.path, argv);
	must(snprintf(app->url, sizeof app->url, "unix:%s/a.sock", app->scratch.path) <
		     (int)sizeof app->url,
	     "the path is too long");
	process_await_line(&app->process, "ready ");
}

void reloading_reload(struct app *app, unsigned number)
{
	char line[64];
	process_signal(&app->process, SIGHUP);
	(void)snprintf(line, sizeof line, "reloaded generation=%u", number);
	process_await_line(&app->process, line);
}

const char *reloading_fail(struct app *app, unsigned number)
{
	char line[64];
	process_signal(&app->process, SIGHUP);
	(void)snprintf(line, sizeof line, "reload-failed generation=%u ", number);
	return process_await_line(&app->process, line);
}

char *reloading_get(const struct app *app, const char *target)
{
	struct reply reply;
	app_exchange(app, "GET", target, "", NULL, &reply);
	char *body = reply.status == 200 ? strdup(reply.body) : NULL;
	reply_free(&reply);
	return body;
}

void reloading_expect(const struct app *app, const char *target, const char *body)
{
	char *got = reloading_get(app, target);
	cr_assert_not_null(got, "%s: not 200", target);
	cr_assert_str_eq(got, body);
	free(got);
}

size_t reloading_descriptors(const struct app *app)
{
	char path[64];
	(void)snprintf(path, sizeof path, "/proc/%d/fd", (int)app->process.pid);
	DIR *directory = opendir(path);
	must(directory != NULL, "%s cannot be read", path);
	size_t count = 0;
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		char target[16] = "";
		ssize_t length =
			readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
		count += length > 0 && strncmp(target, "socket:", 7) != 0;
	}
	(void)closedir(directory);
	return count;
}

void reloading_await_descriptors(const struct app *app, size_t count)
{
	weir_time until = weir_after(MUST_PATIENCE);
	size_t now;
	while ((now = reloading_descriptors(app)) != count)
		must(weir_now() < until, "%zu descriptors are open, not %zu", now, count);
}
