/* The unit files, by systemd's own checker. */
#include "support/process.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const checker = "/usr/bin/systemd-analyze";

Test(units, are_taken_without_a_word)
{
	struct scratch scratch;
	if (access(checker, X_OK) != 0)
		cr_skip_test("SKIPPED: systemd-analyze is not installed (Debian: systemd)");
	scratch_make(&scratch);
	/* It looks for the program, which has to be where this test has one. */
	char script[1200];
	(void)snprintf(script, sizeof script,
		       "sed 's,/usr/local/bin/weir,%s,' %s/weir.service > weir.service && cp "
		       "%s/weir.socket . && exec %s verify --man=no ./weir.service ./weir.socket",
		       WEIR_BINARY, WEIR_DEPLOY, WEIR_DEPLOY, checker);
	const char *const argv[] = {"/bin/bash", "-c", script, NULL};
	struct process process;
	process_start(&process, scratch.path, argv);
	int code = process_wait(&process);
	/* It warns with exit code 0, too: a unit file has to be without a word. */
	cr_expect_eq(code, 0, "exit code %d: %s", code, process.text);
	cr_expect_null(strstr(process.text, "weir."), "%s", process.text);
	process_free(&process);
	scratch_remove(&scratch);
}

/* What a service may do that it need not, in tenths of systemd's scale from 0 to 10. What is left
 * is that it uses the network, which it is there for. */
Test(units, leave_little_to_be_afraid_of)
{
	if (access(checker, X_OK) != 0)
		cr_skip_test("SKIPPED: systemd-analyze is not installed (Debian: systemd)");
	const char *const argv[] = {checker,
				    "security",
				    "--offline=true",
				    "--threshold=12",
				    WEIR_DEPLOY "/weir.service",
				    NULL};
	struct process process;
	process_start(&process, NULL, argv);
	cr_expect_eq(process_wait(&process), 0, "%s", process.text);
	cr_expect_not_null(strstr(process.text, "Overall exposure level"), "%s", process.text);
	process_free(&process);
}
