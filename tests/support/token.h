/* support/token.h: tokens for tests. */
#ifndef WEIR_TESTS_TOKEN_H
#define WEIR_TESTS_TOKEN_H

#include <weir/token.h>

/** A live token without a deadline, beneath `parent`; or a root, if that is NULL. */
weir_token *token_make(weir_token *parent);

/** Trips it; nobody may have done so before. */
void token_trip(weir_token *token);

#endif
