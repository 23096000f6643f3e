/* A directory as a page. */
#include "handlers/directory.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/token.h>

static struct scratch scratch;

static void make_scratch(void)
{
	scratch_make(&scratch);
}

static void remove_scratch(void)
{
	scratch_remove(&scratch);
}

TestSuite(directory, .init = make_scratch, .fini = remove_scratch);

static int open_scratch(void)
{
	int fd = openat(scratch.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	return fd;
}

static char *page(const char *path, const struct directory_listing *listing)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	cr_assert_not_null(stream);
	directory_page(stream, path, listing);
	cr_assert_eq(fclose(stream), 0);
	return text;
}

static void expect_in(const char *text, const char *part)
{
	cr_expect_not_null(strstr(text, part), "no \"%s\" in:\n%s", part, text);
}

Test(directory, is_sorted_with_directories_first_and_uploads_hidden)
{
	scratch_write(&scratch, "b.txt", "12345", 5);
	scratch_write(&scratch, "a.txt", "", 0);
	scratch_write(&scratch, ".weir-upload-0123456789abcdef", "x", 1);
	cr_assert_eq(mkdirat(scratch.fd, "z", 0755), 0);
	cr_assert_eq(symlinkat("b.txt", scratch.fd, "link"), 0);
	cr_assert_eq(mkfifoat(scratch.fd, "fifo", 0600), 0);

	struct directory_listing listing;
	cr_assert_eq(directory_read(&listing, NULL, open_scratch()), 0);
	static const char *const names[] = {"z", "a.txt", "b.txt", "fifo", "link"};
	static const char kinds[] = "dffol";
	cr_assert_eq(listing.count, 5);
	for (size_t i = 0; i < 5; i++) {
		cr_expect_str_eq(listing.entries[i].name, names[i]);
		cr_expect_eq(listing.entries[i].kind, kinds[i], "%s", names[i]);
	}
	cr_expect_eq(listing.entries[2].size, 5);
	cr_expect_not(listing.more);
	directory_free(&listing);
}

Test(directory, page_says_what_is_there)
{
	struct directory_entry entries[] = {
		{(char[]){"sub"}, 'd', 4096, 0},
		{(char[]){"a <b> & \"c\".txt"}, 'f', 1023, 86400},
		{(char[]){"half"}, 'f', 1536, 1700000000},
		{(char[]){"huge"}, 'f', 5LL << 40, 1700000000},
	};
	struct directory_listing listing = {.entries = entries, .count = 4};
	char *text = page("/x&y/", &listing);
	expect_in(text, "<html lang=\"en\">");
	expect_in(text, "<h1>/x&amp;y/</h1>");
	expect_in(text, "<a href=\"../\">Parent directory</a>");
	expect_in(text, "<a href=\"./sub/\">sub/</a></td><td>directory</td>"
			"<td><time datetime=\"1970-01-01T00:00:00Z\">1970-01-01 00:00</time>");
	expect_in(text, "<a href=\"./a%20%3Cb%3E%20%26%20%22c%22.txt\">"
			"a &lt;b&gt; &amp; &quot;c&quot;.txt</a></td><td>1023 B</td>");
	expect_in(text, ">half</a></td><td>1.5 KiB</td>");
	expect_in(text, ">huge</a></td><td>5.0 TiB</td>");
	cr_expect_null(strstr(text, "more entries"));
	free(text);
}

Test(directory, root_has_no_parent_and_empty_is_said)
{
	struct directory_listing listing = {0};
	char *text = page("/", &listing);
	cr_expect_null(strstr(text, "Parent"));
	expect_in(text, "This directory is empty.");
	free(text);
}

Test(directory, shows_so_many_and_says_so)
{
	char name[16];
	for (int i = 0; i <= DIRECTORY_ENTRIES_MAX; i++) {
		(void)snprintf(name, sizeof name, "%d", i);
		cr_assert_eq(mknodat(scratch.fd, name, S_IFREG | 0600, 0), 0);
	}
	struct directory_listing listing;
	cr_assert_eq(directory_read(&listing, NULL, open_scratch()), 0);
	cr_expect_eq(listing.count, DIRECTORY_ENTRIES_MAX);
	cr_expect(listing.more);
	char *text = page("/", &listing);
	expect_in(text, "more entries than a page can show; these are 10000 of them");
	free(text);
	directory_free(&listing);

	cr_assert_eq(unlinkat(scratch.fd, "0", 0), 0);
	cr_assert_eq(directory_read(&listing, NULL, open_scratch()), 0);
	cr_expect_eq(listing.count, DIRECTORY_ENTRIES_MAX);
	cr_expect_not(listing.more);
	directory_free(&listing);
}

Test(directory, reading_ends_when_the_token_trips)
{
	weir_token *token;
	cr_assert_eq(weir_token_create(NULL, WEIR_NEVER, &token), 0);
	cr_assert(weir_token_cancel(token, WEIR_REASON_REQUESTED, NULL));
	struct directory_listing listing;
	cr_expect_eq(directory_read(&listing, token, open_scratch()), -ECANCELED);
	weir_token_unref(token);
}
