/* crowd.h: what the C and C++ peers of the token bench share: many threads that wait for one
 * cancellation, and the form of the results.
 *
 * A peer is called as PEER PART N and prints lines "NAME VALUE": whole numbers, times in
 * picoseconds. A part that it does not have prints nothing. Parts:
 *
 *	check N		check		one look at a token at depth N of a tree
 *	check N		bare		likewise, without what is recorded of the last look
 *	check N		turns		likewise, from two places in turn
 *	create 0	create		make a token beneath another and free it
 *	children N	trip		cancel a token with N beneath it, until all are cancelled
 *	waiters N	wake		from the cancel to the last of N waiting threads awake
 *	callback 0	callback	add a callback and remove it
 *	deadlines N	arm, move, disarm, memory (bytes)	each of N, all of them alive
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Starts `count` threads that run wait(arg), lets them fall asleep, runs cancel(arg), and returns
 * the nanoseconds from just before that to the moment at which the last of them was awake; or a
 * negative errno. */
int64_t crowd_wake(unsigned count, void (*wait)(void *arg), void (*cancel)(void *arg), void *arg);

/* Brief things are done in so many slices of about a millisecond, of which the fastest counts:
 * what other programs take of the processor is not theirs. */
#define CROWD_SLICES 50

/* Prints a result: `nanoseconds` for each of `count`. */
void crowd_say(const char *name, int64_t nanoseconds, uint64_t count);

/* The arguments of a peer: 0, or the exit code. `about` is what --version says. */
int crowd_arguments(int argc, char **argv, const char *about, const char **part, unsigned *n);

#ifdef __cplusplus
}
#endif

#endif
