/* cancel/token.c, alone: a single token's state, cause and references. */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include <weir/io.h>

#include "cancel/token.h"
#include "unit/faults.h"

TestSuite(token, .timeout = 60);

static weir_token *make_root(void)
{
	weir_token *token = NULL;

	cr_assert_eq(weir_token_create(NULL, WEIR_NEVER, &token), 0);
	cr_assert_not_null(token);
	return token;
}

static void not_to_be_called(void *arg)
{
	cr_assert_fail("a callback of no token was run, arg %p", arg);
}

Test(token, null_never_trips)
{
	struct weir_cause cause;

	cr_assert_eq(weir_token_check(NULL), 0);
	cr_assert_not(weir_token_cancel(NULL, WEIR_REASON_REQUESTED, "no"));
	cr_assert_eq(weir_token_check(NULL), 0);
	cr_assert_eq(weir_token_cause(NULL, &cause), -EAGAIN);
	cr_assert_eq(weir_token_reason(NULL), WEIR_REASON_NONE);
	cr_assert_eq(weir_token_deadline(NULL), WEIR_NEVER);
	cr_assert_eq(weir_token_set_deadline(NULL, 0), -EINVAL);
	cr_assert_eq(weir_token_fd(NULL), -EINVAL);
	cr_assert_eq(weir_token_wait(NULL, weir_now() - 1), -ETIMEDOUT);
	cr_assert_eq(weir_sleep(NULL, 0), 0);
	cr_assert_null(weir_token_ref(NULL));
	weir_token_unref(NULL);
}

Test(token, null_takes_callbacks_and_never_runs_them)
{
	weir_token_callback callback;

	weir_token_callback_add(NULL, &callback, not_to_be_called, NULL);
	cr_assert_not(weir_token_callback_try_remove(&callback));
	cr_assert_eq(weir_token_callback_remove(&callback), 0);
	weir_token_callback_detach(&callback);
}

Test(token, is_born_live)
{
	weir_token *token = make_root();
	struct weir_cause cause;

	cr_assert_eq(weir_token_check(token), 0);
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_NONE);
	cr_assert_eq(weir_token_cause(token, &cause), -EAGAIN);
	cr_assert_eq(weir_token_deadline(token), WEIR_NEVER);
	weir_token_unref(token);
}

Test(token, the_first_cause_wins)
{
	weir_token *token = make_root();
	struct weir_cause cause;

	cr_assert(weir_token_cancel(token, WEIR_REASON_CLIENT_GONE, "first"));
	cr_assert_not(weir_token_cancel(token, WEIR_REASON_SHUTDOWN, "second"));
	cr_assert_eq(weir_token_check(token), -ECANCELED);
	cr_assert_eq(weir_token_reason(token), WEIR_REASON_CLIENT_GONE);
	cr_assert_eq(weir_token_cause(token, &cause), 0);
	cr_assert_eq(cause.reason, WEIR_REASON_CLIENT_GONE);
	cr_assert_str_eq(cause.detail, "first");
	weir_token_unref(token);
}

Test(token, the_cause_says_why_where_and_when)
{
	weir_token *token = make_root();
	struct weir_cause cause;
	weir_time before, after;
	int line;

	before = weir_now();
	line = __LINE__ + 1;
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, "by an operator"));
	after = weir_now();
	cr_assert_eq(weir_token_cause(token, &cause), 0);
	cr_assert_eq(cause.reason, WEIR_REASON_REQUESTED);
	cr_assert_str_eq(cause.detail, "by an operator");
	cr_assert_str_eq(cause.file, __FILE__);
	cr_assert_eq(cause.line, line);
	cr_assert(cause.when >= before && cause.when <= after);
	weir_token_unref(token);
}

Test(token, a_cause_may_have_neither_detail_nor_place)
{
	weir_token *token = make_root();
	struct weir_cause cause;

	cr_assert(weir_token_cancel_at(token, WEIR_REASON_REQUESTED, NULL, NULL, 0));
	cr_assert_eq(weir_token_cause(token, &cause), 0);
	cr_assert_str_eq(cause.detail, "");
	cr_assert_str_eq(cause.file, "");
	cr_assert_eq(cause.line, 0);
	weir_token_unref(token);
}

Test(token, a_long_detail_is_cut)
{
	weir_token *token = make_root();
	char detail[WEIR_DETAIL_SIZE * 2];
	struct weir_cause cause;

	memset(detail, 'x', sizeof(detail) - 1);
	detail[sizeof(detail) - 1] = '\0';
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, detail));
	memset(detail, 'y', sizeof(detail) - 1);
	cr_assert_eq(weir_token_cause(token, &cause), 0);
	cr_assert_eq(strlen(cause.detail), WEIR_DETAIL_SIZE - 1);
	cr_assert_eq(strspn(cause.detail, "x"), WEIR_DETAIL_SIZE - 1);
	weir_token_unref(token);
}

Test(token, reasons_out_of_range_count_as_the_programs_own)
{
	static const struct {
		int given, kept;
	} cases[] = {
		{0, WEIR_REASON_USER},
		{-1, WEIR_REASON_USER},
		{0x10000, WEIR_REASON_USER},
		{0xffff, 0xffff},
		{WEIR_REASON_COUNT, WEIR_REASON_COUNT},
		{WEIR_REASON_USER, WEIR_REASON_USER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		weir_token *token = make_root();

		cr_assert(weir_token_cancel(token, cases[i].given, NULL));
		cr_assert_eq(weir_token_reason(token), cases[i].kept, "given %d, kept %d",
			     cases[i].given, weir_token_reason(token));
		weir_token_unref(token);
	}
}

Test(token, every_reason_has_a_key_and_a_text)
{
	cr_assert_str_eq(weir_reason_key(WEIR_REASON_NONE), "none");
	cr_assert_str_eq(weir_reason_key(WEIR_REASON_CLIENT_GONE), "client_gone");
	cr_assert_str_eq(weir_reason_key(WEIR_REASON_DEADLINE), "deadline");
	cr_assert_str_eq(weir_reason_key(WEIR_REASON_DRAINING), "draining");
	cr_assert_str_eq(weir_reason_key(WEIR_REASON_SHUTDOWN), "shutdown");
	cr_assert_str_eq(weir_reason_key(WEIR_REASON_REQUESTED), "requested");
	cr_assert_str_eq(weir_reason_key(WEIR_REASON_USER), "user");
	cr_assert_str_eq(weir_reason_key(WEIR_REASON_COUNT), "user");
	cr_assert_str_eq(weir_reason_key(-7), "user");
	cr_assert_str_eq(weir_reason_text(WEIR_REASON_CLIENT_GONE), "the client has gone");
	cr_assert_str_eq(weir_reason_text(0xffff), weir_reason_text(WEIR_REASON_USER));
}

Test(token, create_says_what_is_wrong)
{
	weir_token *token = NULL;

	cr_assert_eq(weir_token_create(NULL, WEIR_NEVER, NULL), -EINVAL);
	fault_set(FAULT_MALLOC, 0);
	cr_assert_eq(weir_token_create(NULL, WEIR_NEVER, &token), -ENOMEM);
	cr_assert_null(token);
}

/* A root in memory of the test's own, which counts how often it was released. */
struct owned {
	weir_token token;
	unsigned released;
};

static void count_release(weir_token *token)
{
	weir__container(token, struct owned, token)->released++;
}

Test(token, the_last_reference_releases)
{
	struct owned owned = {.released = 0};

	weir__token_init(&owned.token, count_release);
	cr_assert_eq(weir_token_ref(&owned.token), &owned.token);
	weir_token_unref(&owned.token);
	cr_assert_eq(owned.released, 0);
	weir_token_unref(&owned.token);
	cr_assert_eq(owned.released, 1);
}

Test(token, children_keep_their_ancestors)
{
	struct owned owned = {.released = 0};
	weir_token *child = NULL, *grandchild = NULL;

	weir__token_init(&owned.token, count_release);
	cr_assert_eq(weir_token_create(&owned.token, WEIR_NEVER, &child), 0);
	cr_assert_eq(weir_token_create(child, WEIR_NEVER, &grandchild), 0);
	weir_token_unref(&owned.token);
	weir_token_unref(child);
	cr_assert_eq(owned.released, 0);
	weir_token_unref(grandchild);
	cr_assert_eq(owned.released, 1);
}

Test(token, a_failed_create_gives_the_parent_back)
{
	struct owned owned = {.released = 0};
	weir_token *child = NULL;

	weir__token_init(&owned.token, count_release);
	fault_set(FAULT_MALLOC, 0);
	cr_assert_eq(weir_token_create(&owned.token, WEIR_NEVER, &child), -ENOMEM);
	fault_set(FAULT_THREAD, 0);
	cr_assert_eq(weir_token_create(&owned.token, weir_after(WEIR_SECOND), &child), -EAGAIN);
	cr_assert(fault_struck(FAULT_THREAD));
	cr_assert_null(child);
	weir_token_unref(&owned.token);
	cr_assert_eq(owned.released, 1);
}
