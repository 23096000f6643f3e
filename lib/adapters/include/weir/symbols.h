/* weir/symbols.h: names for stacks, by libdw.
 *
 * A symbolizer (weir/server.h) that knows what symbol tables and debug information tell: static
 * functions too, and the file and line of a call; a function that the compiler has put into
 * another is named with it:
 *
 *	sleep_for (debug.c:61)
 *	look, inlined in handle (dispatch.c:130)
 *	libc.so.6!clock_nanosleep+0x24
 *
 *	weir_symbols *symbols;
 *	int error = weir_symbols_create(&symbols);
 *	...
 *	options.symbolizer = weir_symbols_find;
 *	options.symbolizer_arg = symbols;
 *
 * It reads files of this machine only: those that are mapped into the process, and for these, if
 * they have no debug information in themselves, /usr/lib/debug/.build-id/. It never asks a server,
 * whatever DEBUGINFOD_URLS says. The first question opens the files, which takes some
 * milliseconds, up to a second for large programs; they are kept open until destroy.
 */
#ifndef WEIR_SYMBOLS_H
#define WEIR_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_symbols weir_symbols;

/** Reads nothing yet. Returns 0 or -ENOMEM; *out is the caller's to destroy. */
WEIR_API int weir_symbols_create(weir_symbols **out);

/** A weir_symbolizer: `symbols` is a weir_symbols, `address` a return address. `out` is cut to fit.
 *  Returns 0, or -ENOENT: nothing is known there. Any thread, several at a time, which wait for
 *  one another. Not in a signal handler, nor in the child of a fork(2). */
WEIR_API int weir_symbols_find(void *symbols, uintptr_t address, char *out, size_t size);

/** Nobody may be in a call any more. NULL is ignored. */
WEIR_API void weir_symbols_destroy(weir_symbols *symbols);

#ifdef __cplusplus
}
#endif

#endif
