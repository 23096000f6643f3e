/* main.c: soak: see soak.h. Exits with 0 if all was as it should be, with 1 if not, with 2 after
 * wrong usage.
 *
 * The soak runs in a child. Its parent, to which every process comes whose own parent has ended,
 * waits for it and then ends what is left, however the soak has ended; if that was by a failure,
 * what the server is about is written down before. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soak.h"
#include "support/must.h"

static const struct argp_option options[] = {
	{"weir", 'w', "FILE", 0, "The binary (default: that of this build)", 0},
	{"minutes", 'm', "N", 0, "How long (default 1)", 0},
	{"seconds", 's', "N", 0, "How long, instead", 0},
	{"seed", 'r', "N", 0, "Of all that is random (default: the time)", 0},
	{"clients", 'c', "N", 0, "Well-behaved clients (default 8)", 0},
	{"hostile", 'x', "N", 0, "Hostile clients (default 4)", 0},
	{"sanitized", 'z', NULL, 0, "The binary is built with a sanitizer: do not judge memory", 0},
	{"out", 'o', "DIR", 0, "Write soak.json there, and leave the servers' log", 0},
	{0}};

static unsigned number(struct argp_state *state, const char *text, unsigned long least,
		       unsigned long most)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < least || value > most)
		argp_error(state, "\"%s\" is not a number from %lu to %lu", text, least, most);
	return (unsigned)value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct soak *soak = state->input;

	switch (key) {
	case 'w':
		soak->weir = arg;
		return 0;
	case 'm':
		soak->seconds = 60 * number(state, arg, 1, 10000);
		return 0;
	case 's':
		soak->seconds = number(state, arg, 5, 600000);
		return 0;
	case 'r':
		soak->seed = number(state, arg, 1, UINT32_MAX);
		return 0;
	case 'c':
		soak->clients = number(state, arg, 1, 1000);
		return 0;
	case 'x':
		soak->hostiles = number(state, arg, 0, 1000);
		return 0;
	case 'z':
		soak->sanitized = true;
		return 0;
	case 'o':
		soak->out = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void make_files(struct soak *soak)
{
	char *big = malloc(SOAK_BIG_SIZE);

	must(big != NULL, "no memory");
	memset(big, 'b', SOAK_BIG_SIZE);
	must(mkdirat(soak->scratch.fd, "files", 0755) == 0 &&
		     mkdirat(soak->scratch.fd, "upstream", 0755) == 0,
	     "mkdir: %s", strerror(errno));
	scratch_write(&soak->scratch, "files/hello", "hello\n", 6);
	scratch_write(&soak->scratch, "upstream/hello", "hello\n", 6);
	scratch_write(&soak->scratch, "files/big", big, SOAK_BIG_SIZE);
	free(big);
}

static void prepare(struct soak *soak)
{
	must(pthread_mutex_init(&soak->lock, NULL) == 0 &&
		     pthread_cond_init(&soak->changed, NULL) == 0,
	     "no lock");
	soak_random_init(&soak->random, soak->seed, 0);
	scratch_make(&soak->scratch);
	(void)snprintf(soak->public_url, sizeof(soak->public_url), "unix:%.250s/public.sock",
		       soak->scratch.path);
	(void)snprintf(soak->admin_url, sizeof(soak->admin_url), "unix:%.250s/admin.sock",
		       soak->scratch.path);
	(void)snprintf(soak->extra_url, sizeof(soak->extra_url), "unix:%.250s/extra.sock",
		       soak->scratch.path);
	make_files(soak);
}

static void end_clients(struct soak *soak, struct soak_crowd *crowd)
{
	must(pthread_mutex_lock(&soak->lock) == 0, "lock");
	soak->over = true;
	must(pthread_cond_broadcast(&soak->changed) == 0, "broadcast");
	must(pthread_mutex_unlock(&soak->lock) == 0, "unlock");
	soak_crowd_join(crowd);
}

static const struct soak *at_work; /* for what is done when it fails */

static void write_answer(const struct soak *soak, const char *target, const char *name)
{
	char *text;

	if (soak_admin(soak, "GET", target, &text) == 200)
		scratch_write(&soak->scratch, name, text, strlen(text));
	free(text);
}

static void tell_state(void)
{
	write_answer(at_work, "/status", "status.json");
	write_answer(at_work, "/stacks", "stacks.txt");
	(void)fprintf(stderr, "soak: what the server was about: %s/status.json, stacks.txt\n",
		      at_work->scratch.path);
}

static int run(struct soak *soak)
{
	FILE *page = fdopen(dup(STDOUT_FILENO), "w");
	struct soak_crowd *crowd;
	bool good;

	must(page != NULL, "stdout: %s", strerror(errno));
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "prctl: %s", strerror(errno));
	prepare(soak);
	(void)fprintf(stderr, "soak: seed %llu, in %s\n", (unsigned long long)soak->seed,
		      soak->scratch.path);
	soak_journal_open(soak);
	soak_upstream_start(soak);
	soak_faults_open(soak);
	soak_certify(soak);
	soak_configure(soak, false);
	soak_server_start(soak);
	at_work = soak;
	must_tell(tell_state);
	soak->began = weir_now();
	soak->until = soak->began + (weir_time)soak->seconds * WEIR_SECOND;
	crowd = soak_crowd_start(soak);
	soak_conduct(soak);
	soak_quiet(soak, true);
	end_clients(soak, crowd);
	soak_server_stop(soak, false);
	soak_upstream_stop(soak);
	soak_journal_close(soak);
	soak_compare(soak, &soak->journal.ended);
	good = soak_result(soak, page);
	soak_faults_close(soak);
	must(fclose(page) == 0, "stdout: %s", strerror(errno));
	if (good)
		scratch_remove(&soak->scratch);
	else
		(void)fprintf(stderr, "soak: FAILED; seed %llu; the log is %s/server.log\n",
			      (unsigned long long)soak->seed, soak->scratch.path);
	return good ? 0 : 1;
}

/* Kills and reaps the children of this process, and those who come from them. */
static void end_the_rest(void)
{
	char path[64];
	FILE *file;
	int child;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	for (;;) {
		file = fopen(path, "re");
		if (!file)
			return;
		while (fscanf(file, "%d", &child) == 1)
			(void)kill(child, SIGKILL);
		(void)fclose(file);
		if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD)
			return;
	}
}

int main(int argc, char **argv)
{
	static struct soak soak = {.seconds = 60, .clients = 8, .hostiles = 4, .weir = WEIR_BINARY};
	const struct argp argp = {options,
				  parse,
				  NULL,
				  "Soaks the weir binary: clients of all kinds, and all that can "
				  "be done to it.",
				  NULL,
				  NULL,
				  NULL};
	int status = 0;
	pid_t pid;

	argp_err_exit_status = 2;
	soak.seed = (uint64_t)time(NULL) % UINT32_MAX + 1;
	if (argp_parse(&argp, argc, argv, 0, NULL, &soak) != 0)
		return 2;
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "prctl: %s", strerror(errno));
	pid = fork();
	must(pid >= 0, "fork: %s", strerror(errno));
	if (pid == 0) {
		/* What waits for ever has lost something. */
		(void)alarm(2 * soak.seconds + 300);
		must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl: %s", strerror(errno));
		exit(run(&soak));
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	end_the_rest();
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	(void)fprintf(stderr, "soak: ended by signal %d; seed %llu\n", WTERMSIG(status),
		      (unsigned long long)soak.seed);
	return 1;
}
