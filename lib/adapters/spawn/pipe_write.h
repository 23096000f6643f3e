/* pipe_write.h: writing to a pipe whose reader may have gone, without SIGPIPE. */
#ifndef WEIR_SPAWN_PIPE_WRITE_H
#define WEIR_SPAWN_PIPE_WRITE_H

#include <stddef.h>
#include <sys/types.h>

/* write(2), once. The count, or a negative errno; -EPIPE without the signal. */
ssize_t weir__spawn_pipe_write(int fd, const void *data, size_t size);

#endif
