/* faults/subject.c: see subject.h. */
#include "faults/subject.h"

#include "support/client.h"
#include "support/metrics.h"
#include "support/must.h"
#include "support/reply.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define WORDS_MAX 32

void subject_prepare(struct subject *subject)
{
	char path[PATH_MAX + 16];

	*subject = (struct subject){.process = {.output = -1}};
	scratch_make(&subject->scratch);
	must(mkdirat(subject->scratch.fd, "root", 0755) == 0, "root: %s", strerror(errno));
	(void)snprintf(path, sizeof path, "%s/control", subject->scratch.path);
	subject->control = fault_control_make(path);
	(void)snprintf(subject->admin, sizeof subject->admin, "unix:%s/admin.sock",
		       subject->scratch.path);
}

/* In the environment of this program only while the process is started. */
static void start_shimmed(struct subject *subject, const char *const *argv)
{
	char path[PATH_MAX + 16];

	(void)snprintf(path, sizeof path, "%s/control", subject->scratch.path);
	fault_control_preload(WEIR_SHIM, path);
	process_start(&subject->process, subject->scratch.path, argv);
	fault_control_unload();
}

static bool has_ended(const struct subject *subject)
{
	siginfo_t info = {0};

	must(waitid(P_PID, (id_t)subject->process.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0,
	     "waitid: %s", strerror(errno));
	return info.si_pid != 0;
}

/* Who gives no answer and has ended fails the test, with what it has said. */
static void still_runs(struct subject *subject)
{
	int code;

	if (!has_ended(subject))
		return;
	code = process_wait(&subject->process);
	must_fail(__FILE__, __LINE__, "it still runs", "it has ended by itself, with %d:\n%s", code,
		  subject->process.text);
}

char *subject_ask(const struct subject *subject, const char *target)
{
	struct client client;
	struct reply reply;
	char request[128], *body = NULL;

	if (client_try_open(&client, subject->admin) != 0)
		return NULL;
	int length =
		snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: admin\r\n\r\n", target);
	if (client_send_up_to(&client, request, (size_t)length) == (size_t)length) {
		client_receive(&client, &reply);
		if (reply.status == 200 && reply.complete) {
			body = strdup(reply.body);
			must(body != NULL, "out of memory");
		}
		reply_free(&reply);
	}
	client_close(&client);
	return body;
}

/* Whether it became ready; else it has ended. */
static bool await_ready(const struct subject *subject)
{
	weir_time until = weir_after(MUST_PATIENCE);

	for (;;) {
		char *ready;
		if (has_ended(subject))
			return false;
		ready = subject_ask(subject, "/readyz");
		if (ready != NULL) {
			free(ready);
			return true;
		}
		must(weir_now() < until, "it neither became ready nor ended");
		poll(NULL, 0, 2); /* the state decides, never the time */
	}
}

static void put_words(const char **argv, size_t *count, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++) {
		must(*count < WORDS_MAX, "too many words");
		argv[(*count)++] = *words;
	}
}

bool subject_start_words(struct subject *subject, const char *const *words)
{
	const char *argv[WORDS_MAX + 1] = {WEIR_BINARY, "serve"};
	size_t count = 2;

	put_words(argv, &count, words);
	start_shimmed(subject, argv);
	if (!await_ready(subject))
		return false;
	(void)snprintf(subject->url, sizeof subject->url, "http://127.0.0.1:%u",
		       (unsigned)subject->control->ports[0]);
	(void)snprintf(subject->tls_url, sizeof subject->tls_url, "https://127.0.0.1:%u",
		       (unsigned)subject->control->ports[1]);
	return true;
}

bool subject_start(struct subject *subject, const char *const *options)
{
	const char *words[WORDS_MAX + 1] = {"--listen",       "127.0.0.1:0", "--root",
					    "root",           "--admin",     subject->admin,
					    "--drain-report", "report.json"};
	size_t count = 8;

	put_words(words, &count, options);
	return subject_start_words(subject, words);
}

static void check_accounts(const char *text)
{
	struct metrics_account account;

	metrics_account_parse(text, &account);
	metrics_account_check(&account);
}

void subject_idle(struct subject *subject)
{
	weir_time until = weir_after(MUST_PATIENCE);

	for (bool idle = false; !idle; poll(NULL, 0, 1)) {
		char *text = subject_ask(subject, "/metrics");
		idle = text != NULL && metrics_sum(text, "weir_requests_in_flight") == 0;
		if (text == NULL)
			still_runs(subject);
		must(idle || weir_now() < until, "a request does not end:\n%s",
		     text != NULL ? text : "");
		free(text);
	}
}

void subject_settle(struct subject *subject)
{
	weir_time until = weir_after(MUST_PATIENCE);

	for (bool settled = false; !settled; poll(NULL, 0, 1)) {
		char *text = subject_ask(subject, "/metrics");
		if (text != NULL) {
			settled = metrics_at_rest(text);
			check_accounts(text);
			must(weir_now() < until, "it does not come to rest:\n%s", text);
		}
		if (text == NULL)
			still_runs(subject);
		must(weir_now() < until, "it does not come to rest, nor tell its metrics");
		free(text);
	}
}

size_t subject_descriptors(const struct subject *subject)
{
	char path[64];
	size_t count = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/fd", (int)subject->process.pid);
	DIR *directory = opendir(path);
	must(directory != NULL, "%s: %s", path, strerror(errno));
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
		count += entry->d_name[0] != '.';
	(void)closedir(directory);
	return count;
}

size_t subject_children(const struct subject *subject)
{
	char path[64], pids[256];
	size_t count = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/task", (int)subject->process.pid);
	DIR *directory = opendir(path);
	must(directory != NULL, "%s: %s", path, strerror(errno));
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		(void)snprintf(path, sizeof path, "/proc/%d/task/%.16s/children",
			       (int)subject->process.pid, entry->d_name);
		FILE *file = fopen(path, "re"); /* fails for a thread that has just gone */
		count += file != NULL && fgets(pids, sizeof pids, file) != NULL;
		if (file != NULL)
			(void)fclose(file);
	}
	(void)closedir(directory);
	return count;
}

static uint64_t number_of(const char *report, const char *key)
{
	char pattern[64];
	int length = snprintf(pattern, sizeof pattern, "\"%s\":", key);
	const char *found = strstr(report, pattern);

	must(found != NULL, "no %s in %s", key, report);
	return strtoull(found + length, NULL, 10);
}

static void check_report(const struct subject *subject)
{
	size_t size;
	char *report = scratch_read(&subject->scratch, "report.json", &size);

	if (report == NULL) {
		/* A fault that persists may have struck the word about it, too. */
		must(strstr(subject->process.text, "report.json") != NULL ||
			     subject->control->times > 1,
		     "no report, and not a word about it:\n%s", subject->process.text);
		return;
	}
	must(number_of(report, "in_flight") + number_of(report, "arrived") ==
		     number_of(report, "answered") + number_of(report, "refused") +
			     number_of(report, "cancelled") + number_of(report, "cut") +
			     number_of(report, "abandoned"),
	     "the counts do not add up: %s", report);
	free(report);
}

int subject_wait(struct subject *subject)
{
	int code = process_wait(&subject->process);

	must(code == 0 || code == 3, "exit code %d:\n%s", code, subject->process.text);
	check_report(subject);
	return code;
}

int subject_stop(struct subject *subject)
{
	process_signal(&subject->process, SIGTERM);
	return subject_wait(subject);
}

void subject_free(struct subject *subject)
{
	process_free(&subject->process);
	fault_control_unmap(subject->control);
	scratch_remove(&subject->scratch);
}
