/* make_directory.h: directories that a configuration says are to be made. */
#ifndef WEIR_APP_MAKE_DIRECTORY_H
#define WEIR_APP_MAKE_DIRECTORY_H

/** Makes the directory `path` and those above it, where they are missing. Returns 0 or a
 *  negative errno. */
int make_directory(const char *path);

/** Looks whether make_directory() could do it, and makes nothing. Returns 0 or the errno that is
 *  to be expected, negative. */
int make_directory_check(const char *path);

#endif
