/* instance.h: a weir process on an address that stays the same over its restarts. */
#ifndef WEIR_TESTS_INSTANCE_H
#define WEIR_TESTS_INSTANCE_H

#include "support/process.h"
#include "support/scratch.h"

/** A port of 127.0.0.1 that is this test's alone: a socket that never listens is bound to it
 *  with SO_REUSEADDR, so that the kernel gives it to nobody who asks for a free one, while a
 *  server, which sets the same option, can have it. */
struct port {
	int fd;
	char address[32]; /**< "127.0.0.1:41233" */
	char url[40];     /**< "http://127.0.0.1:41233" */
};

void port_reserve(struct port *port);
void port_release(struct port *port);

struct instance {
	struct port port;
	struct process process;
};

/** Starts `weir serve` in the directory, at the instance's port, with its root/, and waits until
 *  it is ready. `lame_duck` is a duration. */
void instance_start(struct instance *instance, const struct scratch *scratch,
		    const char *lame_duck);
/** SIGTERM; the exit code. What it said is in instance->process.text until it is freed. */
int instance_stop(struct instance *instance);

#endif
