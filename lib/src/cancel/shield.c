/* shield.c: a token for cleanup, which outlives its parent's trip by a budget.
 *
 * It is a child like others, but a trip of its parent stops at it and starts its budget
 * instead: `limit` is set, once, and the timer armed for it. What is beneath the shield is
 * tripped with the shield. All fields are under the tree's lock.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cancel/token.h"

struct shield {
	weir_token token; /* its cause, as long as it is live: that of the parent's trip */
	weir_time budget; /* fixed */
	weir_time limit;  /* WEIR_NEVER until the budget runs */
};

static struct shield *shield_of(const weir_token *token)
{
	return weir__container(token, struct shield, token);
}

weir_time weir__shield_budget(const weir_token *token)
{
	return token->kind == WEIR__SHIELD ? shield_of(token)->budget : 0;
}

weir_time weir__shield_limit_locked(const weir_token *token)
{
	return token->kind == WEIR__SHIELD ? shield_of(token)->limit : WEIR_NEVER;
}

void weir__shield_cause_locked(const weir_token *token, struct weir_cause *out)
{
	const char *detail = token->cause.detail;

	*out = token->cause;
	(void)snprintf(out->detail, sizeof(out->detail), "cleanup budget over%s%.42s",
		       *detail ? ": " : "", detail);
}

void weir__shield_begin_locked(weir_token *token, const struct weir_cause *cause)
{
	struct shield *shield = shield_of(token);

	if (shield->limit != WEIR_NEVER || weir__token_tripped(token))
		return;
	token->cause = *cause;
	shield->limit = weir_after(shield->budget);
	(void)weir__deadline_arm_locked(token); /* cannot fail: see deadline.c */
}

static void free_shield(weir_token *token)
{
	free(shield_of(token));
}

int weir_token_create_shield(weir_token *parent, weir_time budget, weir_token **out)
{
	struct shield *shield;
	int error = 0;

	if (!out || budget <= 0 || budget == WEIR_NEVER)
		return -EINVAL;
	shield = malloc(sizeof(*shield));
	if (!shield)
		return -ENOMEM;
	weir__token_init_child(&shield->token, parent, free_shield);
	shield->budget = budget;
	shield->limit = WEIR_NEVER;
	if (parent) {
		shield->token.kind = WEIR__SHIELD;
		shield->token.gap = NULL; /* gap.h says why */
		shield->token.timer.stays = true;
		(void)pthread_mutex_lock(&parent->root->lock);
		error = weir__deadline_arm_locked(&shield->token);
		if (!error)
			weir__token_join_locked(&shield->token);
		(void)pthread_mutex_unlock(&parent->root->lock);
	}
	if (error) {
		weir_token_unref(&shield->token);
		return error;
	}
	*out = &shield->token;
	return 0;
}
