/* sweep.c: a handler cancelled everywhere.
 *
 *	warm up -> count -> trip at 1, 2, ... of its own token -> at 1, 2, ... of the drain token
 *
 * The first run is not judged for what it leaves: it pays for everything that happens once.
 * What grows in a later run is looked at again: the same run must grow it each time, ATTEMPTS in
 * all, before it is a leak; a cache or a pool does not. A point that is not reached again is
 * tried as often; then there are no more points.
 */
#include <errno.h>
#include <stdlib.h>

#include "judge.h"
#include "locks.h"
#include "memory.h"
#include "report.h"
#include "residue.h"
#include "run.h"

#define ATTEMPTS 3

struct sweep {
	weir_handler handler;
	const struct weir_testing_request *request;
	struct weir_testing_options options;
	struct weir__testing_scratch scratch;
	struct weir__testing_findings findings;
	struct weir__testing_run *run;              /* the latest */
	struct weir__testing_residue before, after; /* it */
	struct weir__testing_names normal_files;    /* after a run without a trip */
	bool has_normal;
	int normal_result;
};

/* One run, with what is around it. The run, before and after are there until release(). */
static int run_once(struct sweep *sweep, struct weir__testing_target target)
{
	int error = sweep->options.prepare ? sweep->options.prepare(sweep->options.arg) : 0;

	if (error)
		return error;
	error = weir__testing_run_init(sweep->run, sweep->handler, sweep->request, &sweep->options);
	if (error)
		return error;
	sweep->run->target = target;
	sweep->run->looks_max = sweep->options.points_max;
	error = weir__testing_residue_take(&sweep->before, &sweep->options, sweep->scratch.path);
	if (error)
		goto fini_run;
	sweep->findings.report.runs++;
	weir__testing_memory_mark();
	error = weir__testing_run_perform(sweep->run);
	if (!error)
		error = weir__testing_residue_take_settled(&sweep->after, &sweep->before,
							   &sweep->options, sweep->scratch.path);
	if (error)
		goto free_before;
	return 0;

free_before:
	weir__testing_residue_free(&sweep->before);
fini_run:
	weir__testing_run_fini(sweep->run);
	return error;
}

static void release(struct sweep *sweep)
{
	weir__testing_residue_free(&sweep->before);
	weir__testing_residue_free(&sweep->after);
	if (!sweep->run->abandoned)
		weir__testing_locks_release();
	weir__testing_run_fini(sweep->run);
	weir__testing_scratch_clean(&sweep->scratch);
}

static bool was_reached(const struct weir__testing_run *run)
{
	return run->target.look == 0 || run->tripped_at != 0;
}

/* What grows only now and then is no leak. Leaves the last attempt in place. */
static int confirm(struct sweep *sweep, unsigned *growth)
{
	struct weir__testing_target target = sweep->run->target;
	int attempt, error;

	*growth = weir__testing_growth(&sweep->before, &sweep->after);
	for (attempt = 1; attempt < ATTEMPTS && *growth; attempt++) {
		release(sweep);
		error = run_once(sweep, target);
		if (error)
			return error;
		if (sweep->run->abandoned)
			return 0;
		*growth &= weir__testing_growth(&sweep->before, &sweep->after);
	}
	return 0;
}

static void abandon(struct sweep *sweep)
{
	weir__testing_find(&sweep->findings, sweep->run, WEIR_TESTING_NEVER_RETURNED, "%s",
			   "the sweep ends here");
	sweep->findings.report.abandoned = true;
}

/* A run, judged. */
static int judge(struct sweep *sweep, struct weir__testing_target target)
{
	unsigned growth;
	int error = run_once(sweep, target);

	if (error)
		return error;
	if (!sweep->run->abandoned && was_reached(sweep->run)) {
		if (target.look == 0)
			sweep->normal_result = sweep->run->response->result;
		weir__testing_judge_answer(&sweep->findings, sweep->run, sweep->normal_result);
		weir__testing_judge_residue(
			&sweep->findings, sweep->run, &sweep->before, &sweep->after,
			sweep->has_normal ? &sweep->normal_files : NULL, sweep->scratch.path);
		error = confirm(sweep, &growth);
		if (error)
			return error;
		if (!sweep->run->abandoned)
			weir__testing_judge_growth(&sweep->findings, sweep->run, &sweep->before,
						   &sweep->after, growth);
	}
	if (sweep->run->abandoned)
		abandon(sweep);
	return sweep->findings.error;
}

static int warm_up(struct sweep *sweep)
{
	int error = run_once(sweep, (struct weir__testing_target){0});

	if (error)
		return error;
	if (sweep->run->abandoned)
		abandon(sweep);
	release(sweep);
	return sweep->findings.error;
}

static int count(struct sweep *sweep)
{
	struct weir_testing_report *report = &sweep->findings.report;
	int error = judge(sweep, (struct weir__testing_target){0});

	if (error)
		return error;
	report->points = sweep->run->response->looks;
	report->drain_points = sweep->run->response->drain_looks;
	report->endless = atomic_load(&sweep->run->endless);
	if (!report->endless) {
		sweep->normal_files = sweep->after.kept[WEIR__TESTING_FILES];
		sweep->after.kept[WEIR__TESTING_FILES] = (struct weir__testing_names){0};
		sweep->has_normal = true;
	}
	release(sweep);
	return 0;
}

/* One point. A handler that does not always go the same way may come to it another time. */
static int trip_at(struct sweep *sweep, struct weir__testing_target target, bool *reached)
{
	struct weir_testing_report *report = &sweep->findings.report;
	int attempt, error;

	*reached = false;
	for (attempt = 0; attempt < ATTEMPTS && !*reached; attempt++) {
		error = judge(sweep, target);
		if (error)
			return error;
		*reached = report->abandoned || was_reached(sweep->run);
		report->changed |= !*reached;
		release(sweep);
	}
	return 0;
}

static int trip_at_each(struct sweep *sweep, bool drain, unsigned points)
{
	struct weir__testing_target target = {drain, 0};
	bool reached = true;
	int error = 0;

	while (!error && reached && target.look < points && !sweep->findings.report.abandoned) {
		target.look++;
		error = trip_at(sweep, target, &reached);
	}
	return error;
}

static int perform(struct sweep *sweep)
{
	struct weir_testing_report *report = &sweep->findings.report;
	int error = warm_up(sweep);

	if (!error && !report->abandoned)
		error = count(sweep);
	if (!error && !report->abandoned)
		error = trip_at_each(sweep, false, report->points);
	if (!error && !report->abandoned)
		error = trip_at_each(sweep, true, report->drain_points);
	return error;
}

static int hand_over(struct sweep *sweep, int error, struct weir_testing_report **out)
{
	struct weir_testing_report *report = malloc(sizeof(*report));

	sweep->findings.report.faults = sweep->findings.list;
	if (report) {
		*report = sweep->findings.report;
		if (!error) {
			*out = report;
			return 0;
		}
		weir_testing_report_free(report);
		return error;
	}
	while (sweep->findings.report.fault_count > 0)
		free((void *)sweep->findings.list[--sweep->findings.report.fault_count].text);
	free(sweep->findings.list);
	return error ? error : -ENOMEM;
}

int weir_testing_cancel_everywhere(weir_handler handler, const struct weir_testing_request *request,
				   const struct weir_testing_options *options,
				   struct weir_testing_report **out)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep));
	int error;

	if (!sweep)
		return -ENOMEM;
	sweep->handler = handler;
	sweep->request = request;
	error = weir__testing_options_resolve(options, &sweep->options);
	if (error)
		goto free_sweep;
	sweep->findings.overlook = sweep->options.overlook;
	sweep->run = malloc(sizeof(*sweep->run));
	if (!sweep->run) {
		error = -ENOMEM;
		goto free_sweep;
	}
	error = weir__testing_scratch_make(&sweep->scratch);
	if (error)
		goto free_run;
	weir__testing_memory_begin();
	error = perform(sweep);
	weir__testing_memory_end();
	error = hand_over(sweep, error, out);
	weir__testing_names_free(&sweep->normal_files);
	weir__testing_scratch_remove(&sweep->scratch);
	if (!error && (*out)->abandoned)
		return 0; /* the handler's thread still uses the run, and looks at the options */
free_run:
	free(sweep->run);
free_sweep:
	free(sweep);
	return error;
}
