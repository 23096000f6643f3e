/* pool_private.h: a worker, its start and its waking: pool.c, pool_grow.c and pool_setup.c. */
#ifndef WEIR_WORK_POOL_PRIVATE_H
#define WEIR_WORK_POOL_PRIVATE_H

#include "work/pool.h"

enum { RUNNING, PARKED };

struct weir__worker {
	_Alignas(64) _Atomic uint32_t state; /* the word it sleeps on */
	_Atomic bool busy;                   /* written by the worker */
	unsigned number;                     /* fixed */
	pthread_t thread;                    /* while it is not vacant */
	struct weir__pool *pool;             /* fixed */
	struct weir__traced *traced;         /* fixed */
	struct weir__worker *below;          /* under the pool's lock: of either stack */
};

/* Gives a vacant one a thread. 0, -EBUSY when there are as many as there can be or a stop has
 * begun, or what starting it said. */
int weir__worker_start(struct weir__pool *pool);
void weir__worker_vacate_locked(struct weir__pool *pool, struct weir__worker *worker);
/* Wakes one parked worker. False if there is none. */
bool weir__worker_wake(struct weir__pool *pool);

#endif
