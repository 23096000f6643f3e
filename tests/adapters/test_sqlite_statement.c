/* weir_sqlite: parameters, rows, and what is said of mistakes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapters/sqlite_support.h"

static struct database database;
static weir_sqlite *db;

static void begin(void)
{
	database_make(&database, 2);
	db = pool_take(database.pool);
}

static void end(void)
{
	weir_sqlite_release(db);
	database_destroy(&database);
}

TestSuite(sqlite_statement, .init = begin, .fini = end);

static int exec(const char *sql, const struct weir_sqlite_value *values, size_t count)
{
	return weir_sqlite_exec(db, sql, values, count, NULL, NULL, WEIR_NEVER);
}

/* --- values --- */

enum { COLUMNS = 8 };

static int check_row(void *arg, const weir_sqlite_row *row)
{
	struct weir_sqlite_value values[COLUMNS];
	unsigned i;

	++*(int *)arg;
	cr_assert_eq(weir_sqlite_columns(row), COLUMNS);
	for (i = 0; i < COLUMNS; i++)
		cr_assert_eq(weir_sqlite_column(row, i, &values[i]), 0);
	cr_assert_eq(values[0].type, WEIR_SQLITE_NULL);
	cr_assert_eq(values[1].type, WEIR_SQLITE_INTEGER);
	cr_assert_eq(values[1].integer, INT64_MIN);
	cr_assert_eq(values[2].type, WEIR_SQLITE_REAL);
	cr_assert_eq(values[2].real, 0.1);
	cr_assert_eq(values[3].type, WEIR_SQLITE_TEXT);
	cr_assert_eq(values[3].size, 5);
	cr_assert_str_eq(values[3].data, "gr\xc3\xbcn");
	cr_assert_eq(values[4].type, WEIR_SQLITE_BLOB);
	cr_assert_eq(values[4].size, 3);
	cr_assert_eq(memcmp(values[4].data, "\0a\0", 3), 0);
	cr_assert_eq(values[5].type, WEIR_SQLITE_TEXT, "empty, but not NULL");
	cr_assert_eq(values[5].size, 0);
	cr_assert_eq(values[6].type, WEIR_SQLITE_BLOB);
	cr_assert_eq(values[6].size, 0);
	cr_assert_eq(values[7].type, WEIR_SQLITE_NULL, "not given");
	cr_assert_str_eq(weir_sqlite_column_name(row, 1), "least");
	cr_assert_null(weir_sqlite_column_name(row, COLUMNS));
	cr_assert_eq(weir_sqlite_column(row, COLUMNS, &values[0]), -EINVAL);
	return 0;
}

Test(sqlite_statement, values_go_there_and_back)
{
	const struct weir_sqlite_value values[] = {
		weir_sqlite_text(NULL),       weir_sqlite_integer(INT64_MIN),
		weir_sqlite_real(0.1),        weir_sqlite_text("gr\xc3\xbcn"),
		weir_sqlite_blob("\0a\0", 3), weir_sqlite_text(""),
		weir_sqlite_blob(NULL, 0),
	};
	int rows = 0;

	cr_assert_eq(weir_sqlite_query(db, "SELECT ?, ? AS least, ?, ?, ?, ?, ?, ?", values, 7,
				       check_row, &rows, NULL, WEIR_NEVER),
		     0, "%s", weir_sqlite_message(db));
	cr_assert_eq(rows, 1);
}

static int keep_integer(void *arg, const weir_sqlite_row *row)
{
	struct weir_sqlite_value value;

	cr_assert_eq(weir_sqlite_column(row, 0, &value), 0);
	*(int64_t *)arg = value.integer;
	return 0;
}

Test(sqlite_statement, parameters_by_number_and_by_name)
{
	struct weir_sqlite_value values[] = {weir_sqlite_integer(1), weir_sqlite_integer(20)};
	int64_t number = 0;

	cr_assert_eq(weir_sqlite_query(db, "SELECT ?2 - ?1", values, 2, keep_integer, &number, NULL,
				       WEIR_NEVER),
		     0);
	cr_assert_eq(number, 19);
	values[0].name = "$a";
	values[1].name = ":b";
	cr_assert_eq(weir_sqlite_query(db, "SELECT :b + $a + :b", values, 2, keep_integer, &number,
				       NULL, WEIR_NEVER),
		     0);
	cr_assert_eq(number, 41);
}

Test(sqlite_statement, text_is_never_sql)
{
	const struct weir_sqlite_value text = weir_sqlite_text("'); DROP TABLE note; --");

	cr_assert_eq(exec("INSERT INTO note (text) VALUES (?)", &text, 1), 0);
	cr_assert_eq(number_of(db, "SELECT count(*) FROM note"), 1);
}

Test(sqlite_statement, changes)
{
	struct weir_sqlite_changes changes;

	cr_assert_eq(weir_sqlite_exec(db, "INSERT INTO note VALUES (7, 'a'), (9, 'b')", NULL, 0,
				      &changes, NULL, WEIR_NEVER),
		     0);
	cr_assert_eq(changes.rows, 2);
	cr_assert_eq(changes.last_rowid, 9);
	cr_assert_eq(weir_sqlite_exec(db, "DELETE FROM note WHERE id > 100", NULL, 0, &changes,
				      NULL, WEIR_NEVER),
		     0);
	cr_assert_eq(changes.rows, 0);
	cr_assert_eq(weir_sqlite_exec(db, "SELECT 1", NULL, 0, &changes, NULL, WEIR_NEVER), 0);
	cr_assert_eq(changes.rows, 0, "that of an earlier statement");
	cr_assert_eq(weir_sqlite_exec(db, "INSERT INTO note VALUES (7, 'c')", NULL, 0, &changes,
				      NULL, WEIR_NEVER),
		     -EEXIST);
	cr_assert_eq(changes.rows, 0);
}

/* --- rows --- */

struct counted {
	int rows, stop_at, result;
};

static int count_row(void *arg, const weir_sqlite_row *row)
{
	struct counted *counted = arg;

	(void)row;
	return ++counted->rows == counted->stop_at ? counted->result : 0;
}

static int query_counted(const char *sql, struct counted *counted)
{
	return weir_sqlite_query(db, sql, NULL, 0, count_row, counted, NULL, WEIR_NEVER);
}

#define TEN "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10) "

Test(sqlite_statement, the_callback_says_when_it_is_enough)
{
	struct counted all = {0};
	struct counted enough = {.stop_at = 3, .result = 1};
	struct counted failed = {.stop_at = 3, .result = -ENOSPC};

	cr_assert_eq(query_counted(TEN "SELECT i FROM n", &all), 0);
	cr_assert_eq(all.rows, 10);
	cr_assert_eq(query_counted(TEN "SELECT i FROM n", &enough), 0);
	cr_assert_eq(enough.rows, 3);
	cr_assert_eq(query_counted(TEN "SELECT i FROM n", &failed), -ENOSPC);
	cr_assert_eq(failed.rows, 3);
	cr_assert_eq(weir_sqlite_code(db), 0, "it was not SQLite");
	must_exec(db, "INSERT INTO note (text) VALUES ('goes on')");
}

Test(sqlite_statement, enough_of_returning_keeps_all_that_was_inserted)
{
	struct counted enough = {.stop_at = 1, .result = 1};

	cr_assert_eq(
		query_counted("INSERT INTO note (text) VALUES ('a'), ('b') RETURNING id", &enough),
		0);
	cr_assert_eq(pool_number_of(database.pool, "SELECT count(*) FROM note"), 2);
}

static int use_it_again(void *arg, const weir_sqlite_row *row)
{
	struct counted counted = {0};

	(void)row;
	++*(int *)arg;
	cr_assert_eq(exec("DELETE FROM note", NULL, 0), -EBUSY);
	cr_assert_eq(query_counted("SELECT 1", &counted), -EBUSY);
	cr_assert_eq(weir_sqlite_script(db, "SELECT 1", NULL, WEIR_NEVER), -EBUSY);
	cr_assert_eq(weir_sqlite_begin(db, WEIR_SQLITE_WRITE, NULL, WEIR_NEVER), -EBUSY);
	cr_assert_eq(weir_sqlite_commit(db, NULL, WEIR_NEVER), -EBUSY);
	cr_assert_eq(weir_sqlite_rollback(db), -EBUSY);
	return 0;
}

Test(sqlite_statement, one_at_a_time)
{
	int rows = 0;

	must_exec(db, "INSERT INTO note (text) VALUES ('a')");
	cr_assert_eq(weir_sqlite_query(db, "SELECT id FROM note", NULL, 0, use_it_again, &rows,
				       NULL, WEIR_NEVER),
		     0);
	cr_assert_eq(rows, 1);
	cr_assert_eq(number_of(db, "SELECT count(*) FROM note"), 1);
}

/* --- mistakes --- */

static void mistake(const char *sql, int error, int code, const char *words)
{
	cr_assert_eq(exec(sql, NULL, 0), error, "%s", sql);
	cr_assert_eq(weir_sqlite_code(db), code, "%s: %d", sql, weir_sqlite_code(db));
	cr_assert(strstr(weir_sqlite_message(db), words), "%s: %s", sql, weir_sqlite_message(db));
}

Test(sqlite_statement, mistakes_are_told_apart)
{
	must_exec(db, "CREATE TABLE strict (id INTEGER PRIMARY KEY, n INT NOT NULL CHECK (n > 0))");
	must_exec(db, "INSERT INTO note VALUES (1, 'one')");
	mistake("SELEKT 1", -EINVAL, SQLITE_ERROR, "SELEKT");
	mistake("SELECT * FROM nowhere", -EINVAL, SQLITE_ERROR, "nowhere");
	mistake("INSERT INTO note VALUES (1, 'two')", -EEXIST, SQLITE_CONSTRAINT_PRIMARYKEY,
		"note.id");
	mistake("INSERT INTO note VALUES (2, 'one')", -EEXIST, SQLITE_CONSTRAINT_UNIQUE,
		"note.text");
	mistake("INSERT INTO strict VALUES (1, NULL)", -EDOM, SQLITE_CONSTRAINT_NOTNULL,
		"strict.n");
	mistake("INSERT INTO strict VALUES (1, -1)", -EDOM, SQLITE_CONSTRAINT_CHECK, "n > 0");
	mistake("", -EINVAL, SQLITE_MISUSE, "no statement");
	mistake(" -- nothing\n", -EINVAL, SQLITE_MISUSE, "no statement");
	mistake("SELECT zeroblob(2000000000)", -EMSGSIZE, SQLITE_TOOBIG, "too big");
	must_exec(db, "SELECT 1");
	cr_assert_str_eq(weir_sqlite_message(db), "");
	cr_assert_eq(weir_sqlite_code(db), 0);
}

Test(sqlite_statement, one_statement_and_no_second)
{
	must_exec(db, "SELECT 1; -- a comment may follow\n  /* or two */");
	mistake("SELECT 1; DELETE FROM note", -EINVAL, SQLITE_MISUSE, "more than one statement");
	mistake("SELECT 1; nonsense", -EINVAL, SQLITE_MISUSE, "more than one statement");
}

Test(sqlite_statement, parameters_that_there_are_not)
{
	struct weir_sqlite_value values[2] = {weir_sqlite_integer(1), weir_sqlite_integer(2)};

	cr_assert_eq(exec("SELECT ?", values, 2), -EINVAL);
	cr_assert_str_eq(weir_sqlite_message(db), "no parameter ?2");
	values[0].name = ":none";
	cr_assert_eq(exec("SELECT :some", values, 1), -EINVAL);
	cr_assert_str_eq(weir_sqlite_message(db), "no parameter :none");
	values[0].name = NULL;
	values[0].type = (enum weir_sqlite_type)77;
	cr_assert_eq(exec("SELECT ?", values, 1), -EINVAL);
	cr_assert_eq(exec("SELECT 1", values, SIZE_MAX), -EINVAL);
}

Test(sqlite_statement, a_script_goes_up_to_its_first_mistake)
{
	cr_assert_eq(weir_sqlite_script(db,
					"INSERT INTO note VALUES (1, 'a'); -- one\n"
					"INSERT INTO note VALUES (2, 'b');\n"
					"INSERT INTO note VALUES (2, 'c');\n"
					"INSERT INTO note VALUES (3, 'd')",
					NULL, WEIR_NEVER),
		     -EEXIST);
	cr_assert_eq(number_of(db, "SELECT count(*) FROM note"), 2);
	cr_assert_eq(weir_sqlite_script(db, "", NULL, WEIR_NEVER), 0);
}

/* --- files --- */

static int open_error(const struct weir_sqlite_options *options, const char *words)
{
	char message[256];
	struct weir_sqlite_pool_counts counts;
	weir_sqlite_pool *pool;
	weir_sqlite *opened = NULL;
	int error;

	cr_assert_eq(weir_sqlite_pool_create(options, &pool), 0);
	error = weir_sqlite_acquire(pool, &opened, NULL, WEIR_NEVER);
	weir_sqlite_pool_message(pool, message, sizeof(message));
	cr_assert(strstr(message, words), "%s", message);
	cr_assert_null(opened);
	weir_sqlite_pool_count(pool, &counts);
	cr_assert_eq(counts.open, 0);
	pool_destroy(pool);
	return error;
}

Test(sqlite_statement, files_that_cannot_be_opened)
{
	struct weir_sqlite_options options = {.path = "/nonexistent/test.db"};
	char path[PATH_MAX + 16];

	cr_assert_eq(open_error(&options, "unable to open"), -ENOENT);
	(void)snprintf(path, sizeof(path), "%s/none.db", database.scratch.path);
	options = (struct weir_sqlite_options){.path = path, .must_exist = true};
	cr_assert_eq(open_error(&options, "unable to open"), -ENOENT);
	options = (struct weir_sqlite_options){.path = path, .read_only = true};
	cr_assert_eq(open_error(&options, "unable to open"), -ENOENT);
	cr_assert_not(scratch_has(&database.scratch, "none.db"));
	scratch_write(&database.scratch, "text", "this is no database, but it is long enough", 42);
	(void)snprintf(path, sizeof(path), "%s/text", database.scratch.path);
	options = (struct weir_sqlite_options){.path = path};
	cr_assert_eq(open_error(&options, "not a database"), -EUCLEAN);
	options =
		(struct weir_sqlite_options){.path = database.path, .setup = "SELECT 1; NONSENSE"};
	cr_assert_eq(open_error(&options, "NONSENSE"), -EINVAL);
}

Test(sqlite_statement, read_only_is_read_only)
{
	const struct weir_sqlite_options options = {.path = database.path, .read_only = true};
	weir_sqlite_pool *pool;
	weir_sqlite *reader;

	cr_assert_eq(weir_sqlite_pool_create(&options, &pool), 0);
	reader = pool_take(pool);
	cr_assert_eq(weir_sqlite_exec(reader, "DELETE FROM note", NULL, 0, NULL, NULL, WEIR_NEVER),
		     -EROFS);
	cr_assert_eq(number_of(reader, "SELECT count(*) FROM note"), 0);
	weir_sqlite_release(reader);
	pool_destroy(pool);
}

static int is_wal(void *arg, const weir_sqlite_row *row)
{
	struct weir_sqlite_value value;

	cr_assert_eq(weir_sqlite_column(row, 0, &value), 0);
	*(bool *)arg = strcmp(value.data, "wal") == 0;
	return 0;
}

Test(sqlite_statement, a_file_is_in_wal_mode_unless_it_is_to_stay_as_it_is)
{
	char path[PATH_MAX + 16];
	const struct weir_sqlite_options options = {.path = path, .keep_journal_mode = true};
	weir_sqlite_pool *pool;
	weir_sqlite *other;
	bool wal = false;

	cr_assert_eq(weir_sqlite_query(db, "PRAGMA journal_mode", NULL, 0, is_wal, &wal, NULL,
				       WEIR_NEVER),
		     0);
	cr_assert(wal);
	(void)snprintf(path, sizeof(path), "%s/other.db", database.scratch.path);
	cr_assert_eq(weir_sqlite_pool_create(&options, &pool), 0);
	other = pool_take(pool);
	cr_assert_eq(weir_sqlite_query(other, "PRAGMA journal_mode", NULL, 0, is_wal, &wal, NULL,
				       WEIR_NEVER),
		     0);
	cr_assert_not(wal);
	weir_sqlite_release(other);
	pool_destroy(pool);
}

Test(sqlite_statement, setup_is_run_on_each_connection)
{
	const struct weir_sqlite_options options = {
		.path = ":memory:",
		.setup = "CREATE TABLE t (n); -- a table\nINSERT INTO t VALUES (5);"};
	weir_sqlite_pool *pool;

	cr_assert_eq(weir_sqlite_pool_create(&options, &pool), 0);
	cr_assert_eq(pool_number_of(pool, "SELECT n FROM t"), 5);
	cr_assert_eq(pool_number_of(pool, "SELECT n FROM t"), 5, "the one connection stays");
	pool_destroy(pool);
}
