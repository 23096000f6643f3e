/* judge.c: see judge.h. */
#include "judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "code.h"
#include "locks.h"

static double seconds(weir_time duration)
{
	return (double)duration / (double)WEIR_SECOND;
}

static void judge_time(struct weir__testing_findings *findings, const struct weir__testing_run *run)
{
	const struct weir_testing_options *options = run->options;
	weir_time late = run->late > run->real_late ? run->late : run->real_late;
	weir_time took = run->took > run->real_took ? run->took : run->real_took;

	if (late > options->limit)
		weir__testing_find(findings, run, WEIR_TESTING_TOO_LATE, "after %.3f s",
				   seconds(late));
	if (run->response->looks == 0 && took > options->brief)
		weir__testing_find(findings, run, WEIR_TESTING_NEVER_LOOKED, "it took %.3f s",
				   seconds(took));
}

/* Fields of which one answer has one (RFC 9110 and RFC 6797). */
static bool is_single(const char *name)
{
	static const char *const names[] = {
		"Age",           "Content-Encoding", "Content-Location",
		"Content-Range", "Content-Type",     "ETag",
		"Expires",       "Last-Modified",    "Location",
		"Retry-After",   "Server",           "Strict-Transport-Security",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

static void judge_header(struct weir__testing_findings *findings,
			 const struct weir__testing_run *run)
{
	const struct weir_testing_response *response = run->response;
	size_t i, k;

	for (i = 0; i < response->header_count; i++)
		for (k = 0; k < i; k++)
			if (strcasecmp(response->headers[i].name, response->headers[k].name) == 0 &&
			    is_single(response->headers[i].name))
				weir__testing_find(findings, run, WEIR_TESTING_MALFORMED,
						   "%s is there twice", response->headers[i].name);
}

static void judge_body(struct weir__testing_findings *findings, const struct weir__testing_run *run)
{
	const struct weir_testing_response *response = run->response;
	bool head = strcmp(run->description.method, "HEAD") == 0;

	if (run->calls.too_long)
		weir__testing_find(findings, run, WEIR_TESTING_MALFORMED,
				   "it wrote more than the %jd bytes announced",
				   (intmax_t)response->announced);
	if (response->result == 0 && !run->calls.write_failed && !head &&
	    response->announced >= 0 && (size_t)response->announced != response->body_size)
		weir__testing_find(findings, run, WEIR_TESTING_MALFORMED,
				   "%jd bytes were announced and %zu sent",
				   (intmax_t)response->announced, response->body_size);
	else if (response->result == 0 && response->by_library && !run->calls.write_failed)
		weir__testing_find(findings, run, WEIR_TESTING_MALFORMED,
				   "it is none that can be sent");
	if ((response->status == 204 || response->status == 304) && response->body_size > 0)
		weir__testing_find(findings, run, WEIR_TESTING_MALFORMED, "%d with a body",
				   response->status);
}

static void judge_result(struct weir__testing_findings *findings,
			 const struct weir__testing_run *run, int normal)
{
	int result = run->response->result;

	if (result > 0)
		weir__testing_find(findings, run, WEIR_TESTING_WRONG_RESULT,
				   "%d is neither 0 nor a negative errno", result);
	else if (result == -ECANCELED && !run->cancelled)
		weir__testing_find(findings, run, WEIR_TESTING_WRONG_RESULT,
				   "-ECANCELED, but its own token was live: answered 500");
	else if (result < 0 && result != -ECANCELED && result != -EFBIG && result != normal &&
		 atomic_load(&run->real_tripped_at))
		weir__testing_find(findings, run, WEIR_TESTING_WRONG_RESULT,
				   "%d (%s) where it was cancelled: answered 500", result,
				   strerror(-result));
}

void weir__testing_judge_answer(struct weir__testing_findings *findings,
				const struct weir__testing_run *run, int normal)
{
	if (!run->ran) /* refused before the handler */
		return;
	judge_time(findings, run);
	if (run->calls.answers > 1)
		weir__testing_find(findings, run, WEIR_TESTING_ANSWERED_TWICE, "%u",
				   run->calls.answers);
	if (!run->response->by_library)
		judge_header(findings, run);
	judge_body(findings, run);
	if (run->calls.writes_after_error > 0)
		weir__testing_find(findings, run, WEIR_TESTING_WROTE_AFTER_ERROR, "%u more",
				   run->calls.writes_after_error);
	judge_result(findings, run, normal);
}

static void judge_locks(struct weir__testing_findings *findings,
			const struct weir__testing_run *run)
{
	const void *lock, *taken_at;
	size_t count = weir__testing_locks_held(&lock, &taken_at);
	char code[512];

	if (count == 0)
		return;
	weir__testing_code_print(taken_at, code, sizeof(code));
	weir__testing_find(findings, run, WEIR_TESTING_LOCK, "%zu, the first %p, taken at %s",
			   count, lock, code);
}

static bool is_success(const struct weir_testing_response *response)
{
	return response->complete && !response->by_library && response->status < 400;
}

/* A file that is new, or gone. Temporary ones may not be left in any case; elsewhere, what a
 * run without a trip does is what a handler is for. */
static void judge_files(struct weir__testing_findings *findings,
			const struct weir__testing_run *run,
			const struct weir__testing_names *before,
			const struct weir__testing_names *after,
			const struct weir__testing_names *normal, const char *scratch)
{
	bool success = is_success(run->response);
	size_t count;
	const char *name;

	if (success && normal)
		before = normal;
	name = weir__testing_names_new(before, after, &count);
	if (name && (!success || normal || strncmp(name, scratch, strlen(scratch)) == 0))
		weir__testing_find(findings, run, WEIR_TESTING_FILE, "%zu new, the first %s", count,
				   name);
	if (success && !normal)
		return;
	name = weir__testing_names_new(after, before, &count);
	if (name)
		weir__testing_find(findings, run, WEIR_TESTING_FILE, "%zu gone, the first %s",
				   count, name);
}

void weir__testing_judge_residue(struct weir__testing_findings *findings,
				 const struct weir__testing_run *run,
				 const struct weir__testing_residue *before,
				 const struct weir__testing_residue *after,
				 const struct weir__testing_names *normal, const char *scratch)
{
	const struct weir_testing_options *options = run->options;
	size_t i;

	judge_locks(findings, run);
	judge_files(findings, run, &before->kept[WEIR__TESTING_FILES],
		    &after->kept[WEIR__TESTING_FILES], normal, scratch);
	for (i = 0; i < options->gauge_count; i++)
		if (before->gauges[i] != after->gauges[i])
			weir__testing_find(findings, run, WEIR_TESTING_GAUGE, "%s: %ld, were %ld",
					   options->gauges[i].name, after->gauges[i],
					   before->gauges[i]);
}

static const struct {
	enum weir__testing_kept kept;
	enum weir_testing_fault_kind kind;
} grows[] = {
	{WEIR__TESTING_FDS, WEIR_TESTING_DESCRIPTOR},
	{WEIR__TESTING_THREADS, WEIR_TESTING_THREAD},
	{WEIR__TESTING_CHILDREN, WEIR_TESTING_CHILD},
};

unsigned weir__testing_growth(const struct weir__testing_residue *before,
			      const struct weir__testing_residue *after)
{
	unsigned growth =
		after->memory.blocks > before->memory.blocks ? 1u << WEIR_TESTING_MEMORY : 0;
	size_t i, count;

	for (i = 0; i < sizeof(grows) / sizeof(grows[0]); i++)
		if (weir__testing_names_new(&before->kept[grows[i].kept],
					    &after->kept[grows[i].kept], &count))
			growth |= 1u << grows[i].kind;
	return growth;
}

void weir__testing_judge_growth(struct weir__testing_findings *findings,
				const struct weir__testing_run *run,
				const struct weir__testing_residue *before,
				const struct weir__testing_residue *after, unsigned growth)
{
	char code[512];
	size_t i, count;

	for (i = 0; i < sizeof(grows) / sizeof(grows[0]); i++) {
		const char *name = weir__testing_names_new(&before->kept[grows[i].kept],
							   &after->kept[grows[i].kept], &count);

		if (name && growth & 1u << grows[i].kind)
			weir__testing_find(findings, run, grows[i].kind, "%zu, the first %s", count,
					   name);
	}
	if (!(growth & 1u << WEIR_TESTING_MEMORY))
		return;
	weir__testing_code_print(after->memory.origin, code, sizeof(code));
	weir__testing_find(findings, run, WEIR_TESTING_MEMORY,
			   "%zu more blocks (%+td bytes), one from %s",
			   after->memory.blocks - before->memory.blocks,
			   (ptrdiff_t)(after->memory.bytes - before->memory.bytes), code);
}
