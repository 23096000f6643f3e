/* A file that appears whole or not at all, with and without a name from the start. */
#include "atomic_file.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef int (*begin_fn)(struct atomic_file *file, int dir, mode_t mode);

static const begin_fn begins[] = {atomic_file_begin, atomic_file_begin_named};

static struct scratch scratch;

static void make_scratch(void)
{
	scratch_make(&scratch);
}

static void remove_scratch(void)
{
	scratch_remove(&scratch);
}

TestSuite(atomic_file, .init = make_scratch, .fini = remove_scratch);

static void expect_content(const char *name, const char *expected)
{
	size_t size;
	char *text = scratch_read(&scratch, name, &size);
	cr_assert_not_null(text, "%s is missing", name);
	cr_expect_str_eq(text, expected);
	free(text);
}

Test(atomic_file, appears_whole_and_replaces)
{
	for (size_t i = 0; i < 2; i++) {
		struct atomic_file file;
		scratch_write(&scratch, "target", "old", 3);
		cr_assert_eq(begins[i](&file, scratch.fd, 0644), 0);
		cr_assert_eq(atomic_file_write(&file, "new ", 4), 0);
		cr_assert_eq(atomic_file_write(&file, "text", 4), 0);
		cr_assert_eq(atomic_file_sync(&file), 0);
		expect_content("target", "old");
		cr_assert_eq(atomic_file_publish(&file, "target"), 0);
		expect_content("target", "new text");
		atomic_file_end(&file);
		expect_content("target", "new text");
		cr_expect_eq(scratch_count(&scratch, "."), 1);
	}
}

Test(atomic_file, leaves_no_trace_when_given_up)
{
	for (size_t i = 0; i < 2; i++) {
		struct atomic_file file;
		scratch_write(&scratch, "target", "old", 3);
		cr_assert_eq(begins[i](&file, scratch.fd, 0644), 0);
		cr_assert_eq(atomic_file_write(&file, "new", 3), 0);
		atomic_file_end(&file);
		expect_content("target", "old");
		cr_expect_eq(scratch_count(&scratch, "."), 1);
	}
}

Test(atomic_file, leaves_no_trace_when_its_name_cannot_be_had)
{
	cr_assert_eq(mkdirat(scratch.fd, "target", 0755), 0);
	for (size_t i = 0; i < 2; i++) {
		struct atomic_file file;
		cr_assert_eq(begins[i](&file, scratch.fd, 0644), 0);
		cr_expect_eq(atomic_file_publish(&file, "target"), -EISDIR);
		atomic_file_end(&file);
		cr_expect_eq(scratch_count(&scratch, "."), 1);
	}
}

Test(atomic_file, hides_while_it_is_named_and_unfinished)
{
	struct atomic_file file;
	cr_assert_eq(atomic_file_begin_named(&file, scratch.fd, 0644), 0);
	cr_expect(scratch_has(&scratch, file.name));
	cr_expect_eq(strncmp(file.name, ATOMIC_FILE_PREFIX, strlen(ATOMIC_FILE_PREFIX)), 0);
	atomic_file_end(&file);
	cr_expect_eq(scratch_count(&scratch, "."), 0);
}

/* More than two windows of write-back, in pieces that do not divide them. */
Test(atomic_file, keeps_every_byte_of_a_long_file)
{
	const size_t piece = 1000003, pieces = 30;
	char *data = malloc(piece);
	cr_assert_not_null(data);
	struct atomic_file file;
	cr_assert_eq(atomic_file_begin(&file, scratch.fd, 0644), 0);
	for (size_t i = 0; i < pieces; i++) {
		memset(data, (int)('a' + i % 26), piece);
		cr_assert_eq(atomic_file_write(&file, data, piece), 0);
	}
	cr_assert_eq(atomic_file_sync(&file), 0);
	cr_assert_eq(atomic_file_publish(&file, "long"), 0);
	atomic_file_end(&file);
	free(data);

	size_t size;
	data = scratch_read(&scratch, "long", &size);
	cr_assert_not_null(data);
	cr_assert_eq(size, piece * pieces);
	size_t wrong = 0;
	for (size_t i = 0; i < size; i++)
		wrong += data[i] != (char)('a' + i / piece % 26);
	cr_expect_eq(wrong, 0);
	free(data);
}
