/* queue_status.h: what waits for a worker, since when, and for whom; for people. */
#ifndef WEIR_HTTP_QUEUE_STATUS_H
#define WEIR_HTTP_QUEUE_STATUS_H

struct weir__acceptor;
struct weir__text;

/* The acceptor's thread only: the status page's `"queue":{...},"held_by":[...]`, and the metrics
 * (Prometheus). */
void weir__queue_describe(struct weir__acceptor *acceptor, struct weir__text *text);
void weir__queue_metrics(struct weir__acceptor *acceptor, struct weir__text *text);

#endif
