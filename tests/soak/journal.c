/* journal.c: the log of all servers, which write into one pipe; a thread reads it, keeps it in
 * server.log, and counts what the conductor waits for.
 *
 * The servers write JSON, a line for each event, and their drain report as one line at the end.
 * What a sanitizer says is not JSON, nor is what the proxy's upstream says, which thus is in no
 * sum.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "soak.h"
#include "support/must.h"

#define LINE_MAX_SIZE ((size_t)1 << 20) /* a drain report with stacks */
#define PATIENCE_S 60

struct word {
	const char *text;
	size_t offset; /* of the counter in the journal */
};

#define COUNTER(field) offsetof(struct soak_journal, field)

static const struct word words[] = {
	{"\"event\":\"ready\"", COUNTER(ready)},
	{"\"event\":\"upgraded\"", COUNTER(upgraded)},
	{"\"event\":\"reloaded\"", COUNTER(reloaded)},
	{"\"event\":\"reload-failed\"", COUNTER(reload_failed)},
	{"\"event\":\"upgrade-failed\"", COUNTER(upgrade_failed)},
	{"ERROR: AddressSanitizer", COUNTER(sanitizer)},
	{"ERROR: LeakSanitizer", COUNTER(sanitizer)},
	{"WARNING: ThreadSanitizer", COUNTER(sanitizer)},
	{"runtime error: ", COUNTER(sanitizer)},
};

/* The number after `key`, which has to be there. */
static uint64_t number(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	must(at != NULL, "there is no %s in %s", key, text);
	return strtoull(at + strlen(key), NULL, 10);
}

static void take_report(struct soak_journal *journal, const char *line)
{
	const char *served = strstr(line, "\"since_start\":");
	struct soak_account *sum = &journal->ended;
	char key[24];

	must(served != NULL, "a report without counters: %s", line);
	journal->reports++;
	if (strncmp(line, "{\"outcome\":\"forced\"", 19) == 0)
		journal->forced++;
	else if (strncmp(line, "{\"outcome\":\"clean\"", 18) != 0)
		journal->not_clean++;
	sum->abandoned += number(line, "\"abandoned\":");
	sum->accepted += number(served, "\"accepted\":");
	sum->answered += number(served, "\"answered\":");
	sum->refused += number(served, "\"refused\":");
	sum->cancelled += number(served, "\"cancelled\":");
	sum->cut += number(served, "\"cut\":");
	for (int i = 1; i < SOAK_CLASSES; i++) {
		(void)snprintf(key, sizeof(key), "\"%dxx\":", i);
		sum->responses[i] += number(served, key);
	}
}

static void copy_url(char out[64], const char *from)
{
	(void)snprintf(out, 64, "%.*s", (int)strcspn(from, "\""), from);
}

static void take_upstream(struct soak_journal *journal, const char *line)
{
	if (strncmp(line, "listening url=", 14) == 0)
		copy_url(journal->upstream, line + 14);
	if (strncmp(line, "ready ", 6) == 0)
		journal->upstream_ready++;
}

static void take_line(struct soak *soak, const char *line)
{
	static const char tcp[] = "\"url\":\"http://";
	struct soak_journal *journal = &soak->journal;
	const char *url = strstr(line, tcp), *tls = strstr(line, "\"url\":\"https://");

	must(pthread_mutex_lock(&soak->lock) == 0, "lock");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strstr(line, words[i].text) != NULL)
			++*(unsigned *)((char *)journal + words[i].offset);
	}
	take_upstream(journal, line);
	if (strstr(line, "\"event\":\"listening\"") != NULL && url != NULL)
		copy_url(journal->url, url + 7);
	if (strstr(line, "\"event\":\"listening\"") != NULL && tls != NULL)
		copy_url(journal->tls_url, tls + 7);
	if (strstr(line, "\"event\":\"upgraded\"") != NULL)
		journal->upgraded_to = (pid_t)number(line, "\"pid\":\"");
	if (strncmp(line, "{\"outcome\":", 11) == 0)
		take_report(journal, line);
	must(pthread_cond_broadcast(&soak->changed) == 0, "broadcast");
	must(pthread_mutex_unlock(&soak->lock) == 0, "unlock");
}

static void keep(int file, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t part = write(file, data, size);

		must(part > 0, "server.log: %s", strerror(errno));
		data += part;
		size -= (size_t)part;
	}
}

static void *read_journal(void *arg)
{
	struct soak *soak = arg;
	char *text = malloc(LINE_MAX_SIZE + 1);
	size_t size = 0;
	ssize_t part;

	must(text != NULL, "no memory");
	while ((part = read(soak->journal.pipe, text + size, LINE_MAX_SIZE - size)) > 0) {
		char *line = text, *end;

		keep(soak->journal.file, text + size, (size_t)part);
		size += (size_t)part;
		text[size] = '\0';
		while ((end = strchr(line, '\n')) != NULL) {
			*end = '\0';
			take_line(soak, line);
			line = end + 1;
		}
		size -= (size_t)(line - text);
		memmove(text, line, size);
		must(size < LINE_MAX_SIZE, "a line of the log does not end");
	}
	must(part == 0, "reading the log: %s", strerror(errno));
	free(text);
	return NULL;
}

void soak_journal_open(struct soak *soak)
{
	int ends[2];

	must(pipe2(ends, O_CLOEXEC) == 0, "pipe: %s", strerror(errno));
	soak->journal.pipe = ends[0];
	soak->journal.file = openat(soak->scratch.fd, "server.log",
				    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	must(soak->journal.file >= 0, "server.log: %s", strerror(errno));
	/* All that is started from here on inherits it; this process has nothing to say there. */
	must(dup2(ends[1], STDOUT_FILENO) >= 0, "dup2: %s", strerror(errno));
	must(close(ends[1]) == 0, "close");
	must(pthread_create(&soak->journal.thread, NULL, read_journal, soak) == 0, "no thread");
}

void soak_journal_close(struct soak *soak)
{
	must(close(STDOUT_FILENO) == 0, "close");
	must(pthread_join(soak->journal.thread, NULL) == 0, "join");
	must(close(soak->journal.pipe) == 0 && close(soak->journal.file) == 0, "close");
}

void soak_journal_await(struct soak *soak, const unsigned *counter, unsigned value,
			const char *what)
{
	struct timespec limit;

	must(clock_gettime(CLOCK_REALTIME, &limit) == 0, "clock");
	limit.tv_sec += PATIENCE_S;
	must(pthread_mutex_lock(&soak->lock) == 0, "lock");
	while (*counter < value)
		must(pthread_cond_timedwait(&soak->changed, &soak->lock, &limit) == 0,
		     "%s/server.log does not say: %s", soak->scratch.path, what);
	must(pthread_mutex_unlock(&soak->lock) == 0, "unlock");
}

unsigned soak_journal_get(struct soak *soak, const unsigned *counter)
{
	unsigned value;

	must(pthread_mutex_lock(&soak->lock) == 0, "lock");
	value = *counter;
	must(pthread_mutex_unlock(&soak->lock) == 0, "unlock");
	return value;
}
