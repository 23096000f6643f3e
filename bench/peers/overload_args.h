/* overload_args.h: what the C peers of the overload bench are started with: WORKERS and the service
 * time in MICROSECONDS; and the service itself. */
#ifndef BENCH_PEERS_OVERLOAD_ARGS_H
#define BENCH_PEERS_OVERLOAD_ARGS_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

#include "../support/parse.h"

struct overload_args {
	unsigned workers;
	struct timespec service;
};

/* 0, or -EINVAL or -ERANGE. */
static inline int overload_args_read(int argc, char **argv, struct overload_args *args)
{
	uint64_t workers, service;
	const char *text;
	int result;

	if (argc != 3)
		return -EINVAL;
	text = argv[1];
	result = bench_parse_number(&text, 4096, &workers);
	if (result == 0 && (*text != '\0' || workers == 0))
		result = -EINVAL;
	if (result != 0)
		return result;
	text = argv[2];
	result = bench_parse_number(&text, 10000000, &service);
	if (result == 0 && *text != '\0')
		result = -EINVAL;
	args->workers = (unsigned)workers;
	args->service =
		(struct timespec){(time_t)(service / 1000000), (long)(service % 1000000) * 1000};
	return result;
}

/* The work: it blocks the thread, and looks at nothing. */
static inline void overload_serve(const struct overload_args *args)
{
	struct timespec left = args->service;

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

#endif
