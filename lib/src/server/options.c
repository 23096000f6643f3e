/* options.c: defaults and ranges; weir/server.h documents them. */
#include <errno.h>
#include <limits.h>
#include <sys/resource.h>

#include "http/check.h"
#include "server/server_private.h"

#define RESERVED_DESCRIPTORS 64u
#define MOST_RATE ((uint64_t)1 << 40)
/* Longer durations, WEIR_NEVER too, count as this long: sums with a point in time must fit. */
#define MOST_WORKERS 4096
#define LONGEST (365 * 24 * 3600 * WEIR_SECOND)

static int in_range(unsigned *value, unsigned standard, unsigned low, unsigned high)
{
	if (*value == 0)
		*value = standard;
	return *value >= low && *value <= high ? 0 : -EINVAL;
}

static int size_in_range(size_t *value, size_t standard, size_t low, size_t high)
{
	if (*value == 0)
		*value = standard;
	return *value >= low && *value <= high ? 0 : -EINVAL;
}

static int duration(weir_time *value, weir_time standard)
{
	if (*value == 0)
		*value = standard;
	if (*value > LONGEST)
		*value = LONGEST;
	return *value > 0 ? 0 : -EINVAL;
}

/* A duration that may be WEIR_NONE. */
static int duration_or_none(weir_time *value, weir_time standard)
{
	if (*value == WEIR_NONE || (*value == 0 && standard == 0)) {
		*value = 0;
		return 0;
	}
	return duration(value, standard);
}

/* Each connection needs one descriptor, and files and the program's own need some. */
static unsigned connections_that_fit(void)
{
	struct rlimit limit;
	rlim_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return 1000000;
	most = limit.rlim_cur > 2 * RESERVED_DESCRIPTORS ? limit.rlim_cur - RESERVED_DESCRIPTORS
							 : limit.rlim_cur;
	return most < 1000000 ? (unsigned)most : 1000000;
}

int weir__options_resolve(struct weir_server_options *options)
{
	int error = in_range(&options->workers, 64, 1, MOST_WORKERS);

	if (!error)
		error = in_range(&options->workers_max, options->workers, options->workers,
				 MOST_WORKERS);
	if (!error)
		error = duration(&options->worker_idle, 10 * WEIR_SECOND);
	if (!error)
		error = in_range(&options->queue, 1024, 1, 1000000);
	if (!error)
		error = duration_or_none(&options->queue_age, 30 * WEIR_SECOND);
	if (!error)
		error = duration_or_none(&options->queue_target, 5 * WEIR_MILLISECOND);
	if (!error)
		error = duration(&options->queue_interval, 100 * WEIR_MILLISECOND);
	if (!error)
		error = size_in_range(&options->worker_stack, (size_t)1 << 20, (size_t)64 << 10,
				      (size_t)1 << 30);
	if (!error)
		error = duration_or_none(&options->lame_duck, 0);
	if (!error)
		error = duration_or_none(&options->grace, 20 * WEIR_SECOND);
	if (!error)
		error = duration_or_none(&options->drain_timeout, 25 * WEIR_SECOND);
	if (!error)
		error = duration(&options->header_timeout, 10 * WEIR_SECOND);
	if (!error)
		error = duration(&options->first_byte_timeout, options->header_timeout);
	if (options->first_byte_timeout > options->header_timeout)
		options->first_byte_timeout = options->header_timeout;
	if (!error)
		error = duration(&options->body_timeout, 20 * WEIR_SECOND);
	if (!error)
		error = duration(&options->keepalive_timeout, 75 * WEIR_SECOND);
	if (!error)
		error = duration(&options->write_timeout, 60 * WEIR_SECOND);
	if (!error)
		error = size_in_range(&options->connection_memory, 8192, 4096, 32768);
	if (!error)
		error = in_range(&options->max_connections, connections_that_fit(), 1, 1000000);
	if (options->body_min_rate == 0)
		options->body_min_rate = 512;
	if (options->write_min_rate == 0)
		options->write_min_rate = 512;
	if (options->body_min_rate > MOST_RATE || options->write_min_rate > MOST_RATE)
		error = -EINVAL;
	if (options->max_requests > 1000000 || options->client_connections > 1000000 ||
	    options->client_requests > 1000000)
		error = -EINVAL;
	if (options->client_header && !weir__is_token(options->client_header))
		error = -EINVAL;
	if (options->errors > WEIR_ERRORS_JSON)
		error = -EINVAL;
	if (options->log_level > WEIR_LOG_DEBUG)
		error = -EINVAL;
	if (options->deadline_header && !weir__is_token(options->deadline_header))
		error = -EINVAL;
	return error;
}

int weir__route_options_resolve(struct weir_route_options *options)
{
	const uint64_t most = (uint64_t)1 << 30;

	if (options->deadline < 0 || options->body > WEIR_BODY_STREAMED ||
	    options->run > WEIR_RUN_INLINE || options->cancel_at > WEIR_CANCEL_AT_DRAIN ||
	    options->scope > WEIR_SCOPE_BOTH || options->priority > WEIR_PRIORITY_FIRST ||
	    options->queue > 1000000 || options->queue_age < 0)
		return -EINVAL;
	if (options->body == WEIR_BODY_STREAMED)
		return options->run == WEIR_RUN_INLINE ? -EINVAL : 0;
	if (options->body_limit == 0)
		options->body_limit = (uint64_t)1 << 20;
	return options->body_limit <= most ? 0 : -EINVAL;
}

int weir_server_set_stop_times(weir_server *server, weir_time lame_duck, weir_time grace,
			       weir_time drain_timeout)
{
	struct weir_server_options options = {
		.lame_duck = lame_duck, .grace = grace, .drain_timeout = drain_timeout};
	int error = weir__options_resolve(&options);

	return error ? error
		     : weir__drain_set_times(&server->drain, options.lame_duck, options.grace,
					     options.drain_timeout);
}
