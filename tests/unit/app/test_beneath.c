/* No way out of a directory. */
#include "handlers/beneath.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct scratch scratch;
static int root;

/* outside.txt, and root/ with what may be opened and what may not. */
static void make_tree(void)
{
	scratch_make(&scratch);
	cr_assert_eq(mkdirat(scratch.fd, "root", 0755), 0);
	cr_assert_eq(mkdirat(scratch.fd, "root/sub", 0755), 0);
	scratch_write(&scratch, "outside.txt", "secret", 6);
	scratch_write(&scratch, "root/inside.txt", "hello", 5);
	cr_assert_eq(symlinkat("../inside.txt", scratch.fd, "root/sub/within"), 0);
	cr_assert_eq(symlinkat("../outside.txt", scratch.fd, "root/leak"), 0);
	cr_assert_eq(symlinkat("../..", scratch.fd, "root/sub/up"), 0);
	cr_assert_eq(symlinkat("/etc/passwd", scratch.fd, "root/absolute"), 0);
	cr_assert_eq(symlinkat("/proc/self/root/etc/passwd", scratch.fd, "root/magic"), 0);
	cr_assert_eq(symlinkat("loop", scratch.fd, "root/loop"), 0);
	cr_assert_eq(mkfifoat(scratch.fd, "root/fifo", 0600), 0);
	root = openat(scratch.fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(root, 0);
}

static void remove_tree(void)
{
	(void)close(root);
	scratch_remove(&scratch);
}

TestSuite(beneath, .init = make_tree, .fini = remove_tree);

static void expect_open(const char *path)
{
	int fd = beneath_open(root, path, O_RDONLY);
	cr_expect_geq(fd, 0, "%s: %d", path, fd);
	if (fd >= 0)
		cr_expect_eq(close(fd), 0);
}

static void expect_refused(const char *path, int error)
{
	int fd = beneath_open(root, path, O_RDONLY);
	cr_expect_eq(fd, error, "%s: %d", path, fd);
	if (fd >= 0)
		cr_expect_eq(close(fd), 0);
}

Test(beneath, opens_what_is_there)
{
	expect_open(".");
	expect_open("inside.txt");
	expect_open("sub/within"); /* a link that climbs, but not out */
	expect_open("sub/../inside.txt");
	expect_refused("nothing", -ENOENT);
	expect_refused("inside.txt/", -ENOTDIR);
	expect_refused("loop", -ELOOP);
}

Test(beneath, lets_nothing_lead_out)
{
	expect_refused("..", -EXDEV);
	expect_refused("../outside.txt", -EXDEV);
	expect_refused("sub/../../outside.txt", -EXDEV);
	expect_refused("/etc/passwd", -EXDEV);
	expect_refused("leak", -EXDEV);
	expect_refused("absolute", -EXDEV);
	expect_refused("magic", -EXDEV);
	expect_refused("sub/up/outside.txt", -EXDEV);
}

Test(beneath, does_not_wait_for_the_other_end_of_a_fifo)
{
	expect_open("fifo");
}
