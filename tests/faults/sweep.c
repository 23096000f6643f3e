/* faults/sweep.c: for each call of the shim's table, and for n in turn: the n-th such call
 * of a whole run of the real binary fails; start, mixed load, stop.
 *
 *   usage: fault_sweep [--points N] [--call NAME] [--nth N] [--count] [--progress]
 *
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

struct plan {
	uint64_t points, nth;
	const char *only;
	bool count, progress;
	uint64_t counts[FAULT_CALL_COUNT];
	size_t descriptors;
};

static const char *const options[] = {"--debug-routes",  "--grace", "100ms", "--workers", "4",
				      "--drain-timeout", "5s",      NULL};

/* A start that failed must say why, and leave no socket behind. */
static void check_failed_start(struct subject *subject)
{
	int code = process_wait(&subject->process);

	must(code == 2, "a failed start ended with %d:\n%s", code, subject->process.text);
	must(strstr(subject->process.text, "weir") != NULL ||
		     subject->control->call == FAULT_CALL_write,
	     "a failed start without a clear error:\n%s", subject->process.text);
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
static void run(enum fault_call call, uint64_t nth, size_t *descriptors, uint64_t *counts)
{
	struct subject subject;
	struct load load;

	subject_prepare(&subject);
	load_prepare(&subject, &load);
	if (nth > 0)
		fault_control_arm(subject.control, call, nth, 1, 0);
	if (subject_start(&subject, options)) {
		load_run(&load);
		subject_settle(&subject);
		check_descriptors(&subject, descriptors);
		must(load.failures <= (nth > 0), "%u exchanges spoilt:%s", load.failures,
		     load.failed);
		int code = load_stop(&load, &subject);
		must(nth > 0 || code == 0, "exit code %d without a fault", code);
	} else {
		must(nth > 0, "no start without a fault");
		check_failed_start(&subject);
	}
	load_check_files(&load);
	if (counts != NULL) {
		for (int i = 0; i < FAULT_CALL_COUNT; i++)
			counts[i] = subject.control->counts[i];
	}
	subject_free(&subject);
}

/* Returns 1 if the case has failed. */
static unsigned try_case(const struct plan *plan, enum fault_call call, uint64_t nth)
{
	int status;
	pid_t parent = getpid(), child = fork();

	must(child >= 0, "fork: %s", strerror(errno));
	if (child == 0) {
		size_t descriptors = plan->descriptors;
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
			_exit(1);
		run(call, nth, &descriptors, NULL);
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child, "waitpid: %s", strerror(errno));
	if (status == 0)
		return 0;
	(void)fprintf(stderr, "FAILED: --call %s --nth %" PRIu64 "\n", fault_call_name(call), nth);
	return 1;
}

/* The case that follows `nth`. */
static uint64_t following(const struct plan *plan, uint64_t nth, uint64_t last)
{
	uint64_t step = 1;

	if (plan->points > 0 && last > plan->points && nth >= FIRST_POINTS)
		step = (last - FIRST_POINTS) /
		       (plan->points > FIRST_POINTS ? plan->points - FIRST_POINTS : 1);
	return nth + (step > 0 ? step : 1);
}

static unsigned sweep_call(const struct plan *plan, enum fault_call call, uint64_t *cases)
{
	uint64_t count = plan->counts[call];
	uint64_t last = count > 0 ? count + ROOM : 0;
	unsigned failed = 0;

	if (plan->nth > 0) {
		++*cases;
		return try_case(plan, call, plan->nth);
	}
	for (uint64_t nth = 1; nth <= last; nth = following(plan, nth, last)) {
		++*cases;
		failed += try_case(plan, call, nth);
		if (plan->progress && (*cases % 25 == 0 || nth == last))
			(void)fprintf(stderr, "faults: %s %" PRIu64 " of %" PRIu64 ", %u failed\n",
				      fault_call_name(call), nth, last, failed);
	}
	return failed;
}

static uint64_t number(const char *text)
{
	char *end;
	errno = 0;
	uint64_t value = strtoull(text, &end, 10);

	must(errno == 0 && end != text && *end == '\0', "not a number: %s", text);
	return value;
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
		else if (strcmp(*word, "--nth") == 0 && word[1] != NULL)
			plan->nth = number(*++word);
		else if (strcmp(*word, "--call") == 0 && word[1] != NULL)
			plan->only = *++word;
		else
			must(false, "not understood: %s", *word);
	}
}

int main(int argc, char **argv)
{
	struct plan plan = {0};
	unsigned failed = 0, calls = 0;
	uint64_t cases = 0;

	(void)argc;
	(void)signal(SIGPIPE, SIG_IGN);
	read_arguments(&plan, argv);
	run(FAULT_CALL_NONE, 0, &plan.descriptors, plan.counts);
	for (int call = 1; call < FAULT_CALL_COUNT; call++) {
		if (plan.only != NULL && strcmp(plan.only, fault_call_name(call)) != 0)
			continue;
		calls++;
		if (plan.count)
			printf("%8" PRIu64 " %s\n", plan.counts[call], fault_call_name(call));
		else
			failed += sweep_call(&plan, call, &cases);
	}
	must(calls > 0, "no such call: %s", plan.only);
	if (!plan.count)
		printf("%" PRIu64 " cases of %u calls, %u failed\n", cases, calls, failed);
	return failed > 0;
}
