/* straggler.c: see straggler.h. */
#include "drain/straggler.h"

#include <inttypes.h>
#include <stdio.h>

/* What a handler did with its token, which is why it is still there: or did not do. */
static void text_look(struct weir__text *text, const struct weir_straggler *straggler)
{
	char words[160];
	struct weir__text ago = WEIR__TEXT_EMPTY;

	if (!straggler->looked_at[0]) {
		if (straggler->abandoned)
			weir__text_append(text, " token=\"never looked at\"", 24);
		return;
	}
	weir__text_duration(&ago, straggler->looked_ago);
	(void)snprintf(words, sizeof(words),
		       straggler->waiting ? "waited on for %s in %s"
					  : "last looked at %s ago at %s",
		       ago.error ? "?" : ago.data, straggler->looked_at);
	weir__text_free(&ago);
	weir__text_append(text, " token=", 7);
	weir__text_logfmt(text, words);
}

void weir__straggler_text(struct weir__text *text, const struct weir_straggler *straggler)
{
	weir__text_logfmt(text, straggler->route);
	weir__text_append(text, " path=", 6);
	weir__text_logfmt(text, straggler->path);
	weir__text_append(text, " client=", 8);
	weir__text_logfmt(text, straggler->client);
	if (straggler->upgraded)
		weir__text_append(text, " upgraded=yes", 13);
	weir__text_append(text, " doing=", 7);
	weir__text_logfmt(text, straggler->doing);
	weir__text_append(text, " age=\"", 6);
	weir__text_duration(text, straggler->age);
	weir__text_printf(text, "\" received=%" PRIu64 " sent=%" PRIu64, straggler->received,
			  straggler->sent);
	text_look(text, straggler);
}

static void json_what(struct weir__text *text, const struct weir_straggler *straggler)
{
	weir__text_append(text, "{\"route\":", 9);
	weir__text_json(text, straggler->route);
	weir__text_append(text, ",\"path\":", 8);
	weir__text_json(text, straggler->path);
	weir__text_append(text, ",\"client\":", 10);
	weir__text_json(text, straggler->client);
	weir__text_append(text, ",\"doing\":", 9);
	weir__text_json(text, straggler->doing);
	weir__text_printf(text, ",\"upgraded\":%s", straggler->upgraded ? "true" : "false");
	weir__text_append(text, ",\"age_seconds\":", 15);
	weir__text_seconds(text, straggler->age);
	weir__text_printf(text, ",\"received\":%" PRIu64 ",\"sent\":%" PRIu64, straggler->received,
			  straggler->sent);
}

static void json_where(struct weir__text *text, const struct weir_straggler *straggler)
{
	weir__text_look(text, straggler->looked_at, straggler->looked_ago, straggler->waiting);
	weir__text_stack(text, straggler->stack);
	weir__text_append(text, "}", 1);
}

void weir__straggler_json(struct weir__text *text, const struct weir_straggler *straggler)
{
	json_what(text, straggler);
	weir__text_printf(text, ",\"abandoned\":%s", straggler->abandoned ? "true" : "false");
	json_where(text, straggler);
}

void weir__running_json(struct weir__text *text, const struct weir_straggler *running)
{
	json_what(text, running);
	json_where(text, running);
}
