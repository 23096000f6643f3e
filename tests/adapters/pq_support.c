/* adapters/pq_support.c: see pq_support.h. */
#include "adapters/pq_support.h"
#include "support/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

weir_pq *pq_open(const char *conninfo)
{
	const struct weir_pq_options options = {.conninfo =
							conninfo ? conninfo : getenv(PQ_CONNINFO),
						.cancel_timeout = MUST_PATIENCE};
	struct weir_pq_error error;
	weir_pq *connection = NULL;
	int result = weir_pq_open(&options, NULL, weir_after(MUST_PATIENCE), &connection, &error);

	must(result == 0, "%d: %s %s", result, error.sqlstate, error.text);
	return connection;
}

void pq_run(weir_pq *connection, const char *sql)
{
	int result = weir_pq_exec(connection, sql, NULL, weir_after(MUST_PATIENCE));

	must(result == 0, "%s: %d: %s", sql, result, weir_pq_error(connection)->text);
}

static int keep_number(void *arg, const weir_pq_row *row)
{
	long *number = arg;
	const char *value = weir_pq_value(row, 0);

	*number = value ? strtol(value, NULL, 10) : -1;
	return 0;
}

long pq_number(weir_pq *connection, const char *sql)
{
	long number = -1;
	int result = weir_pq_query(connection, sql, NULL, 0, keep_number, &number, NULL,
				   weir_after(MUST_PATIENCE));

	must(result == 0, "%s: %d: %s", sql, result, weir_pq_error(connection)->text);
	return number;
}

void pq_await(weir_pq *watcher, const char *pattern, const char *event)
{
	static const char sql[] = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
				  "AND query LIKE $1 AND wait_event = $2";
	const struct weir_pq_param params[] = {{pattern, 0}, {event, 0}};
	const weir_time until = weir_after(MUST_PATIENCE);
	long number = 0;

	while (number == 0)
		must(weir_pq_query(watcher, sql, params, 2, keep_number, &number, NULL, until) == 0,
		     "%s has not come to wait for %s: %s", pattern, event,
		     weir_pq_error(watcher)->text);
}

static void *trip(void *arg)
{
	struct pq_tripper *tripper = arg;
	weir_pq *watcher = pq_open(NULL);

	pq_await(watcher, tripper->pattern, tripper->event);
	tripper->when = weir_now();
	(void)weir_token_cancel(tripper->token, WEIR_REASON_REQUESTED, NULL);
	weir_pq_close(watcher);
	return NULL;
}

void pq_tripper_start(struct pq_tripper *tripper, weir_token *token, const char *pattern,
		      const char *event)
{
	*tripper = (struct pq_tripper){.token = token, .pattern = pattern, .event = event};
	must(pthread_create(&tripper->thread, NULL, trip, tripper) == 0, "no thread");
}

void pq_tripper_join(struct pq_tripper *tripper)
{
	must(pthread_join(tripper->thread, NULL) == 0, "join");
}
