/* A handler that uses up its worker's stack ends the process by SIGSEGV, with a core where limits
 * allow, after one line that names route and thread. Other faults end it without a line; a
 * program's own handler of SIGSEGV stays. Each in a process of its own. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/stack.h>

#include "support/fixture.h"
#include "support/must.h"
#include "support/scratch.h"

TestSuite(stack_overflow, .timeout = 60);

/* Without an end, and without a compiler making a loop of it. */
static int recurse(volatile char *above)
{
	volatile char here[512];

	here[0] = (char)(above ? above[0] | 1 : 1);
	return here[0] == 0 ? 0 : recurse(here) + here[0];
}

static int use_up_stack(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	return weir_response_printf(response, "%d", recurse(NULL));
}

static int read_nowhere(weir_request *request, weir_response *response, weir_token *token)
{
	volatile int *volatile nowhere = (volatile int *)16;

	(void)request;
	(void)token;
	return weir_response_printf(response, "%d", *nowhere);
}

static int send_a_fault(weir_request *request, weir_response *response, weir_token *token)
{
	(void)request;
	(void)token;
	(void)raise(SIGSEGV);
	return weir_response_printf(response, "it is still there");
}

struct fate {
	int status; /* of waitpid() */
	char said[1024];
};

/* In the child; does not come back. */
static void suffer(weir_handler handler, int fd, bool json)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	struct fixture fixture;
	struct client client;

	(void)setrlimit(RLIMIT_CORE, &limit);
	(void)signal(SIGSEGV, SIG_DFL); /* the test runner has one */
	if (weir_stack_report_overflow(fd, json) != 0)
		_exit(99);
	fixture_serve(&fixture, NULL, "GET /deep/{n}", handler, NULL);
	client_open(&client, fixture.url);
	client_printf(&client, "GET /deep/7 HTTP/1.1\r\nHost: test\r\n\r\n");
	(void)alarm(30);
	for (;;)
		(void)pause();
}

static void meet(weir_handler handler, bool json, struct fate *fate)
{
	struct scratch scratch;
	size_t used = 0;
	ssize_t got;
	int ends[2];
	pid_t child;

	scratch_make(&scratch);
	must(pipe2(ends, O_CLOEXEC) == 0, "no pipe");
	child = fork();
	must(child >= 0, "no process");
	if (child == 0) {
		must(chdir(scratch.path) == 0, "no directory"); /* a core may come there */
		suffer(handler, ends[1], json);
	}
	(void)close(ends[1]);
	while ((got = read(ends[0], fate->said + used, sizeof(fate->said) - 1 - used)) > 0)
		used += (size_t)got;
	fate->said[used] = '\0';
	(void)close(ends[0]);
	must(waitpid(child, &fate->status, 0) == child, "no child");
	scratch_remove(&scratch);
}

static bool cores_are_had(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max > 0;
}

static void expect_segv(const struct fate *fate)
{
	cr_assert(WIFSIGNALED(fate->status), "%x, %s", (unsigned)fate->status, fate->said);
	cr_expect_eq(WTERMSIG(fate->status), SIGSEGV);
	if (cores_are_had())
		cr_expect(WCOREDUMP(fate->status));
}

static void expect_like(const char *text, const char *pattern)
{
	regex_t regex;

	cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	cr_expect_eq(regexec(&regex, text, 0, NULL, 0), 0, "%s", text);
	regfree(&regex);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INIT .disabled = true
#else
#define INIT .disabled = false
#endif

Test(stack_overflow, is_told_and_ends_the_process, INIT)
{
	struct fate fate;

	meet(use_up_stack, false, &fate);
	expect_segv(&fate);
	expect_like(fate.said, "^stack-overflow thread=\"weir-worker[0-9]+\" "
			       "route=\"GET /deep/\\{n\\}\" level=error message=\"[^\"\n]*\"\n$");
}

Test(stack_overflow, is_told_as_json, INIT)
{
	struct fate fate;

	meet(use_up_stack, true, &fate);
	expect_segv(&fate);
	expect_like(fate.said,
		    "^\\{\"time\":\"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:"
		    "[0-5][0-9]\\.[0-9]{6}Z\",\"level\":\"error\","
		    "\"event\":\"stack-overflow\",\"thread\":\"weir-worker[0-9]+\","
		    "\"route\":\"GET /deep/\\{n\\}\",\"message\":\"[^\"\n]*\"\\}\n$");
}

Test(stack_overflow, is_no_other_fault, INIT)
{
	struct fate fate;

	meet(read_nowhere, false, &fate);
	expect_segv(&fate);
	cr_expect_str_eq(fate.said, "");
	meet(send_a_fault, false, &fate);
	expect_segv(&fate);
	cr_expect_str_eq(fate.said, "");
}

static void own_handler(int number)
{
	(void)number;
}

Test(stack_overflow, leaves_a_handler_of_the_program_where_it_is)
{
	struct sigaction action = {.sa_handler = own_handler}, after;

	cr_assert_eq(sigaction(SIGSEGV, &action, NULL), 0);
	cr_expect_eq(weir_stack_report_overflow(2, false), -EBUSY);
	cr_assert_eq(sigaction(SIGSEGV, NULL, &after), 0);
	cr_expect_eq(after.sa_handler, own_handler);
}
