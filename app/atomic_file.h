/* atomic_file.h: a file that appears whole or not at all.
 *
 * What is written goes into a file without a name (O_TMPFILE), so a process that is
 * killed at any moment leaves nothing behind. When all is written and on disk, the file
 * gets a hidden name and is renamed onto its own in one step. Where a file system has no
 * nameless files, the hidden name is there from the start; then only a process that dies
 * without a word can leave one behind.
 *
 *	begin -> write ... -> sync -> publish -> end
 *	  any failure, or a change of mind -----> end
 *
 * Dirty pages are pushed to the disk while the file grows, and waited for two windows
 * later: the sync at the end stays short, however long the file, and a stop that comes
 * in the middle of it does not have to wait for a gigabyte.
 *
 * One thread at a time for each file.
 */
#ifndef WEIR_APP_ATOMIC_FILE_H
#define WEIR_APP_ATOMIC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** How every hidden name begins. */
#define ATOMIC_FILE_PREFIX ".weir-upload-"

struct atomic_file {
	int dir; /* borrowed */
	int fd;
	bool named;
	off_t size;
	off_t pushed; /* up to here, write-back has been started */
	char name[sizeof ATOMIC_FILE_PREFIX + 16];
};

/** Begins a file in the directory open at `dir`, which is borrowed until the end. The umask
 *  applies to `mode`. Returns 0 or the negative errno of openat(2). */
int atomic_file_begin(struct atomic_file *file, int dir, mode_t mode);

/** As atomic_file_begin(), with the hidden name from the start. */
int atomic_file_begin_named(struct atomic_file *file, int dir, mode_t mode);

/** Appends. Returns 0 or a negative errno. */
int atomic_file_write(struct atomic_file *file, const void *data, size_t size);

/** Waits until what was written is on disk. May take long. Returns 0 or a negative errno. */
int atomic_file_sync(struct atomic_file *file);

/** Gives the file its name, in place of what has it now. Who wants that to survive a power
 *  cut calls fsync(2) on the directory. Returns 0 or a negative errno. */
int atomic_file_publish(struct atomic_file *file, const char *name);

/** Closes the file; what was not published is gone without a trace. */
void atomic_file_end(struct atomic_file *file);

#endif
