/* pid_file.h: a file with the number of the process that serves.
 *
 * It appears whole, and is a process's own as long as its number stands in it: after an upgrade in
 * place the new process has put its own there, and the old one leaves the file alone. */
#ifndef WEIR_APP_PID_FILE_H
#define WEIR_APP_PID_FILE_H

/** Puts this process's number there, in place of another. Returns 0 or a negative errno. */
int pid_file_write(const char *path);

/** Removes it if it is still this process's. */
void pid_file_remove(const char *path);

#endif
