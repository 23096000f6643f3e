/* adapters/names.h: a getaddrinfo() of the test's own.
 *
 * Linked into a test program, it takes the place of libc's for everybody in the process,
 * libraries included. "slow.test" is not answered before names_release(); "here.test" is
 * 127.0.0.1; "nowhere.test" does not exist; all else is libc's to answer.
 */
#ifndef WEIR_TESTS_NAMES_H
#define WEIR_TESTS_NAMES_H

/** Waits until somebody asks for "slow.test". */
void names_await_slow(void);
/** Lets one who asks for "slow.test" go on: it is told to try again later. */
void names_release(void);
/** How often "here.test" was asked for. */
unsigned names_here(void);
/** How many names libcurl has asked for by itself. */
unsigned names_by_libcurl(void);

#endif
