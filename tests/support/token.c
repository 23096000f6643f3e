/* support/token.c: see token.h. */
#include "support/token.h"

#include <stddef.h>

#include "support/must.h"

weir_token *token_make(weir_token *parent)
{
	weir_token *token = NULL;
	int error = weir_token_create(parent, WEIR_NEVER, &token);

	must(error == 0, "weir_token_create: %d", error);
	return token;
}

void token_trip(weir_token *token)
{
	must(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL), "it was tripped before");
}
