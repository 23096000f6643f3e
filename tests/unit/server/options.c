/* server/options.c: defaults, and what is out of range. */
#include <criterion/criterion.h>

#include <errno.h>
#include <sys/resource.h>

#include "server/server_private.h"

Test(options, have_the_defaults_that_the_header_promises)
{
	struct weir_server_options options = {0};
	struct rlimit limit;

	cr_assert_eq(weir__options_resolve(&options), 0);
	cr_assert_eq(options.workers, 64);
	cr_assert_eq(options.queue, 1024);
	cr_assert_eq(options.worker_stack, 1 << 20);
	cr_assert_eq(options.grace, 20 * WEIR_SECOND);
	cr_assert_eq(options.drain_timeout, 25 * WEIR_SECOND);
	cr_assert_eq(options.header_timeout, 10 * WEIR_SECOND);
	cr_assert_eq(options.body_timeout, 20 * WEIR_SECOND);
	cr_assert_eq(options.body_min_rate, 512);
	cr_assert_eq(options.keepalive_timeout, 75 * WEIR_SECOND);
	cr_assert_eq(options.write_timeout, 60 * WEIR_SECOND);
	cr_assert_eq(options.connection_memory, 8192);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_assert_gt(options.max_connections, 0);
	cr_assert_leq(options.max_connections, limit.rlim_cur);
}

Test(options, leave_descriptors_for_others)
{
	static const struct {
		rlim_t descriptors;
		unsigned connections;
	} cases[] = {{1024, 960}, {129, 65}, {128, 128}, {20, 20}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct weir_server_options options = {0};
		struct rlimit limit;

		cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
		limit.rlim_cur = cases[i].descriptors;
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		cr_assert_eq(weir__options_resolve(&options), 0);
		cr_assert_eq(options.max_connections, cases[i].connections, "%u of %llu",
			     options.max_connections, (unsigned long long)cases[i].descriptors);
	}
}

#define ACCEPTS(...)                                                                               \
	cr_assert_eq(weir__options_resolve(&(struct weir_server_options){__VA_ARGS__}), 0,         \
		     #__VA_ARGS__)
#define REFUSES(...)                                                                               \
	cr_assert_eq(weir__options_resolve(&(struct weir_server_options){__VA_ARGS__}), -EINVAL,   \
		     #__VA_ARGS__)

Test(options, have_limits)
{
	ACCEPTS(.workers = 1);
	ACCEPTS(.workers = 4096);
	REFUSES(.workers = 4097);
	ACCEPTS(.queue = 1);
	ACCEPTS(.queue = 1000000);
	REFUSES(.queue = 1000001);
	ACCEPTS(.worker_stack = 65536);
	REFUSES(.worker_stack = 65535);
	REFUSES(.worker_stack = SIZE_MAX);
	ACCEPTS(.connection_memory = 4096);
	ACCEPTS(.connection_memory = 32768);
	REFUSES(.connection_memory = 4095);
	REFUSES(.connection_memory = 32769);
	ACCEPTS(.max_connections = 1);
	REFUSES(.max_connections = 1000001);
	ACCEPTS(.body_min_rate = 1);
	REFUSES(.body_min_rate = UINT64_MAX);
	ACCEPTS(.log_level = WEIR_LOG_DEBUG);
	REFUSES(.log_level = WEIR_LOG_DEBUG + 1);
}

Test(options, durations_are_not_negative)
{
	REFUSES(.grace = -2);
	REFUSES(.drain_timeout = -2);
	REFUSES(.header_timeout = -1);
	REFUSES(.body_timeout = -1);
	REFUSES(.keepalive_timeout = -1);
	REFUSES(.write_timeout = INT64_MIN);
	ACCEPTS(.header_timeout = 1);
}

Test(options, none_at_all_is_a_duration_of_a_stop_only)
{
	struct weir_server_options options = {.grace = WEIR_NONE, .drain_timeout = WEIR_NONE};

	cr_assert_eq(weir__options_resolve(&options), 0);
	cr_assert_eq(options.grace, 0);
	cr_assert_eq(options.drain_timeout, 0);
	REFUSES(.header_timeout = WEIR_NONE);
	REFUSES(.keepalive_timeout = WEIR_NONE);
}

/* Points in time are sums with these. */
Test(options, for_ever_fits_behind_now)
{
	struct weir_server_options options = {
		.grace = WEIR_NEVER,
		.drain_timeout = WEIR_NEVER,
		.header_timeout = WEIR_NEVER,
		.body_timeout = WEIR_NEVER,
		.keepalive_timeout = WEIR_NEVER,
		.write_timeout = WEIR_NEVER,
	};
	const weir_time *const all[] = {
		&options.grace,        &options.drain_timeout,     &options.header_timeout,
		&options.body_timeout, &options.keepalive_timeout, &options.write_timeout};

	cr_assert_eq(weir__options_resolve(&options), 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		weir_time sum;

		cr_assert_geq(*all[i], 365 * 24 * 3600 * WEIR_SECOND);
		cr_assert_not(__builtin_add_overflow(weir_now(), *all[i], &sum));
	}
}

#undef ACCEPTS
#undef REFUSES
#define ACCEPTS(...)                                                                               \
	cr_assert_eq(weir__route_options_resolve(&(struct weir_route_options){__VA_ARGS__}), 0,    \
		     #__VA_ARGS__)
#define REFUSES(...)                                                                               \
	cr_assert_eq(weir__route_options_resolve(&(struct weir_route_options){__VA_ARGS__}),       \
		     -EINVAL, #__VA_ARGS__)

Test(route_options, have_defaults_and_limits)
{
	struct weir_route_options buffered = {0}, streamed = {.body = WEIR_BODY_STREAMED};

	cr_assert_eq(weir__route_options_resolve(&buffered), 0);
	cr_assert_eq(buffered.body_limit, 1 << 20);
	cr_assert_eq(weir__route_options_resolve(&streamed), 0);
	cr_assert_eq(streamed.body_limit, 0, "no limit");
	ACCEPTS(.body_limit = 1 << 30);
	REFUSES(.body_limit = (1 << 30) + 1);
	ACCEPTS(.body_limit = UINT64_MAX, .body = WEIR_BODY_STREAMED);
	ACCEPTS(.deadline = 1);
	ACCEPTS(.deadline = WEIR_NEVER);
	REFUSES(.deadline = -1);
	ACCEPTS(.scope = WEIR_SCOPE_BOTH);
	REFUSES(.scope = WEIR_SCOPE_BOTH + 1);
	REFUSES(.body = WEIR_BODY_STREAMED + 1);
	REFUSES(.run = WEIR_RUN_INLINE + 1);
	REFUSES(.cancel_at = WEIR_CANCEL_AT_DRAIN + 1);
	ACCEPTS(.run = WEIR_RUN_INLINE);
	REFUSES(.run = WEIR_RUN_INLINE, .body = WEIR_BODY_STREAMED);
}
