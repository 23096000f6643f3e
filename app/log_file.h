/* log_file.h: where the log goes: stderr, or a file that is appended to.
 *
 * The log has a descriptor of its own whose number never changes; another file is put behind it
 * while others write: each line goes whole into the one or the other.
 */
#ifndef WEIR_APP_LOG_FILE_H
#define WEIR_APP_LOG_FILE_H

#include "complain.h"

/** Opens the file, making it if need be with mode 0640; NULL is stderr. Returns a descriptor, or a
 *  negative errno: -EINVAL (neither a regular file nor a character device). */
int log_file_open(const char *path);

/** Puts what `with` refers to behind `fd`, and closes `with`. */
void log_file_replace(int fd, int with);

/** The line that says what log_file_open() could not do. */
void log_file_problem(const char *path, int error, char line[COMPLAIN_SIZE]);

#endif
