/* watch.h: what the user data of the acceptor's epoll points to. */
#ifndef WEIR_HTTP_WATCH_H
#define WEIR_HTTP_WATCH_H

#include <stdint.h>

struct weir__acceptor;

struct weir__watch {
	void (*ready)(struct weir__acceptor *acceptor, struct weir__watch *watch, uint32_t events);
};

#endif
