/* stacks.c: see stacks.h.
 *
 * It may take some hundred milliseconds, when a thread does not answer or names have to be looked
 * for, so it is done on the lane that only looks. That is a background task: it answers when every
 * worker is stuck, and during a stop until the tasks' turn to end.
 */
#include "stacks.h"
#include "../control.h"
#include "guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/stack.h>

static void say(weir_later *answer, weir_server *server, const char *type,
		int (*make)(weir_server *, char **, size_t *))
{
	char *text;
	size_t size;
	int error = make(server, &text, &size);
	/* Whoever has gone need not be told. */
	if (error != 0) {
		(void)weir_later_answer(answer, 500, NULL, NULL, 0);
		return;
	}
	(void)weir_later_answer(answer, 200, type, text, size);
	free(text);
}

static void say_json(void *server, weir_token *token, weir_later *answer)
{
	(void)token;
	say(answer, server, "application/json", weir_server_stacks_json);
}

static void say_text(void *server, weir_token *token, weir_later *answer)
{
	(void)token;
	say(answer, server, "text/plain; charset=utf-8", weir_server_stacks_text);
}

static void refuse(weir_later *answer, int error)
{
	static const char busy[] = "{\"error\":\"too many are looking already\"}\n";
	static const char late[] = "{\"error\":\"the server is stopping\"}\n";
	if (error == -EBUSY)
		(void)weir_later_answer(answer, 503, "application/json", busy, sizeof busy - 1);
	else
		(void)weir_later_answer(answer, 503, "application/json", late, sizeof late - 1);
}

static int stacks(weir_request *request, weir_response *response, weir_token *token)
{
	(void)token;
	int result;
	if (!guard_passes(request, response, &result))
		return result;
	const struct admin *admin = weir_request_context(request);
	const char *format = weir_request_query(request, "format");
	if (format != NULL && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
		return weir_response_error(response, 400, "?format= must be json or text");
	if (admin->control == NULL)
		return weir_response_error(response, 503, "there is nothing to look at here");
	weir_later *answer;
	int error = weir_response_later(response, &answer);
	if (error != 0)
		return error;
	error = control_ask(admin->control, CONTROL_LOOK,
			    format != NULL && format[0] == 't' ? say_text : say_json,
			    weir_request_server(request), answer);
	if (error != 0)
		refuse(answer, error);
	return 0;
}

int stacks_route(weir_routes *routes, struct admin *admin)
{
	static const struct weir_route_options options = {
		.run = WEIR_RUN_INLINE,
		.scope = WEIR_SCOPE_ADMIN,
	};
	return weir_routes_add(routes, "GET /stacks", stacks, admin, &options);
}
