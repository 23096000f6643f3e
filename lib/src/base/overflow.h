/* overflow.h: a thread of the library that has used up its stack says so before the process ends.
 *
 * The kernel ends a process whose thread runs into the guard page below its stack with SIGSEGV, and
 * nothing tells why. Once reporting is on, threads that enter have an alternate signal stack
 * (sigaltstack(2)), on which the handler of SIGSEGV runs; it knows the guard page by the address
 * of the fault (pthread_getattr_np(3)), writes one line, and lets the kernel do what it would have
 * done. All other faults it lets pass without a word. A frame that is larger than the guard page
 * and begins beyond it, which -fstack-clash-protection prevents, is not recognised.
 */
#ifndef WEIR_BASE_OVERFLOW_H
#define WEIR_BASE_OVERFLOW_H

#include <stdbool.h>

/* Turns it on for threads that enter from now on, or chooses another descriptor or form. 0, or
 * -EBUSY if the program (or a sanitizer) handles SIGSEGV itself, whose handler stays. */
int weir__overflow_report(int fd, bool json);

/* On the thread itself. Without memory for an alternate stack it goes without. */
void weir__overflow_enter(void);
void weir__overflow_leave(void);

/* On the thread itself: the route that it works for, good until it says another; NULL: none. */
void weir__overflow_route(const char *route);

#endif
