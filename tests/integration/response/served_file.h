/* response/served_file.h: one file behind one route, for the tests of file answers. */
#ifndef WEIR_TESTS_SERVED_FILE_H
#define WEIR_TESTS_SERVED_FILE_H

#include <stddef.h>

#include "support/fixture.h"
#include "support/reply.h"

#define SERVED_FILE_TAG "\"the-tag\""
#define SERVED_FILE_TIME 1700000000
#define SERVED_FILE_DATE "Tue, 14 Nov 2023 22:13:20 GMT"

struct served_file {
	struct fixture fixture;
	struct client client;
	int fd;
};

/** Serves `size` bytes at /file, with SERVED_FILE_TAG and SERVED_FILE_TIME, and connects. */
void served_file_start(struct served_file *file, const void *data, size_t size);
void served_file_finish(struct served_file *file);

/** Asks for the file with these additional header lines ("" or "Name: value\r\n..."). */
void served_file_get(struct served_file *file, const char *fields, struct reply *reply);
void served_file_head(struct served_file *file, const char *fields, struct reply *reply);

#endif
