/* listeners.h: what bench/listener_close and its peers say to each other, line by line.
 *
 *	peer	listening PORT		(or listening PATH)
 *	bench	close
 *	peer	closed			once the listener is, and on to the next one
 *
 * A peer ends at the end of its stdin. Its argument is the directory for Unix sockets, or none for
 * TCP on a free port of 127.0.0.1. Each connection asks once and is answered BENCH_HELLO. */
#ifndef BENCH_LISTENERS_H
#define BENCH_LISTENERS_H

#define LISTENERS_LINE 256

#endif
