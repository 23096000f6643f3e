/* faults/sweep.c: for each call of the shim's table, and for n in turn: the n-th such call
 * of a whole run of the real binary fails; start, mixed load, stop.
 *
 *   usage: fault_sweep [--load NAME] [--points N] [--jobs N] [--call NAME] [--nth N] [--count]
 *                      [--sites] [--site HEX] [--progress]
 *
 * There are two loads, files and routes (load.h); without --load both are swept.
 * A run without faults comes first and says how often each call is made (--count prints
 * that and ends). Then each case is a process of its own, so that one failure does not end
 * the sweep, and says where the call was made that has failed. --points limits the cases of a
 * call: the first ones and the rest evenly spread; 0, the default, is all of them.
 *
 * With --sites there is a case for each site (fault_control.h) that some runs without faults have
 * come by: the first call from there fails, or with --nth the n-th. --site is one of them.
 *
 * What must hold for every case:
 * - no crash and no hang: the program ends by itself with 0, or 3 if it says so, or does
 *   not start, and then with 2 and a message;
 * - one fault spoils one exchange at most, with a 5xx or a closed connection; what was
 *   answered with success is right, and an upload that was stored is there;
 * - metrics and drain report add up; no descriptor more is open than without the fault;
 *   no half file is left.
 */
#include "faults/complaint.h"
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
#define SITE_RUNS 4    /* that tell the sites, for the same reason */

#define JOBS_MAX 64

/* What fails: the nth of all such calls, or of those from `site`. No nth: nothing does. */
struct one {
	enum fault_call call;
	uint64_t nth, site;
};

struct running {
	pid_t pid;
	struct one one;
};

struct plan {
	const struct load_kind *load;
	uint64_t points, nth, site;
	const char *only;
	bool count, progress, sites;
	uint64_t counts[FAULT_CALL_COUNT];
	struct fault_site found[FAULT_SITES]; /* as in the control page */
	size_t descriptors;
	unsigned jobs; /* cases at a time */
	unsigned running, tried, failed;
	struct running cases[JOBS_MAX];
};

static const struct load_kind *const kinds[] = {&load_files, &load_routes};
enum { KINDS = sizeof kinds / sizeof *kinds };

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

/* What the cases will be, of a run without a fault. */
static void learn(struct plan *plan, const struct fault_control *control)
{
	for (int i = 0; i < FAULT_CALL_COUNT; i++)
		plan->counts[i] = control->counts[i];
	for (size_t i = 0; i < FAULT_SITES; i++) {
		uint64_t site = control->sites[i].site;
		size_t at = site % FAULT_SITES;
		if (site == 0)
			continue;
		while (plan->found[at].site != 0 && plan->found[at].site != site)
			at = (at + 1) % FAULT_SITES;
		plan->found[at].site = site;
		plan->found[at].call = control->sites[i].call;
	}
}

static const struct fault_control *struck; /* of the case that this process is */

/* What the shim alone knows. */
static void tell_callers(void)
{
	if (struck->struck > 0)
		(void)fprintf(stderr, "the call that failed came from%s\n", struck->callers);
}

static void arm(struct fault_control *control, const struct one *one)
{
	if (one->site != 0)
		fault_control_arm_site(control, one->call, one->site, one->nth);
	else
		fault_control_arm(control, one->call, one->nth, 1, 0);
	struck = control;
	must_tell(tell_callers);
}

/* One whole run. `plan->descriptors`: in, how many there may be (0: any); out, how many were. */
static void run(struct plan *plan, const struct one *one)
{
	const struct load_kind *kind = plan->load;
	struct subject subject;
	struct load load;
	bool faulty = one->nth > 0;

	subject_prepare(&subject);
	atomic_store(&subject.control->recording, plan->sites && !faulty);
	if (faulty)
		arm(subject.control, one);
	if (kind->start(&subject, &load)) {
		kind->run(&load);
		subject_settle(&subject);
		check_descriptors(&subject, &plan->descriptors);
		must(subject_children(&subject) == 0, "a process that it started is still there");
		must(load.failures <= faulty, "%u exchanges spoilt:%s", load.failures, load.failed);
		int code = kind->stop(&load, &subject);
		/* 3: on a busy machine the stream had no turn within the grace. */
		must(faulty || code == 0 || code == 3, "exit code %d without a fault", code);
	} else {
		must(faulty, "no start without a fault");
		complaint_check(&subject);
	}
	exchange_check_files(&load);
	if (!faulty)
		learn(plan, subject.control);
	subject_free(&subject);
}

/* How to run it again. */
static void tell_failed(const struct plan *plan, const struct one *one)
{
	char site[32] = "";

	if (one->site != 0)
		(void)snprintf(site, sizeof site, " --site %" PRIx64, one->site);
	(void)fprintf(stderr, "FAILED: --load %s --call %s --nth %" PRIu64 "%s\n", plan->load->name,
		      fault_call_name(one->call), one->nth, site);
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
		struct running *case_ = &plan->cases[i];
		if (case_->pid != ended)
			continue;
		if (status != 0)
			tell_failed(plan, &case_->one);
		plan->failed += status != 0;
		*case_ = plan->cases[--plan->running];
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
static void try_case(struct plan *plan, const struct one *one)
{
	pid_t parent = getpid(), child;

	finish_cases(plan, plan->jobs - 1);
	child = fork();
	must(child >= 0, "fork: %s", strerror(errno));
	if (child == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
			_exit(1);
		run(plan, one);
		_exit(0);
	}
	plan->cases[plan->running++] = (struct running){child, *one};
	plan->tried++;
}

static void tell_progress(const struct plan *plan, enum fault_call call, uint64_t i, uint64_t cases)
{
	if (plan->progress && (plan->tried % 25 == 0 || i + 1 == cases))
		(void)fprintf(stderr, "faults: %s: %s %" PRIu64 " of %" PRIu64 ", %u failed\n",
			      plan->load->name, fault_call_name(call), i + 1, cases, plan->failed);
}

/* The number of the i-th case of `cases`, of a call that has `last`. */
static uint64_t nth_of(uint64_t i, uint64_t cases, uint64_t last)
{
	if (cases == last || i < FIRST_POINTS)
		return i + 1;
	return FIRST_POINTS +
	       (last - FIRST_POINTS) * (i - FIRST_POINTS + 1) / (cases - FIRST_POINTS + 1);
}

static void sweep_numbers(struct plan *plan, enum fault_call call)
{
	uint64_t count = plan->counts[call], last = count > 0 ? count + ROOM : 0;
	uint64_t cases = plan->points > 0 && plan->points < last ? plan->points : last;

	for (uint64_t i = 0; i < cases; i++) {
		try_case(plan, &(struct one){call, nth_of(i, cases, last), 0});
		tell_progress(plan, call, i, cases);
	}
}

static void sweep_sites(struct plan *plan, enum fault_call call)
{
	uint64_t nth = plan->nth > 0 ? plan->nth : 1, count = 0, cases, begun = 0, seen = 0;

	for (size_t i = 0; i < FAULT_SITES; i++)
		count += plan->found[i].site != 0 && plan->found[i].call == call;
	cases = plan->points > 0 && plan->points < count ? plan->points : count;
	for (size_t i = 0; i < FAULT_SITES && begun < cases; i++) {
		if (plan->found[i].site == 0 || plan->found[i].call != call)
			continue;
		if (seen++ * cases / count < begun)
			continue;
		try_case(plan, &(struct one){call, nth, plan->found[i].site});
		tell_progress(plan, call, begun++, cases);
	}
}

static void sweep_call(struct plan *plan, enum fault_call call)
{
	if (plan->sites)
		sweep_sites(plan, call);
	else if (plan->nth > 0)
		try_case(plan, &(struct one){call, plan->nth, plan->site});
	else
		sweep_numbers(plan, call);
}

static uint64_t number(const char *text, int base)
{
	char *end;
	errno = 0;
	uint64_t value = strtoull(text, &end, base);

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
		else if (strcmp(*word, "--sites") == 0)
			plan->sites = true;
		else if (strcmp(*word, "--site") == 0 && word[1] != NULL)
			plan->site = number(*++word, 16);
		else if (strcmp(*word, "--points") == 0 && word[1] != NULL)
			plan->points = number(*++word, 10);
		else if (strcmp(*word, "--jobs") == 0 && word[1] != NULL)
			plan->jobs = (unsigned)number(*++word, 10);
		else if (strcmp(*word, "--nth") == 0 && word[1] != NULL)
			plan->nth = number(*++word, 10);
		else if (strcmp(*word, "--load") == 0 && word[1] != NULL)
			plan->load = find_load(*++word);
		else if (strcmp(*word, "--call") == 0 && word[1] != NULL)
			plan->only = *++word;
		else
			must(false, "not understood: %s", *word);
	}
	must(plan->jobs >= 1 && plan->jobs <= JOBS_MAX, "--jobs: from 1 to %d", JOBS_MAX);
	must(plan->site == 0 || (plan->nth > 0 && plan->only != NULL && !plan->sites),
	     "--site goes with --call and --nth");
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
	(void)memset(plan->found, 0, sizeof plan->found);
	for (int i = 0; i < (plan->sites ? SITE_RUNS : 1); i++)
		run(plan, &(struct one){FAULT_CALL_NONE, 0, 0});
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
