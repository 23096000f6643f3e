/* rehearse.c: weir_server_rehearse(): asks the acceptor for a rehearsal and waits for its end.
 *
 * No wakeup is lost: the acceptor sets `ended` and signals; weir_server_stop() sets `stopping` and
 * signals; this thread draws its ticket before it looks at either.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "http/rehearsal.h"
#include "server/forecast.h"

#define TIMEOUT (5 * WEIR_SECOND)

/* The threads that a rehearsal needs cannot wait for one. */
static bool must_not_wait(const struct weir_server *server)
{
	return weir__acceptor_is_self(&server->acceptor) || weir__pool_has_self(&server->pool) ||
	       weir__stop_is_self(server);
}

static int resolve(const struct weir_rehearsal_options *options, struct weir__rehearsal *out)
{
	out->fraction = options ? options->fraction : 0;
	out->timeout = options ? options->timeout : 0;
	if (isnan(out->fraction) || out->fraction < 0 || out->fraction > 1 || out->timeout < 0)
		return -EINVAL;
	if (out->fraction == 0)
		out->fraction = 1;
	if (out->timeout == 0)
		out->timeout = TIMEOUT;
	return 0;
}

static int check_state(struct weir_server *server)
{
	int error = 0;

	(void)pthread_mutex_lock(&server->lock);
	if (!server->has_acceptor)
		error = -EINVAL;
	else if (weir_server_stopping(server))
		error = -ECANCELED;
	(void)pthread_mutex_unlock(&server->lock);
	return error;
}

static void await(struct weir_server *server, struct weir__rehearsal *rehearsal)
{
	while (!atomic_load_explicit(&rehearsal->ended, memory_order_acquire)) {
		uint32_t ticket = weir__event_ticket(&server->rehearsed);

		if (atomic_load_explicit(&rehearsal->ended, memory_order_acquire))
			break;
		if (weir_server_stopping(server)) {
			weir__acceptor_call(&server->acceptor, weir__rehearsal_cancel, rehearsal);
			break;
		}
		(void)weir__event_wait(&server->rehearsed, ticket, NULL, WEIR_NEVER);
	}
}

static int compare(const void *a, const void *b)
{
	weir_time left = *(const weir_time *)a, right = *(const weir_time *)b;

	return (left > right) - (left < right);
}

/* The least time within which `part` in a hundred were over. */
static weir_time quantile(const weir_time *sorted, uint64_t count, unsigned part)
{
	return count == 0 ? 0 : sorted[(count * part + 99) / 100 - 1];
}

static void finish(struct weir__rehearsal *rehearsal, struct weir_rehearsal *out)
{
	uint64_t over = rehearsal->result.over;

	qsort(rehearsal->durations, over, sizeof(*rehearsal->durations), compare);
	*out = rehearsal->result;
	out->p50 = quantile(rehearsal->durations, over, 50);
	out->p99 = quantile(rehearsal->durations, over, 99);
}

int weir_server_rehearse(weir_server *server, const struct weir_rehearsal_options *options,
			 struct weir_rehearsal *out)
{
	struct weir__rehearsal rehearsal = {.changed = &server->rehearsed};
	int error = out ? resolve(options, &rehearsal) : -EINVAL;

	if (!error)
		error = check_state(server);
	if (!error && must_not_wait(server))
		error = -EDEADLK;
	if (error)
		return error;
	if (atomic_exchange_explicit(&server->rehearsing, true, memory_order_acquire))
		return -EBUSY;
	/* As with a stop that leaves no grace: that is what is rehearsed. */
	rehearsal.times =
		(struct weir__stop_times){.cut = weir__drain_times(&server->drain).timeout};
	weir__acceptor_call(&server->acceptor, weir__rehearsal_begin, &rehearsal);
	await(server, &rehearsal);
	error = rehearsal.error;
	if (!error)
		finish(&rehearsal, out);
	free(rehearsal.durations);
	atomic_store_explicit(&server->rehearsing, false, memory_order_release);
	return error;
}
