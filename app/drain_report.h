/* drain_report.h: where the report of a stop goes: stderr, and a file if asked for.
 *
 * The file is begun before the server is, so a directory that cannot be written to is
 * found out at the start and not at the end. Nothing is to be seen of it until it is
 * whole.
 */
#ifndef WEIR_APP_DRAIN_REPORT_H
#define WEIR_APP_DRAIN_REPORT_H

#include "atomic_file.h"

#include <limits.h>

#include <weir/report.h>

struct drain_report {
	int dir;
	struct atomic_file file;
	char name[NAME_MAX + 1];
};

/** Begins the file `path`. Returns 0, or a negative errno: -EISDIR (a directory is there),
 *  -EEXIST (something else that is no regular file is), -EINVAL (no file name). */
int drain_report_open(struct drain_report *report, const char *path);

/** Writes the report into the file and gives it its name. Returns 0 or a negative errno. */
int drain_report_publish(struct drain_report *report, const struct weir_report *result);

/** Closes the file; if it was not published, nothing is left of it. */
void drain_report_close(struct drain_report *report);

/** Prints the report on `fd`: as text, or as JSON on one line. Returns 0 or a negative
 *  errno. */
int drain_report_print(int fd, const struct weir_report *result, bool json);

#endif
