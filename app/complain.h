/* complain.h: the one line on stderr that says what is wrong and what to do.
 *
 * Every start-up failure goes through here, so that it is always exactly one line,
 * whatever was on the command line.
 */
#ifndef WEIR_APP_COMPLAIN_H
#define WEIR_APP_COMPLAIN_H

/** The exit code of wrong usage, wrong configuration and failed start-up. */
#define EXIT_START 2

/** Longest line, its newline and NUL included; longer ones are cut. */
#define COMPLAIN_SIZE 512

/** Replaces every control character of `text`, so that it cannot break its line. */
void complain_clean(char *text);

/** Writes one line to stderr. The newline is added here. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
