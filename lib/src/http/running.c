/* running.c: see running.h. */
#include "http/running.h"

#include "http/acceptor.h"
#include "http/upgrade.h"

/* The next entry, if this job is being run; NULL otherwise. */
static struct weir__running_entry *add(struct weir__acceptor *acceptor,
				       struct weir__running *running, const struct weir__job *job,
				       weir_token *token)
{
	struct weir__running_entry *entry = &running->entries[running->count];

	if (!weir__pool_find(acceptor->options.pool, job, &running->traces[running->count]))
		return NULL;
	(void)weir_token_ref(token);
	entry->token = token;
	entry->job = job;
	running->count++;
	return entry;
}

static void list_requests(struct weir__acceptor *acceptor, struct weir__running *running)
{
	struct weir__list *node;

	weir__list_each (node, &acceptor->requests) {
		weir_request *request = weir__container(node, weir_request, in_flight);
		struct weir__running_entry *entry;

		if (running->count == running->capacity)
			break;
		if (!request->with_worker ||
		    (request->scope != WEIR_SCOPE_PUBLIC && !running->admin))
			continue;
		entry = add(acceptor, running, &request->job, &request->token);
		if (entry)
			weir__straggler_describe(acceptor, request, &entry->what);
	}
}

/* Of most nobody runs anything: they are idle, or somebody else's. */
static void list_upgraded(struct weir__acceptor *acceptor, struct weir__running *running)
{
	struct weir__list *node;

	weir__list_each (node, &acceptor->upgrades->open) {
		weir_upgraded *upgraded = weir__container(node, weir_upgraded, open);
		struct weir__running_entry *entry;

		if (running->count == running->capacity)
			break;
		entry = add(acceptor, running, &upgraded->job, upgraded->token);
		if (entry)
			weir__upgraded_describe(acceptor, upgraded, &entry->what);
	}
}

void weir__running_list(struct weir__acceptor *acceptor, void *running)
{
	list_requests(acceptor, running);
	list_upgraded(acceptor, running);
}

void weir__running_release(struct weir__running *running)
{
	while (running->count > 0)
		weir_token_unref(running->entries[--running->count].token);
}
