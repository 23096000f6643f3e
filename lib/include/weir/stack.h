/* weir/stack.h: where the threads of handlers are.
 *
 * A thread is asked by a signal, and walks its own stack in the signal's handler; nothing is
 * allocated and no lock is taken there. Handlers, background tasks and stages of teardown can be
 * asked; the server asks at the end of a stop, for the drain report, and a program at any time.
 *
 * What it costs a handler that does not use Weir's own blocking calls: calls that are never
 * restarted, like poll(2) and nanosleep(2), return EINTR (signal(7) lists them); others go on. And
 * some room on its stack: the kernel puts the registers there, which are up to 11 KiB with all
 * extensions of x86-64, and the walk takes about 4 KiB more.
 *
 * A thread that blocks the signal, or is in a sleep that no signal ends (state D), does not
 * answer. A walk ends at code without unwind tables (hand-written assembler, some compilers at run
 * time); through a stack that was overwritten it may end the process with a fault.
 *
 * Frames are addresses. Names are found afterwards, by the symbolizer of the server's options:
 * weir_symbolize_elf() is always there and knows exported functions ("libc.so.6!poll+0x4f");
 * the adapter weir-symbols (weir/symbols.h) knows all functions, files and lines that symbol
 * tables and debug information tell.
 */
#ifndef WEIR_STACK_H
#define WEIR_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/server.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_STACK_MAX 32 /**< frames of a stack that are told, the innermost ones */

/* (weir_symbolizer, the type, is in weir/server.h.) */

/** With dladdr(3): "libc.so.6!poll+0x4f", or "weir+0x1c2d0", which addr2line(1) understands, for
 *  a function that is not exported. -ENOENT: no file is loaded there. */
WEIR_API int weir_symbolize_elf(void *arg, uintptr_t address, char *out, size_t size);

/** Chooses the signal that asks a thread, for the whole process, before the first server starts.
 *  Default SIGRTMIN + 5. Not that of weir_interrupt_use_signal(). If the program has a handler of
 *  its own for it when the first server starts, no thread is ever asked, and the log says so.
 *  Returns 0, -EINVAL, -EBUSY (too late). Any thread. */
WEIR_API int weir_stack_use_signal(int signal_number);

/** Has SIGSEGV handled for the case that a worker, a background task or a stage of teardown has
 *  used up its stack: one line is written to `fd`, with the thread and the route, as
 * weir_log_text() or weir_log_json() would write it ("stack-overflow"), and the process ends as it
 * would have otherwise, with a core where limits allow. All other faults, and faults of other
 * threads, end it without a line. For threads that start from now on, so before the first server
 * starts; again, any time, for another descriptor or form. `fd` is borrowed and stays open. Each
 * such thread has an alternate signal stack of 64 KiB then, unless it has one already. Returns 0,
 * or -EBUSY when SIGSEGV is not at its default: the program's handler stays, and one that is
 * installed later takes the place of this. Any thread. */
WEIR_API int weir_stack_report_overflow(int fd, bool json);

/** What all handlers do that workers run, and the background tasks, with their stacks, as JSON or
 *  as text for people. *text is malloc()ed, ends with a line feed and a NUL, and is the caller's
 *  to free; *size is its length without the NUL (`size` may be NULL). Waits up to 200 ms for
 *  threads that do not answer, and as long for others that ask at the same time; names are looked
 *  for for half a second at most. Any thread that may block, but the acceptor's (-EDEADLK).
 *  0, -ENOMEM, -EINVAL before the start. */
WEIR_API int weir_server_stacks_json(weir_server *server, char **text, size_t *size);
WEIR_API int weir_server_stacks_text(weir_server *server, char **text, size_t *size);

#ifdef __cplusplus
}
#endif

#endif
