/* faults/tmpfs_full.c: a disk that is really full: a tmpfs of 1 MiB, in a mount namespace of this
 * process's own, which ends with it.
 *
 * An upload that does not fit is answered 507; the file that it was to replace is as it was, and
 * not a byte of it stays behind, so that what fits is stored. Exits with 77 where mounting is not
 * permitted.
 */
#include "faults/exchange.h"

#include "support/must.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SKIPPED 77
#define ROOM_SIZE "size=1m"
#define FITS ((size_t)300 * 1024)
#define TOO_MUCH ((size_t)2 * 1024 * 1024)

/* A mount namespace of our own. Before anything is opened: a descriptor stays in the namespace
 * that it is from. 0, or a negative errno. */
static int leave_namespace(void)
{
	if (unshare(CLONE_NEWNS) != 0)
		return -errno;
	/* Else what is mounted would be seen outside. */
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ? 0 : -errno;
}

static int skip(int error)
{
	printf("skipped: a tmpfs cannot be mounted here: %s\n", strerror(-error));
	return SKIPPED;
}

static void put(const struct subject *subject, const char *name, size_t size, int due)
{
	struct client client = {.fd = -1};
	char *data = pattern(size), head[128];
	struct reply reply;

	(void)snprintf(head, sizeof head,
		       "PUT /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n", name,
		       size);
	exchange(&client, subject->url, head, data, size, &reply);
	must(reply.status == due && reply.complete, "PUT /%s of %zu bytes was answered %d", name,
	     size, reply.status);
	reply_free(&reply);
	exchange_finish(&client);
	free(data);
}

static unsigned long free_blocks(const char *path)
{
	struct statvfs facts;

	must(statvfs(path, &facts) == 0, "%s: %s", path, strerror(errno));
	return facts.f_bfree;
}

int main(void)
{
	struct subject subject;
	struct load load = {.subject = &subject};
	char root[PATH_MAX + 8];

	int error = leave_namespace();
	if (error != 0)
		return skip(error);
	subject_prepare(&subject);
	(void)snprintf(root, sizeof root, "%s/root", subject.scratch.path);
	if (mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, ROOM_SIZE) != 0) {
		error = -errno;
		subject_free(&subject);
		return skip(error);
	}
	must(subject_start(&subject, NULL), "no start");
	put(&subject, "old", FITS, 201);
	unsigned long before = free_blocks(root);

	put(&subject, "old", TOO_MUCH, 507);
	put(&subject, "new", TOO_MUCH, 507);
	exchange_check_file(&load, "old", FITS, true);
	must(scratch_count(&subject.scratch, "root") == 1, "something was left behind");
	subject_settle(&subject);
	must(free_blocks(root) == before, "%lu blocks are free, before it were %lu",
	     free_blocks(root), before);

	put(&subject, "new", FITS, 201);
	exchange_check_file(&load, "new", FITS, true);
	subject_settle(&subject);
	must(subject_stop(&subject) == 0, "the stop was not clean");
	must(umount(root) == 0, "umount: %s", strerror(errno));
	subject_free(&subject);
	printf("507 on a full tmpfs, the old file intact, every block given back\n");
	return 0;
}
