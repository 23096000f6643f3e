/* transfer.h: one read or write of some bytes under a token, for weir_read(), weir_write()
 * and weir_copy(). */
#ifndef WEIR_CANCEL_IO_TRANSFER_H
#define WEIR_CANCEL_IO_TRANSFER_H

#include <stdbool.h>
#include <sys/uio.h>

#include "cancel/io/io.h"

/* What a descriptor is, as far as not blocking on it is concerned. */
enum weir__io_kind {
	WEIR__IO_SOCKET, /* MSG_DONTWAIT */
	WEIR__IO_FILE,   /* nothing to wait for: regular files, block devices, directories */
	WEIR__IO_PIPE,   /* also FIFOs */
	WEIR__IO_OTHER,  /* terminals, eventfds, ... */
};

/* 0 or -errno. */
int weir__io_kind(int fd, enum weir__io_kind *out);

struct weir__transfer {
	int fd;
	enum weir__io_kind kind;
	short events;      /* POLLIN: read; POLLOUT: write */
	bool no_nowait;    /* found out: RWF_NOWAIT does not serve here */
	bool try_first;    /* once, before token and time are looked at */
	struct iovec part; /* where to, or from; not changed */
};

/* Reads or writes up to part.iov_len bytes, at least one unless that is 0 or it is the end.
 * The count, -ECANCELED, -ETIMEDOUT, or another -errno. */
ssize_t weir__transfer(const struct weir__io_call *call, struct weir__transfer *transfer);

#endif
