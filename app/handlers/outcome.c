/* outcome.c: see outcome.h. */
#include "outcome.h"
#include "json_text.h"

#include <inttypes.h>
#include <string.h>

static void write_answer(struct json_text *text, const char *key, uint64_t number,
			 const char *problem)
{
	static const char before[] = "{\"error\":", after[] = "}\n";
	if (problem == NULL) {
		json_text_print(text, "{\"%s\":%" PRIu64 "}\n", key, number);
		return;
	}
	json_text_raw(text, before, sizeof before - 1);
	json_text_string(text, problem, strlen(problem));
	json_text_raw(text, after, sizeof after - 1);
}

void outcome_answer(weir_later *answer, const char *key, uint64_t number, const char *problem)
{
	struct json_text text = {0};
	write_answer(&text, key, number, problem);
	/* It has been done, or not, whoever hears of it. */
	if (text.failed)
		(void)weir_later_answer(answer, 500, NULL, NULL, 0);
	else
		(void)weir_later_answer(answer, problem != NULL ? 409 : 200, "application/json",
					text.data, text.size);
	json_text_free(&text);
}
