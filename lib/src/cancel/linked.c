/* linked.c: a token that is tripped by the first of several others.
 *
 * It is the root of a tree of its own with a callback on each source. Lifetime: it holds a
 * reference to each source, and a source knows it only through the callback. When the last
 * reference has gone, the callbacks are removed, and one that runs on another thread
 * is waited for. It is over soon: it takes a reference only from a count above 0
 * (weir__token_try_ref()), so either it holds one, and the last reference has not gone, or it
 * finds none and returns. If it gives back the last reference itself, the removal is
 * called from inside the callback, and does not wait.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "cancel/token.h"

struct link {
	weir_token_callback callback;
	struct linked *linked;
	weir_token *source; /* one reference */
};

struct linked {
	weir_token token;
	size_t count; /* fixed, as all below */
	struct link links[];
};

static struct linked *linked_of(const weir_token *token)
{
	return weir__container(token, struct linked, token);
}

weir_token *weir__linked_source(const weir_token *root, size_t i)
{
	if (root->kind != WEIR__LINKED || i >= linked_of(root)->count)
		return NULL;
	return linked_of(root)->links[i].source;
}

static void source_tripped(void *arg)
{
	struct link *link = arg;
	weir_token *token = &link->linked->token;
	struct weir_cause cause;

	if (!weir__token_try_ref(token))
		return;
	if (weir_token_cause(link->source, &cause) == 0)
		(void)weir__token_trip(token, &cause);
	weir_token_unref(token);
}

static void free_linked(weir_token *token)
{
	struct linked *linked = linked_of(token);
	size_t i;

	for (i = 0; i < linked->count; i++) {
		/* -EDEADLK is not possible: source_tripped() waits for nobody once the count is
		 * 0, see above. */
		(void)weir_token_callback_remove(&linked->links[i].callback);
		weir_token_unref(linked->links[i].source);
	}
	free(linked);
}

int weir_token_create_linked(weir_token *const *tokens, size_t count, weir_token **out)
{
	struct linked *linked;
	size_t i;

	if (!out || (count > 0 && !tokens))
		return -EINVAL;
	if (count > (SIZE_MAX - sizeof(*linked)) / sizeof(linked->links[0]))
		return -ENOMEM;
	linked = calloc(1, sizeof(*linked) + count * sizeof(linked->links[0]));
	if (!linked)
		return -ENOMEM;
	weir__token_init(&linked->token, free_linked);
	linked->token.kind = WEIR__LINKED;
	for (i = 0; i < count; i++) {
		struct link *link = &linked->links[linked->count];

		if (!tokens[i])
			continue;
		link->linked = linked;
		link->source = weir_token_ref(tokens[i]);
		linked->count++;
		if (tokens[i]->probe && !linked->token.probe)
			weir__token_set_probe(&linked->token, tokens[i]->probe);
	}
	for (i = 0; i < linked->count; i++)
		weir__token_callback_add(linked->links[i].source, &linked->links[i].callback,
					 source_tripped, &linked->links[i]);
	*out = &linked->token;
	return 0;
}
