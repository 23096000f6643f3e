/* residue.c: snapshots of what the kernel keeps for this process; see residue.h.
 *
 * Read from /proc/self. Threads and child processes end a little after whoever waited for them
 * has been told so; therefore a snapshot that has more of them than before is taken again, for
 * SETTLE at most.
 */
#include "residue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "wrapped.h"

#define SETTLE (200 * WEIR_MILLISECOND)
#define NAME_SIZE 512
#define DEPTH_MAX 8

static int add(struct weir__testing_names *list, const char *name)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 32;
		char **names = reallocarray(list->names, room, sizeof(*names));

		if (!names)
			return -ENOMEM;
		list->names = names;
		list->room = room;
	}
	list->names[list->count] = strdup(name);
	if (!list->names[list->count])
		return -ENOMEM;
	list->count++;
	return 0;
}

void weir__testing_names_free(struct weir__testing_names *list)
{
	while (list->count > 0)
		free(list->names[--list->count]);
	free(list->names);
	*list = (struct weir__testing_names){0};
}

static bool has(const struct weir__testing_names *list, const char *name)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (strcmp(list->names[i], name) == 0)
			return true;
	return false;
}

const char *weir__testing_names_new(const struct weir__testing_names *before,
				    const struct weir__testing_names *after, size_t *count)
{
	const char *first = NULL;
	size_t i;

	*count = 0;
	for (i = 0; i < after->count; i++)
		if (!has(before, after->names[i])) {
			if (!first)
				first = after->names[i];
			(*count)++;
		}
	return first;
}

/* Calls `each` with every name in a directory but "." and "..". An absent one is empty. */
static int list(const char *path,
		int (*each)(struct weir__testing_names *to, int dir, const char *name, void *arg),
		struct weir__testing_names *to, void *arg)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	int error = 0;

	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	while (!error && (entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			error = each(to, dirfd(directory), entry->d_name, arg);
	(void)closedir(directory);
	return error;
}

static int add_fd(struct weir__testing_names *to, int dir, const char *name, void *arg)
{
	char target[NAME_SIZE - 32], line[NAME_SIZE];
	ssize_t size;

	(void)arg;
	if (atoi(name) == dir)
		return 0;
	size = readlinkat(dir, name, target, sizeof(target) - 1);
	if (size < 0)
		return errno == ENOENT ? 0 : -errno;
	target[size] = '\0';
	(void)snprintf(line, sizeof(line), "%s -> %s", name, target);
	return add(to, line);
}

/* The first line of a small file; "" if it is not there (any more). */
static void read_line(int dir, const char *path, char *line, size_t size)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, line, size - 1);

	line[got > 0 ? got : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

static int add_named(struct weir__testing_names *to, int dir, const char *id, const char *path)
{
	char comm[64], line[384];

	read_line(dir, path, comm, sizeof(comm));
	(void)snprintf(line, sizeof(line), "%s (%s)", id, comm);
	return add(to, line);
}

static int add_thread(struct weir__testing_names *to, int dir, const char *name, void *arg)
{
	char path[NAME_MAX + sizeof("/comm")];

	(void)arg;
	(void)snprintf(path, sizeof(path), "%s/comm", name);
	return add_named(to, dir, name, path);
}

/* The children that one of our threads has made. */
static int add_children(struct weir__testing_names *to, int dir, const char *name, void *arg)
{
	char path[64], line[4096], *at = line, *id;
	int error = 0;

	(void)arg;
	(void)snprintf(path, sizeof(path), "%s/children", name);
	read_line(dir, path, line, sizeof(line));
	while (!error && (id = strsep(&at, " ")))
		if (*id) {
			(void)snprintf(path, sizeof(path), "/proc/%s/comm", id);
			error = add_named(to, AT_FDCWD, id, path);
		}
	return error;
}

struct place {
	const char *path;
	unsigned depth;
};

static int add_file(struct weir__testing_names *to, int dir, const char *name, void *arg)
{
	const struct place *place = arg;
	char path[4096];
	struct stat file;
	struct place below = {path, place->depth + 1};
	char line[4200];
	int error;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", place->path, name) >= sizeof(path))
		return -ENAMETOOLONG;
	if (fstatat(dir, name, &file, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISDIR(file.st_mode)) {
		/* A file that has another size is another file. */
		(void)snprintf(line, sizeof(line), "%s (%jd bytes)", path, (intmax_t)file.st_size);
		return add(to, line);
	}
	error = add(to, path);
	return error || place->depth == DEPTH_MAX ? error : list(path, add_file, to, &below);
}

static int add_files(struct weir__testing_names *to, const struct weir_testing_options *options,
		     const char *scratch)
{
	struct place place = {scratch, 0};
	int error = list(scratch, add_file, to, &place);
	size_t i;

	for (i = 0; !error && options->directories && options->directories[i]; i++) {
		place.path = options->directories[i];
		error = list(place.path, add_file, to, &place);
	}
	return error;
}

int weir__testing_residue_take(struct weir__testing_residue *residue,
			       const struct weir_testing_options *options, const char *scratch)
{
	struct weir__testing_names *kept = residue->kept;
	size_t i;
	int error;

	*residue = (struct weir__testing_residue){.memory = weir__testing_memory_look()};
	error = list("/proc/self/fd", add_fd, &kept[WEIR__TESTING_FDS], NULL);
	if (!error)
		error = list("/proc/self/task", add_thread, &kept[WEIR__TESTING_THREADS], NULL);
	if (!error)
		error = list("/proc/self/task", add_children, &kept[WEIR__TESTING_CHILDREN], NULL);
	if (!error)
		error = add_files(&kept[WEIR__TESTING_FILES], options, scratch);
	if (!error && options->gauge_count > 0) {
		residue->gauges = calloc(options->gauge_count, sizeof(*residue->gauges));
		error = residue->gauges ? 0 : -ENOMEM;
	}
	for (i = 0; !error && i < options->gauge_count; i++)
		residue->gauges[i] = options->gauges[i].read(options->gauges[i].arg);
	if (error)
		weir__testing_residue_free(residue);
	return error;
}

void weir__testing_residue_free(struct weir__testing_residue *residue)
{
	size_t i;

	for (i = 0; i < WEIR__TESTING_KEPT_COUNT; i++)
		weir__testing_names_free(&residue->kept[i]);
	free(residue->gauges);
	residue->gauges = NULL;
}

/* Nothing of what ends by itself is new. */
static bool settled(const struct weir__testing_residue *before,
		    const struct weir__testing_residue *after)
{
	size_t threads, children, fds;

	(void)weir__testing_names_new(&before->kept[WEIR__TESTING_THREADS],
				      &after->kept[WEIR__TESTING_THREADS], &threads);
	(void)weir__testing_names_new(&before->kept[WEIR__TESTING_CHILDREN],
				      &after->kept[WEIR__TESTING_CHILDREN], &children);
	(void)weir__testing_names_new(&before->kept[WEIR__TESTING_FDS],
				      &after->kept[WEIR__TESTING_FDS], &fds);
	return threads + children + fds == 0 && after->memory.blocks <= before->memory.blocks;
}

int weir__testing_residue_take_settled(struct weir__testing_residue *residue,
				       const struct weir__testing_residue *before,
				       const struct weir_testing_options *options,
				       const char *scratch)
{
	const struct timespec moment = {0, WEIR_MILLISECOND};
	weir_time until = weir__testing_real_now() + SETTLE;
	int error = weir__testing_residue_take(residue, options, scratch);

	/* The kernel has no event for "a thread of mine is gone altogether". */
	while (!error && !settled(before, residue) && weir__testing_real_now() < until) {
		(void)__real_nanosleep(&moment, NULL);
		weir__testing_residue_free(residue);
		error = weir__testing_residue_take(residue, options, scratch);
	}
	return error;
}

int weir__testing_scratch_make(struct weir__testing_scratch *scratch)
{
	const char *tmp = getenv("TMPDIR");
	int error;

	scratch->old = NULL;
	if ((size_t)snprintf(scratch->path, sizeof(scratch->path), "%s/weir-testing-XXXXXX",
			     tmp && *tmp ? tmp : "/tmp") >= sizeof(scratch->path))
		return -ENAMETOOLONG;
	if (tmp && !(scratch->old = strdup(tmp)))
		return -ENOMEM;
	if (!mkdtemp(scratch->path)) {
		error = -errno;
		goto free_old;
	}
	if (setenv("TMPDIR", scratch->path, 1)) {
		error = -errno;
		(void)rmdir(scratch->path);
		goto free_old;
	}
	return 0;

free_old:
	free(scratch->old);
	return error;
}

static int remove_entry(struct weir__testing_names *to, int dir, const char *name, void *arg)
{
	const struct place *place = arg;
	char path[4096];
	struct place below = {path, place->depth + 1};

	(void)to;
	if (unlinkat(dir, name, 0) == 0 || place->depth == DEPTH_MAX)
		return 0;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", place->path, name) < sizeof(path))
		(void)list(path, remove_entry, NULL, &below);
	(void)unlinkat(dir, name, AT_REMOVEDIR); /* what cannot be removed stays */
	return 0;
}

void weir__testing_scratch_clean(const struct weir__testing_scratch *scratch)
{
	struct place place = {scratch->path, 0};

	(void)list(scratch->path, remove_entry, NULL, &place);
}

void weir__testing_scratch_remove(struct weir__testing_scratch *scratch)
{
	weir__testing_scratch_clean(scratch);
	(void)rmdir(scratch->path);
	if (scratch->old)
		(void)setenv("TMPDIR", scratch->old, 1);
	else
		(void)unsetenv("TMPDIR");
	free(scratch->old);
}
