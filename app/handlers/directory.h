/* directory.h: a directory as a web page. */
#ifndef WEIR_APP_DIRECTORY_H
#define WEIR_APP_DIRECTORY_H

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include <weir/response.h>

/** Most entries on one page. */
#define DIRECTORY_ENTRIES_MAX 10000

struct directory_entry {
	char *name;
	char kind; /* 'd' directory, 'f' file, 'l' link, 'o' other */
	long long size;
	time_t changed;
};

struct directory_listing {
	struct directory_entry *entries;
	size_t count, capacity;
	bool more; /* there are more than DIRECTORY_ENTRIES_MAX */
};

/** Answers with the directory open at `fd`, which is taken. `path` is its decoded path and
 *  ends in a slash. */
int directory_answer(weir_response *response, weir_token *token, int fd, const char *path);

/** Reads the directory open at `fd`, which is taken, and sorts it: directories first, then
 *  by name. Hidden names are left out. On failure nothing is kept. Returns 0, -ECANCELED
 *  or a negative errno. */
int directory_read(struct directory_listing *listing, weir_token *token, int fd);

void directory_free(struct directory_listing *listing);

/** Writes the page. Errors stay in the stream. */
void directory_page(FILE *stream, const char *path, const struct directory_listing *listing);

#endif
