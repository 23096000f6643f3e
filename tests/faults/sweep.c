/* faults/sweep.c: for each call of the shim's table, and for n in turn: the n-th such call
 * of a whole run of the real binary fails; start, mixed load, stop.
 *
 *   usage: fault_sweep [--load NAME] [--points N] [--jobs N] [--call NAME] [--nth N] [--count]
 *                      [--progress]
 *
 * There are two loads, files and routes (load.h); without --load both are swept.
 * A run without faults comes first and says how often each call is made (--count prints
 * that and ends). Then each case is a process of its own, so that one failure does not end
 * the sweep. --points limits the cases of a call: the first ones and the rest evenly
 * spread; 0, the default, is all of them.
 *
 * What must hold for every case:
 * - no crash and no hang: the program ends by itself with 0, or 3 if it says so, or does
 *   not start, and then with 2 and a message;
 * - one fault spoils one exchange at most, with a 5xx or a closed connection; what was
 *   answered with success is right, and an upload that was stored is there;
 * - metrics and drain report add up; no descriptor more is open than without the fault;
 *   no half file is left.
 */
#include "faults/exchange.h"
#include "faults/load.h"
#include "support/must.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_POINTS 2 /* of a sampled call, that are tried one by one */
#define LOOKS 50       /* at the descriptors of the run without a fault */
#define ROOM 2         /* cases beyond the counted, because runs differ */

#define JOBS_MAX 64

struct running {
	pid_t pid;
	enum fault_call call;
	uint64_t nth;
};

struct plan {
	const struct load_kind *load;
	uint64_t points, nth;
	const char *only;
	bool count, progress;
	uint64_t counts[FAULT_CALL_COUNT];
	size_t descriptors;
	unsigned jobs; /* cases at a time */
	unsigned running, tried, failed;
	struct running cases[JOBS_MAX];
};

static const struct load_kind *const kinds[] = {&load_files, &load_routes};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Whether the line says what failed: the error, in the system's words or in those that mean
 * something to who started it; or the thing that another library could not make use of. */
static bool is_clear(const char *line, int error)
{
	static const struct {
		int error; /* 0: any */
		const char *words;
	} rows[] = {
		{0, "notes.db cannot be opened: "},
		{ENOMEM, "memory"},
		{EADDRINUSE, "somebody listens there already"},
		{0, "database d: notes.db"},
		{ENOMEM, "Resource temporarily unavailable"} /* a thread */,
		{0, "site.pem"},
		{0, "site.key"},
	};

	if (strstr(line, ": :") != NULL)
		return false;
	if (strstr(line, strerror(error)) != NULL)
		return true;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if ((rows[i].error == 0 || rows[i].error == error) &&
		    strstr(line, rows[i].words) != NULL)
			return true;
	}
	return false;
}

/* One line, and a clear one. Other lines are the log's: they begin with an event, which is one
 * word. None is there if it was what failed. */
static void check_complaint(const struct subject *subject)
{
	char *text = strdup(subject->process.text), *rest = NULL;
	unsigned lines = 0, clear = 0;

	must(text != NULL, "out of memory");
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "weir serve: ", 12) != 0 && strncmp(line, "weir: ", 6) != 0 &&
		    strncmp(line, "weir.yaml:", 10) != 0)
			continue;
		lines++;
		clear += is_clear(line, fault_call_errno(subject->control->call));
	}
	bool unheard = subject->control->call == FAULT_CALL_write && subject->control->struck > 0;
	must((lines == 1 && clear == 1) || unheard,
	     "a failed start without one line that says what failed:\n%s", subject->process.text);
	free(text);
}

/* A start that failed must say why, and leave no socket behind. */
static void check_failed_start(struct subject *subject)
{
	int code = process_wait(&subject->process);

	must(code == 2, "a failed start ended with %d:\n%s", code, subject->process.text);
	check_complaint(subject);
}

/* The server closes the last connection of the admin socket in its own time, so both wait:
 * the run without a fault for the least of several looks, the others for no more than that. */
static void check_descriptors(const struct subject *subject, size_t *descriptors)
{
	weir_time until = weir_after(MUST_PATIENCE / 6);
	size_t open = subject_descriptors(subject);

	if (*descriptors == 0) {
		for (int look = 0; look < LOOKS; look++, poll(NULL, 0, 1)) {
			size_t again = subject_descriptors(subject);
			open = again < open ? again : open;
		}
		*descriptors = open;
	}
	for (; open > *descriptors; open = subject_descriptors(subject)) {
		must(weir_now() < until, "%zu descriptors stay open, without a fault %zu", open,
		     *descriptors);
		poll(NULL, 0, 1);
	}
}

/* One whole run. `descriptors`: in, how many there may be (0: any); out, how many were. */
static void run(const struct load_kind *kind, enum fault_call call, uint64_t nth,
		size_t *descriptors, uint64_t *counts)
{
	struct subject subject;
	struct load load;

	subject_prepare(&subject);
	if (nth > 0)
		fault_control_arm(subject.control, call, nth, 1, 0);
	if (kind->start(&subject, &load)) {
		kind->run(&load);
		subject_settle(&subject);
		check_descriptors(&subject, descriptors);
		must(subject_children(&subject) == 0, "a process that it started is still there");
		must(load.failures <= (nth > 0), "%u exchanges spoilt:%s", load.failures,
		     load.failed);
		int code = kind->stop(&load, &subject);
		/* 3: on a busy machine the stream had no turn within the grace. */
		must(nth > 0 || code == 0 || code == 3, "exit code %d without a fault", code);
	} else {
		must(nth > 0, "no start without a fault");
		check_failed_start(&subject);
	}
	exchange_check_files(&load);
	if (counts != NULL) {
		for (int i = 0; i < FAULT_CALL_COUNT; i++)
			counts[i] = subject.control->counts[i];
	}
	subject_free(&subject);
}

/* Waits for one of the cases that run, and says so if it has failed. */
static void finish_case(struct plan *plan)
{
	int status;
	pid_t ended;

	do
		ended = waitpid(-1, &status, 0);
	while (ended < 0 && errno == EINTR);
	for (unsigned i = 0; i < plan->running; i++) {
		struct running *one = &plan->cases[i];
		if (one->pid != ended)
			continue;
		if (status != 0)
			(void)fprintf(stderr, "FAILED: --load %s --call %s --nth %" PRIu64 "\n",
				      plan->load->name, fault_call_name(one->call), one->nth);
		plan->failed += status != 0;
		*one = plan->cases[--plan->running];
		return;
	}
	/* Only the upstream of a load is no case. */
	must(ended > 0, "waitpid: %s", strerror(errno));
	must(false, "another process than a case has ended: status 0x%x", (unsigned)status);
}

static void finish_cases(struct plan *plan, unsigned most)
{
	while (plan->running > most)
		finish_case(plan);
}

/* Begins a case, when there is room for it. */
static void try_case(struct plan *plan, enum fault_call call, uint64_t nth)
{
	pid_t parent = getpid(), child;

	finish_cases(plan, plan->jobs - 1);
	child = fork();
	must(child >= 0, "fork: %s", strerror(errno));
	if (child == 0) {
		size_t descriptors = plan->descriptors;
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
			_exit(1);
		run(plan->load, call, nth, &descriptors, NULL);
		_exit(0);
	}
	plan->cases[plan->running++] = (struct running){child, call, nth};
	plan->tried++;
}

/* The number of the i-th case of `cases`, of a call that has `last`. */
static uint64_t nth_of(uint64_t i, uint64_t cases, uint64_t last)
{
	if (cases == last || i < FIRST_POINTS)
		return i + 1;
	return FIRST_POINTS +
	       (last - FIRST_POINTS) * (i - FIRST_POINTS + 1) / (cases - FIRST_POINTS + 1);
}

static void sweep_call(struct plan *plan, enum fault_call call)
{
	uint64_t count = plan->counts[call], last = count > 0 ? count + ROOM : 0;
	uint64_t cases = plan->points > 0 && plan->points < last ? plan->points : last;

	if (plan->nth > 0) {
		try_case(plan, call, plan->nth);
		return;
	}
	for (uint64_t i = 0; i < cases; i++) {
		uint64_t nth = nth_of(i, cases, last);
		try_case(plan, call, nth);
		if (plan->progress && (plan->tried % 25 == 0 || i + 1 == cases))
			(void)fprintf(
				stderr, "faults: %s: %s %" PRIu64 " of %" PRIu64 ", %u failed\n",
				plan->load->name, fault_call_name(call), nth, last, plan->failed);
	}
}

static uint64_t number(const char *text)
{
	char *end;
	errno = 0;
	uint64_t value = strtoull(text, &end, 10);

	must(errno == 0 && end != text && *end == '\0', "not a number: %s", text);
	return value;
}

static const struct load_kind *find_load(const char *name)
{
	for (int i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	}
	must(false, "no such load: %s", name);
	return NULL;
}

static void read_arguments(struct plan *plan, char **argv)
{
	for (char **word = argv + 1; *word != NULL; word++) {
		if (strcmp(*word, "--count") == 0)
			plan->count = true;
		else if (strcmp(*word, "--progress") == 0)
			plan->progress = true;
		else if (strcmp(*word, "--points") == 0 && word[1] != NULL)
			plan->points = number(*++word);
		else if (strcmp(*word, "--jobs") == 0 && word[1] != NULL)
			plan->jobs = (unsigned)number(*++word);
		else if (strcmp(*word, "--nth") == 0 && word[1] != NULL)
			plan->nth = number(*++word);
		else if (strcmp(*word, "--load") == 0 && word[1] != NULL)
			plan->load = find_load(*++word);
		else if (strcmp(*word, "--call") == 0 && word[1] != NULL)
			plan->only = *++word;
		else
			must(false, "not understood: %s", *word);
	}
	must(plan->jobs >= 1 && plan->jobs <= JOBS_MAX, "--jobs: from 1 to %d", JOBS_MAX);
}

/* All cases of one load. */
static void sweep(struct plan *plan, const struct load_kind *kind)
{
	unsigned calls = 0;

	plan->load = kind;
	plan->descriptors = 0;
	plan->tried = plan->failed = 0;
	if (kind->open != NULL)
		kind->open();
	run(kind, FAULT_CALL_NONE, 0, &plan->descriptors, plan->counts);
	for (int call = 1; call < FAULT_CALL_COUNT; call++) {
		if (plan->only != NULL && strcmp(plan->only, fault_call_name(call)) != 0)
			continue;
		calls++;
		if (plan->count)
			printf("%8" PRIu64 " %s\n", plan->counts[call], fault_call_name(call));
		else
			sweep_call(plan, call);
	}
	finish_cases(plan, 0);
	must(calls > 0, "no such call: %s", plan->only);
	if (!plan->count)
		printf("%s: %u cases of %u calls, %u failed\n", kind->name, plan->tried, calls,
		       plan->failed);
	if (kind->close != NULL)
		kind->close();
}

int main(int argc, char **argv)
{
	static struct plan plan = {.jobs = 1};
	unsigned failed = 0;

	(void)argc;
	(void)signal(SIGPIPE, SIG_IGN);
	read_arguments(&plan, argv);
	const struct load_kind *only = plan.load;
	for (int i = 0; i < KINDS; i++) {
		if (only != NULL && only != kinds[i])
			continue;
		sweep(&plan, kinds[i]);
		failed += plan.failed;
	}
	return failed > 0;
}
