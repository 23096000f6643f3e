/* server.c: the configuration, and the processes that serve it one after the other. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/report.h>

#include "soak.h"
#include "support/client.h"
#include "support/must.h"
#include "support/reply.h"

#ifdef SOAK_TLS
#include "support/tls.h"

#define TLS_LISTENER "  - address: https://127.0.0.1:0\n"
#define TLS_ARGUMENTS "--tls-cert", "tls.pem", "--tls-key", "tls.key",

void soak_certify(struct soak *soak)
{
	static const char *const hosts[] = {"localhost", NULL};

	tls_make_certificate(&soak->scratch, "tls", "soak", hosts, NULL);
}
#else
#define TLS_LISTENER ""
#define TLS_ARGUMENTS

void soak_certify(struct soak *soak)
{
	(void)soak;
}
#endif

/* The variant has another period of events, one route and one listener more. */
static const char configuration[] =
	"listeners:\n"
	"  - address: 127.0.0.1:0\n"
	"  - address: unix:public.sock\n"
	"%s%s"
	"  - {address: \"unix:admin.sock\", admin: true}\n"
	"workers: 32\n"
	"timeouts: {grace: 20s, drain_timeout: 25s, header: 2s, body: 2s, keepalive: 5s, write: "
	"5s}\n"
	"log: {format: json}\n"
	"databases:\n"
	"  - name: notes\n"
	"    url: notes.db\n"
	"    setup: [\"CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, text TEXT NOT "
	"NULL)\"]\n"
	"statements:\n"
	"  - name: list\n"
	"    database: notes\n"
	"    sql: SELECT id, text FROM note ORDER BY id DESC LIMIT 5\n"
	"  - name: add\n"
	"    database: notes\n"
	"    sql: INSERT INTO note (text) VALUES (:text) RETURNING id\n"
	"    parameters: [{name: text, in: body, type: text}]\n"
	"routes:\n"
	"  - {path: \"/files/{path...}\", kind: files, root: files}\n"
	"  - {path: /events, kind: events, every: %s, retry: 1s}\n"
	"  - {path: /count, kind: run, command: [wc, -c], body_limit: 64KiB}\n"
	"  - {path: /notes, kind: query, statement: list}\n"
	"  - {path: /notes, kind: query, method: POST, statement: add}\n"
	"  - {path: \"/mirror/{path...}\", kind: proxy, upstream: \"%s\"}\n"
	"  - {path: /echo, kind: websocket, mode: echo}\n"
	"  - {path: \"/rooms/{room}\", kind: websocket, mode: room}\n"
	"%s"
	"%s";

void soak_configure(struct soak *soak, bool broken)
{
	char text[4096];
	int size = snprintf(
		text, sizeof(text), configuration, TLS_LISTENER,
		soak->variant ? "  - address: unix:extra.sock\n" : "",
		soak->variant ? "10ms" : "20ms", soak->journal.upstream,
		soak->variant ? "  - {path: /extra, kind: run, method: GET, command: [date]}\n"
			      : "",
		broken ? "nonsense: true\n" : "");

	must(size > 0 && (size_t)size < sizeof(text), "the configuration is too long");
	scratch_write(&soak->scratch, "weir.yaml", text, (size_t)size);
}

static _Noreturn void become(const struct soak *soak, pid_t parent, const char *const argv[])
{
	/* Whoever follows in an upgrade is ended by main()'s guard. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
	    dup2(STDOUT_FILENO, STDERR_FILENO) < 0 || fchdir(soak->scratch.fd) != 0)
		_exit(126);
	(void)execv(argv[0], (char *const *)argv);
	_exit(127);
}

static pid_t start(const struct soak *soak, const char *const argv[])
{
	pid_t parent = getpid(), pid = fork();

	must(pid >= 0, "fork: %s", strerror(errno));
	if (pid == 0)
		become(soak, parent, argv);
	return pid;
}

static void note_pid(struct soak *soak, pid_t pid)
{
	must(soak->pid_count < SOAK_PROCESSES, "too many processes");
	soak->pids[soak->pid_count++] = pid;
	soak->started++;
	soak->replaced_at = weir_now();
}

static pid_t serving(const struct soak *soak)
{
	must(soak->pid_count > 0, "nothing serves");
	return soak->pids[soak->pid_count - 1];
}

void soak_upstream_start(struct soak *soak)
{
	const char *const argv[] = {soak->weir, "serve",    "--listen", "127.0.0.1:0",
				    "--root",   "upstream", NULL};

	soak->upstream_pid = start(soak, argv);
	soak_journal_await(soak, &soak->journal.upstream_ready, 1, "ready (upstream)");
}

void soak_upstream_stop(struct soak *soak)
{
	int status;

	must(kill(soak->upstream_pid, SIGTERM) == 0 &&
		     waitpid(soak->upstream_pid, &status, 0) == soak->upstream_pid,
	     "upstream: %s", strerror(errno));
	soak->bad_exits += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void tell_clients(struct soak *soak)
{
	must(pthread_mutex_lock(&soak->lock) == 0, "lock");
	soak->epoch++;
	must(pthread_cond_broadcast(&soak->changed) == 0, "broadcast");
	must(pthread_mutex_unlock(&soak->lock) == 0, "unlock");
}

void soak_server_start(struct soak *soak)
{
	const char *const argv[] = {soak->weir, "serve", "--config", "weir.yaml",
				    TLS_ARGUMENTS NULL};
	unsigned ready = soak_journal_get(soak, &soak->journal.ready);

	note_pid(soak, start(soak, argv));
	soak_journal_await(soak, &soak->journal.ready, ready + 1, "ready");
	tell_clients(soak);
}

static void count_exit(struct soak *soak, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	soak->forced_exits += code == WEIR_FORCED;
	soak->bad_exits += code != WEIR_CLEAN && code != WEIR_FORCED;
}

/* Oldest first: who came by an upgrade becomes this process's child only when those before it have
 * ended. */
void soak_server_reap(struct soak *soak, bool all)
{
	unsigned ended = 0;

	while (ended < soak->pid_count - (all ? 0 : 1)) {
		int status;
		pid_t pid = waitpid(soak->pids[ended], &status, all ? 0 : WNOHANG);

		if (pid == 0)
			break;
		must(pid > 0, "waitpid %d: %s", (int)soak->pids[ended], strerror(errno));
		count_exit(soak, status);
		ended++;
	}
	soak->pid_count -= ended;
	memmove(soak->pids, soak->pids + ended, soak->pid_count * sizeof(soak->pids[0]));
}

void soak_server_signal(const struct soak *soak, int number)
{
	must(kill(serving(soak), number) == 0, "kill: %s", strerror(errno));
}

void soak_server_stop(struct soak *soak, bool hurry)
{
	soak_server_signal(soak, SIGTERM);
	if (hurry)
		soak_server_signal(soak, SIGTERM);
	soak_server_reap(soak, true);
}

void soak_server_upgrade(struct soak *soak, bool by_signal)
{
	unsigned upgraded = soak_journal_get(soak, &soak->journal.upgraded);

	if (by_signal)
		soak_server_signal(soak, SIGUSR2);
	else
		must(soak_admin(soak, "POST", "/upgrade", NULL) == 200, "POST /upgrade");
	soak_journal_await(soak, &soak->journal.upgraded, upgraded + 1, "upgraded");
	note_pid(soak, soak->journal.upgraded_to);
}

int soak_admin(const struct soak *soak, const char *method, const char *target, char **body)
{
	struct client client;
	struct reply reply;
	int status;

	client_open(&client, soak->admin_url);
	client_printf(&client, "%s %s HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n\r\n", method,
		      target);
	client_receive(&client, &reply);
	must(reply.complete, "%s %s: no whole answer", method, target);
	status = reply.status;
	if (body) {
		*body = strdup(reply.body);
		must(*body != NULL, "no memory");
	}
	reply_free(&reply);
	client_close(&client);
	return status;
}

static unsigned count_entries(const char *path)
{
	DIR *directory = opendir(path);
	unsigned count = 0;

	must(directory != NULL, "%s: %s", path, strerror(errno));
	while (readdir(directory))
		count++;
	must(closedir(directory) == 0, "closedir");
	return count - 2; /* "." and ".." */
}

void soak_vitals_read(const struct soak *soak, struct soak_vitals *vitals)
{
	unsigned long long pages = 0;
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)serving(soak));
	vitals->descriptors = count_entries(path);
	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)serving(soak));
	vitals->threads = count_entries(path);
	(void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)serving(soak));
	file = fopen(path, "re");
	must(file != NULL && fscanf(file, "%*u %llu", &pages) == 1, "%s cannot be read", path);
	must(fclose(file) == 0, "fclose");
	vitals->memory = pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
