/* Parameters by name become parameters by number, and nothing else changes. */
#include "handlers/query_sql.h"
#include "handlers/query_value.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *name_of(const void *names, size_t i)
{
	return ((const char *const *)names)[i];
}

static const char *const names[] = {"a", "bc", "d_1"};

static void expect(const char *sql, const char *numbered)
{
	char *out, word[QUERY_SQL_WORD];
	bool used[3] = {false};
	cr_assert_eq(query_sql_number(sql, name_of, names, 3, '$', &out, used, word), 0, "%s", sql);
	cr_expect_str_eq(out, numbered);
	free(out);
}

static void refuse(const char *sql, int error, const char *name)
{
	char *out, word[QUERY_SQL_WORD];
	bool used[3] = {false};
	cr_expect_eq(query_sql_number(sql, name_of, names, 3, '$', &out, used, word), error, "%s",
		     sql);
	if (name != NULL)
		cr_expect_str_eq(word, name);
}

Test(query_sql, numbers_names)
{
	expect("", "");
	expect("SELECT 1", "SELECT 1");
	expect(":a", "$1");
	expect("x=:bc AND y=:a OR z=:bc", "x=$2 AND y=$1 OR z=$2");
	expect("(:d_1,:a)", "($3,$1)");
	expect(":a::int", "$1::int");
	expect("x - :a / :bc", "x - $1 / $2");
}

Test(query_sql, leaves_the_rest_alone)
{
	static const char *const same[] = {
		"':a'", "'it''s :a'", "\":a\"",        "-- :a", "-- :a\n1",      "/* :a */",
		"x::a", "$$ :a $$",   "$t$ :a $$ $t$", "a : b", "'' || ':bc'''", "arr[1:2]",
	};
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
		expect(same[i], same[i]);
	expect("-- :a\n:a", "-- :a\n$1");
	expect("$1a$ :a", "$1a$ $1");
}

Test(query_sql, refuses_what_it_does_not_know_and_what_does_not_end)
{
	refuse(":x", -ENOENT, "x");
	refuse(":ab", -ENOENT, "ab");
	refuse("':a", -EINVAL, NULL);
	refuse("\"a", -EINVAL, NULL);
	refuse("/* :a", -EINVAL, NULL);
	refuse("$$ :a", -EINVAL, NULL);
	refuse("'a''", -EINVAL, NULL);
}

Test(query_sql, says_which_were_used)
{
	char *out, word[QUERY_SQL_WORD];
	bool used[3] = {false};
	cr_assert_eq(query_sql_number(":bc ':a'", name_of, names, 3, '?', &out, used, word), 0);
	cr_expect_str_eq(out, "?2 ':a'");
	cr_expect_not(used[0]);
	cr_expect(used[1]);
	cr_expect_not(used[2]);
	free(out);
}

static void takes(enum query_type type, const char *text)
{
	struct query_value value;
	cr_expect_eq(query_value_parse(type, text, &value), 0, "\"%s\"", text);
}

static void rejects(enum query_type type, const char *text)
{
	struct query_value value;
	cr_expect_eq(query_value_parse(type, text, &value), -EINVAL, "\"%s\"", text);
}

Test(query_value, integers)
{
	struct query_value value;
	cr_assert_eq(query_value_parse(QUERY_INTEGER, "-9223372036854775808", &value), 0);
	cr_expect_eq(value.integer, INT64_MIN);
	cr_expect_not(value.null);
	takes(QUERY_INTEGER, "9223372036854775807");
	static const char *const wrong[] = {"",    "-",   "+1",  "1 ",  " 1",
					    "1.0", "0x1", "1e3", "--1", "9223372036854775808"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		rejects(QUERY_INTEGER, wrong[i]);
}

Test(query_value, reals_booleans_and_texts)
{
	struct query_value value;
	cr_assert_eq(query_value_parse(QUERY_REAL, "-1.5e2", &value), 0);
	cr_expect_eq(value.real, -150.0);
	takes(QUERY_REAL, "7");
	static const char *const wrong[] = {"", "nan", "inf", "0x1p3", "1e999", "1 ", "1,5", "e"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		rejects(QUERY_REAL, wrong[i]);
	cr_assert_eq(query_value_parse(QUERY_BOOLEAN, "true", &value), 0);
	cr_expect_eq(value.integer, 1);
	cr_assert_eq(query_value_parse(QUERY_BOOLEAN, "false", &value), 0);
	cr_expect_eq(value.integer, 0);
	rejects(QUERY_BOOLEAN, "1");
	rejects(QUERY_BOOLEAN, "TRUE");
	takes(QUERY_TEXT, "");
	takes(QUERY_TEXT, "gr\xc3\xbc\xc3\x9f");
	rejects(QUERY_TEXT, "\xff");
}
