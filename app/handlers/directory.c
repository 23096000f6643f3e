/* directory.c: reading a directory, and answering with it; see directory.h. */
#include "directory.h"
#include "path.h"
#include "text_stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int compare(const void *left, const void *right)
{
	const struct directory_entry *a = left, *b = right;
	if ((a->kind == 'd') != (b->kind == 'd'))
		return a->kind == 'd' ? -1 : 1;
	return strcmp(a->name, b->name);
}

static char kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return 'd';
	if (S_ISREG(mode))
		return 'f';
	return S_ISLNK(mode) ? 'l' : 'o';
}

static int add(struct directory_listing *listing, int fd, const char *name)
{
	struct stat file;
	if (fstatat(fd, name, &file, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -errno; /* removed since it was read */
	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity == 0 ? 64 : 2 * listing->capacity;
		struct directory_entry *entries =
			reallocarray(listing->entries, capacity, sizeof *entries);
		if (entries == NULL)
			return -ENOMEM;
		listing->entries = entries;
		listing->capacity = capacity;
	}
	char *copy = strdup(name);
	if (copy == NULL)
		return -ENOMEM;
	listing->entries[listing->count++] = (struct directory_entry){
		.name = copy,
		.kind = kind_of(file.st_mode),
		.size = file.st_size,
		.changed = file.st_mtim.tv_sec,
	};
	return 0;
}

int directory_read(struct directory_listing *listing, weir_token *token, int fd)
{
	*listing = (struct directory_listing){0};
	DIR *directory = fdopendir(fd);
	if (directory == NULL) {
		int error = -errno;
		(void)close(fd);
		return error;
	}
	int error;
	for (;;) {
		error = weir_token_check(token);
		if (error != 0)
			break;
		errno = 0;
		const struct dirent *entry = readdir(directory);
		if (entry == NULL) {
			error = -errno;
			break;
		}
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    path_hidden(entry->d_name))
			continue;
		if (listing->count == DIRECTORY_ENTRIES_MAX) {
			listing->more = true;
			break;
		}
		error = add(listing, fd, entry->d_name);
		if (error != 0)
			break;
	}
	(void)closedir(directory);
	if (error != 0) {
		directory_free(listing);
		return error;
	}
	if (listing->count > 0)
		qsort(listing->entries, listing->count, sizeof listing->entries[0], compare);
	return 0;
}

void directory_free(struct directory_listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->entries[i].name);
	free(listing->entries);
	*listing = (struct directory_listing){0};
}

int directory_answer(weir_response *response, weir_token *token, int fd, const char *path)
{
	struct directory_listing listing;
	int error = directory_read(&listing, token, fd);
	if (error != 0)
		return error;

	struct text_stream text;
	char *page;
	size_t size;
	error = text_stream_open(&text);
	if (error != 0)
		goto free_listing;
	directory_page(text.stream, path, &listing);
	error = text_stream_close(&text, &page, &size);
	if (error != 0)
		goto free_listing;
	error = weir_response_header(response, "Content-Type", "text/html; charset=utf-8");
	if (error == 0)
		error = weir_response_body_take(response, page, size, free);
	else
		free(page);

free_listing:
	directory_free(&listing);
	return error;
}
