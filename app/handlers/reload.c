/* reload.c: POST /reload; the answer comes when it has been done. */
#include "reload.h"
#include "../reload.h"
#include "guard.h"
#include "outcome.h"

#include <errno.h>

static int reload(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	const struct admin *admin = weir_request_context(request);
	int result;
	if (!guard_passes(request, response, &result))
		return result;
	if (admin->reload == NULL)
		return weir_response_error(response, 503, "nothing can be reloaded here");
	if (weir_server_stopping(weir_request_server(request)))
		return weir_response_error(response, 409, "the server is stopping");
	weir_later *answer;
	int error = weir_response_later(response, &answer);
	if (error != 0)
		return error;
	error = reload_ask(admin->reload, answer);
	if (error != 0)
		outcome_answer(answer, "generation", 0,
			       error == -ECANCELED ? "the server is stopping"
						   : "too much is waiting to be done");
	return 0;
}

int reload_route(weir_routes *routes, struct admin *admin)
{
	static const struct weir_route_options options = {
		.run = WEIR_RUN_INLINE,
		.scope = WEIR_SCOPE_ADMIN,
	};
	return weir_routes_add(routes, "POST /reload", reload, admin, &options);
}
