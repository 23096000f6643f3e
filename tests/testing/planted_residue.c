/* testing/planted_residue.c: what a handler forgets on its way out, planted and found. Each
 * does it on the way out only, or only when it is done: at other points it is well. */
#include "planted.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/io.h>
#include <weir/sync.h>

#include "support/scratch.h"

static int done(weir_response *response)
{
	return weir_response_printf(response, "done\n");
}

/* For LeakSanitizer, which would fail the test for what it is about. */
static char *lost[64];
static size_t lost_count;

static int leak_memory(weir_request *request, weir_response *response, weir_token *token)
{
	char *copy = strdup("held over a look");

	(void)request;
	if (!copy)
		return -ENOMEM;
	if (weir_token_check(token)) {
		lost[lost_count++ % 64] = copy;
		return -ECANCELED; /* planted: without free() */
	}
	free(copy);
	return done(response);
}

Test(planted_residue, a_leak_is_found)
{
	expect_fault(leak_memory, NULL, WEIR_TESTING_MEMORY);
}

static char *replaced;

static int replace_kept(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	free(replaced);
	replaced = strdup("the latest");
	return weir_token_check(token) ? -ECANCELED : done(response);
}

Test(planted_residue, what_replaces_what_was_kept_is_no_leak)
{
	static const struct weir_testing_request request = {0};

	cr_assert_eq(expect_well(replace_kept, &request, NULL), 1);
	free(replaced);
}

Test(planted_residue, a_fault_is_named_with_its_point)
{
	static const struct weir_testing_request request = {0};
	struct weir_testing_report *report = sweep(leak_memory, &request, NULL);

	cr_assert_eq(report->points, 1);
	cr_assert_eq(report->fault_count, 1);
	cr_assert_eq(report->faults[0].point, 1);
	cr_assert_not_null(strstr(report->faults[0].where, "planted_residue.c:"));
	cr_assert_not_null(strstr(report->faults[0].text, "planted_residue.c:"));
	cr_assert_not_null(strstr(report->faults[0].text, "1 more blocks (+17 bytes)"));
	weir_testing_report_free(report);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static int hold_mutex(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	if (pthread_mutex_lock(&mutex))
		return -EIO;
	if (weir_sleep(token, weir_after(WEIR_SECOND)))
		return -ECANCELED; /* planted: without unlocking */
	(void)pthread_mutex_unlock(&mutex);
	return done(response);
}

Test(planted_residue, a_held_mutex_is_found)
{
	expect_fault(hold_mutex, NULL, WEIR_TESTING_LOCK);
}

static weir_mutex own_mutex;

static int hold_weir_mutex(weir_request *request, weir_response *response, weir_token *token)
{
	int error = weir_mutex_lock(&own_mutex, token, WEIR_NEVER);

	(void)request;
	if (error)
		return error;
	error = weir_token_check(token);
	if (error)
		return error; /* planted */
	weir_mutex_unlock(&own_mutex);
	return done(response);
}

Test(planted_residue, a_held_weir_mutex_is_found)
{
	expect_fault(hold_weir_mutex, NULL, WEIR_TESTING_LOCK);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static int hold_rwlock(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	if (pthread_rwlock_rdlock(&rwlock))
		return -EIO;
	if (weir_token_check(token))
		return -ECANCELED; /* planted */
	(void)pthread_rwlock_unlock(&rwlock);
	return done(response);
}

Test(planted_residue, a_held_rwlock_is_found)
{
	expect_fault(hold_rwlock, NULL, WEIR_TESTING_LOCK);
}

static int leave_descriptor(weir_request *request, weir_response *response, weir_token *token)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)request;
	if (fd < 0)
		return -errno;
	if (weir_token_check(token))
		return -ECANCELED; /* planted: without close() */
	(void)close(fd);
	return done(response);
}

Test(planted_residue, a_descriptor_is_found)
{
	expect_fault(leave_descriptor, NULL, WEIR_TESTING_DESCRIPTOR);
}

/* In TMPDIR, as mkstemp(3) is used. */
static int leave_temporary(weir_request *request, weir_response *response, weir_token *token)
{
	char path[512];
	int fd;

	(void)request;
	(void)snprintf(path, sizeof(path), "%s/upload-XXXXXX", getenv("TMPDIR"));
	fd = mkstemp(path);
	if (fd < 0)
		return -errno;
	(void)close(fd);
	if (weir_token_check(token))
		return -ECANCELED; /* planted: without unlink() */
	(void)unlink(path);
	return done(response);
}

Test(planted_residue, a_temporary_file_is_found)
{
	expect_fault(leave_temporary, NULL, WEIR_TESTING_FILE);
}

static struct scratch place;

static int leave_in_directory(weir_request *request, weir_response *response, weir_token *token)
{
	int fd = openat(place.fd, "half", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	(void)request;
	if (fd < 0)
		return -errno;
	(void)close(fd);
	if (weir_token_check(token))
		return -ECANCELED; /* planted: the half of a file is left */
	if (renameat(place.fd, "half", place.fd, "whole"))
		return -errno;
	return done(response);
}

static int empty_directory(void *arg)
{
	(void)arg;
	(void)unlinkat(place.fd, "half", 0);
	(void)unlinkat(place.fd, "whole", 0);
	return 0;
}

Test(planted_residue, a_file_where_files_may_be_is_found_only_after_a_cancellation)
{
	static const struct weir_testing_request request = {0};
	const char *const directories[] = {place.path, NULL};
	const struct weir_testing_options options = {.directories = directories,
						     .prepare = empty_directory};
	struct weir_testing_report *report;

	scratch_make(&place);
	report = sweep(leave_in_directory, &request, &options);
	cr_assert_eq(report->fault_count, 1);
	cr_assert_eq(report->faults[0].kind, WEIR_TESTING_FILE);
	cr_assert_eq(report->faults[0].point, 1);
	cr_assert_not_null(strstr(report->faults[0].text, "/half"));
	weir_testing_report_free(report);
	scratch_remove(&place);
}

/* Removes what it wants to replace before it has something to put there. */
static int remove_too_early(weir_request *request, weir_response *response, weir_token *token)
{
	int fd;

	(void)request;
	(void)unlinkat(place.fd, "whole", 0);
	if (weir_token_check(token))
		return -ECANCELED; /* planted: the old one is lost */
	fd = openat(place.fd, "whole", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	(void)close(fd);
	return done(response);
}

static int write_whole(void *arg)
{
	(void)arg;
	scratch_write(&place, "whole", "old", 3);
	return 0;
}

Test(planted_residue, a_file_that_was_lost_is_found)
{
	const char *const directories[] = {place.path, NULL};
	const struct weir_testing_options options = {.directories = directories,
						     .prepare = write_whole};

	scratch_make(&place);
	expect_fault(remove_too_early, &options, WEIR_TESTING_FILE);
	scratch_remove(&place);
}

static sem_t never;

static void *wait_for_ever(void *arg)
{
	(void)arg;
	while (sem_wait(&never))
		;
	return NULL;
}

static int leave_thread(weir_request *request, weir_response *response, weir_token *token)
{
	pthread_t thread;

	(void)request;
	if (weir_token_check(token) == 0)
		return done(response);
	if (pthread_create(&thread, NULL, wait_for_ever, NULL))
		return -EAGAIN;
	(void)pthread_detach(thread);
	return -ECANCELED; /* planted: nobody will end it */
}

Test(planted_residue, a_thread_is_found)
{
	/* The memory of a thread that runs is held by it. */
	const struct weir_testing_options options = {.overlook = 1u << WEIR_TESTING_MEMORY};

	cr_assert_eq(sem_init(&never, 0, 0), 0);
	expect_fault(leave_thread, &options, WEIR_TESTING_THREAD);
}

static int leave_child(weir_request *request, weir_response *response, weir_token *token)
{
	pid_t child = fork();

	(void)request;
	if (child < 0)
		return -errno;
	if (child == 0)
		_exit(0);
	if (weir_token_check(token))
		return -ECANCELED; /* planted: a zombie */
	if (waitpid(child, NULL, 0) != child)
		return -errno;
	return done(response);
}

Test(planted_residue, a_child_process_is_found)
{
	expect_fault(leave_child, NULL, WEIR_TESTING_CHILD);
}

static long open_transactions;

static long read_transactions(void *arg)
{
	(void)arg;
	return open_transactions;
}

static int leave_transaction(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	open_transactions++;
	if (weir_token_check(token))
		return -ECANCELED; /* planted: neither committed nor rolled back */
	open_transactions--;
	return done(response);
}

Test(planted_residue, an_open_transaction_is_found)
{
	const struct weir_testing_gauge gauge = {"open transactions", read_transactions, NULL};
	const struct weir_testing_options options = {.gauges = &gauge, .gauge_count = 1};

	expect_fault(leave_transaction, &options, WEIR_TESTING_GAUGE);
}

/* What is opened once and kept is no leak, wherever it is opened first. */
static int kept_fd = -1;
static char *kept_memory;

static int keep_for_good(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	if (weir_token_check(token)) {
		if (kept_fd < 0)
			kept_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (!kept_memory)
			kept_memory = strdup("a cache");
		return -ECANCELED;
	}
	return done(response);
}

Test(planted_residue, what_is_kept_for_good_is_no_leak)
{
	static const struct weir_testing_request request = {0};

	cr_assert_eq(expect_well(keep_for_good, &request, NULL), 1);
	cr_assert_geq(kept_fd, 0);
	(void)close(kept_fd);
	free(kept_memory);
}
