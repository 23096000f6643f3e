/* upgrade.c: POST /upgrade; the answer comes when the new process serves, or does not. */
#include "upgrade.h"
#include "../upgrade.h"
#include "guard.h"
#include "outcome.h"

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
		outcome_answer(answer, "pid", 0, upgrade_problem(error));
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
