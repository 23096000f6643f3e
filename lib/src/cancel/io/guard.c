/* guard.c: see guard.h. The time is a deadline of a token of the guard's own. */
#include "cancel/io/guard.h"

#include <errno.h>

#include "cancel/token.h"

int weir__guard_begin(struct weir__guard *guard, const struct weir__io_call *call)
{
	int error;

	guard->call = call;
	guard->timed = NULL;
	guard->open = call->token || call->until != WEIR_NEVER;
	if (!guard->open)
		return 0;
	if (call->until != WEIR_NEVER) {
		error = weir_token_create(call->token, call->until, &guard->timed);
		if (error)
			return error;
	}
	error = weir_interrupt_begin(&guard->scope, guard->timed ? guard->timed : call->token);
	if (error)
		goto unref_timed;
	weir__token_wait_begin(call->token, call->name);
	return 0;

unref_timed:
	weir_token_unref(guard->timed);
	if (error == -ECANCELED && !(call->token && weir__token_tripped(call->token)))
		return -ETIMEDOUT;
	return error;
}

void weir__guard_end(struct weir__guard *guard)
{
	int saved = errno;

	if (guard->open) {
		weir__token_wait_end(guard->call->token);
		weir_interrupt_end(&guard->scope);
		weir_token_unref(guard->timed);
	}
	errno = saved;
}
