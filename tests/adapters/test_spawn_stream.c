/* weir_spawn(): input to the child, and what it says. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "adapters/spawn_support.h"
#include "support/must.h"

Test(spawn_stream, output_and_errors_come_apart)
{
	struct spawn_run run;

	spawn_prepare(&run, "both", NULL);
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_str_eq(run.output, "out");
	cr_assert_str_eq(run.errors, "err");
	cr_assert_eq(run.result.output_bytes, 3);
	cr_assert_eq(run.result.error_bytes, 3);
}

Test(spawn_stream, or_together_in_order)
{
	struct spawn_run run;

	spawn_prepare(&run, "both", NULL);
	run.options.merge_errors = true;
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_str_eq(run.output, "outerr");
	cr_assert_str_eq(run.errors, "");
}

Test(spawn_stream, or_not_at_all)
{
	struct spawn_run run;

	spawn_prepare(&run, "both", NULL);
	run.options.output = NULL;
	run.options.errors = NULL;
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_eq(run.result.exit_code, 0);
	cr_assert_eq(run.result.output_bytes, 0);
}

/* How far a stream has come, and whether it is the right one. */
struct stream {
	uint64_t bytes;
	bool wrong;
	uint64_t fail_at; /* 0: never */
	int error;
};

static int check_flood(void *arg, const void *data, size_t size)
{
	struct stream *stream = arg;
	const unsigned char *bytes = data;
	size_t i;

	for (i = 0; i < size; i++)
		stream->wrong |= bytes[i] != (stream->bytes + i) % 251;
	stream->wrong |= size == 0 || size > WEIR_SPAWN_PIECE;
	stream->bytes += size;
	return stream->fail_at && stream->bytes >= stream->fail_at ? stream->error : 0;
}

static long resident_kib(void)
{
	struct rusage usage;

	cr_assert_eq(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

Test(spawn_stream, a_hundred_megabytes_through_a_small_buffer)
{
	struct stream stream = {0};
	struct spawn_run run;
	long before;

	spawn_prepare(&run, "flood", "100000000");
	run.options.output = check_flood;
	run.options.arg = &stream;
	before = resident_kib();
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_eq(run.result.exit_code, 0);
	cr_assert_eq(stream.bytes, 100000000);
	cr_assert_eq(run.result.output_bytes, stream.bytes);
	cr_assert_not(stream.wrong);
	cr_assert(resident_kib() - before < 4096, "%ld KiB more", resident_kib() - before);
}

/* As much as it says in return: neither side may wait for the other. */
Test(spawn_stream, input_and_output_at_the_same_time)
{
	struct stream stream = {0};
	struct spawn_run run;
	size_t size = 20000000, i;
	char *input = malloc(size);

	cr_assert(input);
	for (i = 0; i < size; i++)
		input[i] = (char)(i % 251);
	spawn_prepare(&run, "copy", NULL);
	run.options.input = input;
	run.options.input_size = size;
	run.options.output = check_flood;
	run.options.arg = &stream;
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_eq(run.result.exit_code, 0);
	cr_assert_eq(run.result.input_bytes, size);
	cr_assert_eq(stream.bytes, size);
	cr_assert_not(stream.wrong);
	free(input);
}

static volatile sig_atomic_t pipe_signals;

static void count_signal(int number)
{
	(void)number;
	pipe_signals++;
}

/* A child that does not want its input is no error, and SIGPIPE reaches nobody: neither now nor,
 * pending, later. */
static void closes_its_input(void)
{
	static const char input[1000000];
	struct spawn_run run;
	sigset_t pending;

	spawn_prepare(&run, "deaf", NULL);
	run.options.input = input;
	run.options.input_size = sizeof(input);
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_eq(run.result.exit_code, 0);
	cr_assert_str_eq(run.output, "closed\n");
	cr_assert(run.result.input_bytes < sizeof(input));
	cr_assert_eq(sigpending(&pending), 0);
	cr_assert_not(sigismember(&pending, SIGPIPE));
	cr_assert_eq(pipe_signals, 0);
}

Test(spawn_stream, input_that_is_not_wanted)
{
	cr_assert_neq(signal(SIGPIPE, count_signal), SIG_ERR);
	closes_its_input();
}

Test(spawn_stream, input_that_is_not_wanted_on_a_worker)
{
	sigset_t all;

	(void)sigfillset(&all);
	cr_assert_neq(signal(SIGPIPE, count_signal), SIG_ERR);
	cr_assert_eq(sigprocmask(SIG_BLOCK, &all, NULL), 0);
	closes_its_input();
	cr_assert_eq(sigprocmask(SIG_UNBLOCK, &all, NULL), 0);
	cr_assert_eq(pipe_signals, 0);
}

Test(spawn_stream, input_from_a_descriptor)
{
	struct spawn_run run;
	int fds[2];

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	cr_assert_eq(write(fds[1], "piped", 5), 5);
	(void)close(fds[1]);
	spawn_prepare(&run, "copy", NULL);
	run.options.input_from_fd = true;
	run.options.input_fd = fds[0];
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_str_eq(run.output, "piped");
	cr_assert_eq(close(fds[0]), 0, "it stays open");
}

Test(spawn_stream, without_input_it_reads_the_end)
{
	struct spawn_run run;

	spawn_prepare(&run, "copy", NULL);
	cr_assert_eq(spawn_go(&run), 0);
	cr_assert_eq(run.result.exit_code, 0);
	cr_assert_str_eq(run.output, "");
}

Test(spawn_stream, a_callback_that_fails_ends_the_child)
{
	struct stream stream = {.fail_at = 1000000, .error = -ENOSPC};
	struct spawn_run run;

	spawn_prepare(&run, "flood", "1000000000000");
	run.options.output = check_flood;
	run.options.arg = &stream;
	cr_assert_eq(spawn_go(&run), -ENOSPC);
	cr_assert(run.result.terminated);
	cr_assert_eq(run.result.signal, SIGTERM);
	cr_assert(stream.bytes < 1000000 + WEIR_SPAWN_PIECE, "it is not called again");
}
