/* results.c: see results.h. */
#include "results.h"

#include <string.h>

#include "place.h"
#include "say.h"

static int open_file(struct bench_place_file *out, const struct bench_results *results,
		     const char *dir, const char *ending)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "%s.%s", results->name, ending);
	return bench_place_open(out, dir, name);
}

static int write_json(const struct bench_results *results, const char *dir)
{
	struct bench_place_file out;
	struct bench_json json;
	int result = open_file(&out, results, dir, "json");

	if (result != 0)
		return result;
	bench_json_begin(&json, out.file);
	bench_json_object(&json, NULL);
	bench_json_string(&json, "bench", results->name);
	bench_machine_json(results->machine, &json);
	results->put(results->bench, &json);
	bench_goals_json(results->goals, results->goal_count, &json);
	bench_json_end(&json);
	return bench_place_close(&out, bench_json_finish(&json));
}

static int write_chart(const struct bench_results *results, const char *dir)
{
	struct bench_place_file out;
	int result = open_file(&out, results, dir, "svg");

	return result != 0 ? result
			   : bench_place_close(&out, results->draw(results->bench, out.file));
}

static int print_page(const struct bench_results *results)
{
	int result;

	bench_machine_print(results->machine);
	result = results->print(results->bench);
	if (result != 0)
		return result;
	(void)printf("\n");
	return bench_goals_print(results->goals, results->goal_count);
}

static int write_files(const struct bench_results *results, const char *dir)
{
	int result = write_json(results, dir);

	return result != 0 ? result : write_chart(results, dir);
}

int bench_results_tell(const struct bench_results *results, const char *dir)
{
	int result = print_page(results);

	if (result != 0) {
		bench_say("cannot print the results: %s", strerror(-result));
		return result;
	}
	result = write_files(results, dir);
	if (result != 0)
		bench_say("cannot write the results to %s: %s", dir, strerror(-result));
	else
		(void)printf("\nwritten: %s/%s.json, %s/%s.svg\n", dir, results->name, dir,
			     results->name);
	return result;
}
