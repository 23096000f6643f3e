/* support/process.h: a program under test, as a process of its own.
 *
 * Its stderr (and stdout) comes here through a pipe and is read line by line. Every wait
 * ends after MUST_PATIENCE by killing the process and failing the test; a test that dies
 * takes the process with it (PR_SET_PDEATHSIG). One thread at a time.
 */
#ifndef WEIR_TESTS_PROCESS_H
#define WEIR_TESTS_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

struct process {
	pid_t pid; /**< 0: ended and waited for */
	int output;
	char *text; /**< all it has said so far; owned */
	size_t text_size;
	size_t text_room;
	size_t taken; /**< how much of it process_line() has given out */
	char *line;   /**< owned */
};

/** Starts argv[0], which is a path, in the directory `directory` (NULL: this one). */
void process_start(struct process *process, const char *directory, const char *const argv[]);

/** The next line, without its newline; borrowed until the next call. NULL at the end. */
const char *process_line(struct process *process);

/** Reads lines up to one that begins with `start`; the rest of it, borrowed. Fails the test
 *  if the process ends without it. */
const char *process_await_line(struct process *process, const char *start);

void process_signal(struct process *process, int number);

/** Reads to the end and waits: the exit code, or 128 and the number of the signal that
 *  ended it. process->text then holds everything that it said, with a NUL at the end. */
int process_wait(struct process *process);

/** Frees what is left; kills the process if it still runs. */
void process_free(struct process *process);

#endif
