/* upgrade.c: POST /upgrade; the answer comes when the new process serves, or does not. */
#include "upgrade.h"
#include "../upgrade.h"
#include "guard.h"
#include "json_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *upgrade_problem(int error)
{
	switch (error) {
	case -EALREADY:
		return "an upgrade is under way";
	case -ECANCELED:
		return "the server is stopping";
	case -EBUSY:
		return "too much is waiting to be done";
	default:
		return "out of memory";
	}
}

void upgrade_answer(weir_later *answer, long pid, const char *problem)
{
	static const char before[] = "{\"error\":", after[] = "}\n";
	struct json_text text = {0};
	char number[40];
	if (problem == NULL) {
		int length = snprintf(number, sizeof number, "{\"pid\":%ld}\n", pid);
		json_text_raw(&text, number, (size_t)length);
	} else {
		json_text_raw(&text, before, sizeof before - 1);
		json_text_string(&text, problem, strlen(problem));
		json_text_raw(&text, after, sizeof after - 1);
	}
	/* It has been done, or not, whoever hears of it. */
	if (text.failed)
		(void)weir_later_answer(answer, 500, NULL, NULL, 0);
	else
		(void)weir_later_answer(answer, problem != NULL ? 409 : 200, "application/json",
					text.data, text.size);
	json_text_free(&text);
}

static int upgrade(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	const struct admin *admin = weir_request_context(request);
	int result;
	if (!guard_passes(request, response, &result))
		return result;
	if (admin->upgrade == NULL)
		return weir_response_error(response, 503, "nothing can be upgraded here");
	weir_later *answer;
	int error = weir_response_later(response, &answer);
	if (error != 0)
		return error;
	error = upgrade_ask(admin->upgrade, answer);
	if (error != 0)
		upgrade_answer(answer, 0, upgrade_problem(error));
	return 0;
}

int upgrade_route(weir_routes *routes, struct admin *admin)
{
	static const struct weir_route_options options = {
		.run = WEIR_RUN_INLINE,
		.scope = WEIR_SCOPE_ADMIN,
	};
	return weir_routes_add(routes, "POST /upgrade", upgrade, admin, &options);
}
