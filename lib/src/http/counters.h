/* counters.h: what the acceptor counts. One table feeds the struct and the metrics page.
 *
 * All are written by the acceptor thread alone. One set counts ordinary listeners, another
 * admin listeners, so that looking at a server does not change its numbers.
 *
 * The sums hold at every moment:
 *	requests accepted = answered + refused + cancelled (all reasons) + cut + in flight
 *	connections accepted = open + closed + refused + cut + upgraded
 */
#ifndef WEIR_HTTP_COUNTERS_H
#define WEIR_HTTP_COUNTERS_H

#include <weir/token.h>

#include "base/counter.h"
#include "work/refusal.h"

/* X(field, metric name, what an operator should conclude) */
#define WEIR__COUNTERS(X)                                                                          \
	X(requests_accepted, "weir_requests_accepted_total",                                       \
	  "Requests whose header was received.")                                                   \
	X(requests_answered, "weir_requests_answered_total",                                       \
	  "Requests answered by their handler, handed to the kernel to the last byte.")            \
	X(requests_refused, "weir_requests_refused_total",                                         \
	  "Requests answered by the library without a handler: malformed, no such route, too "     \
	  "large, too slow, or the queue was full.")                                               \
	X(requests_cut, "weir_requests_cut_total",                                                 \
	  "Requests whose connection the server cut before the answer was out.")                   \
	X(queue_full, "weir_queue_full_total",                                                     \
	  "Requests refused with 503 because the queue was full, or displaced from it: more "      \
	  "workers or fewer clients.")                                                             \
	X(connections_accepted, "weir_connections_accepted_total", "Connections accepted.")        \
	X(connections_closed, "weir_connections_closed_total",                                     \
	  "Connections that ended between requests or with an answer.")                            \
	X(connections_refused, "weir_connections_refused_total",                                   \
	  "Connections closed right after they were accepted, for want of memory or room.")        \
	X(upgraded, "weir_upgraded_total", "Connections that have left HTTP by an upgrade.")       \
	X(upgraded_cut, "weir_upgraded_cut_total",                                                 \
	  "Of these, cut when the drain timeout of a stop was over.")                              \
	X(connections_cut, "weir_connections_cut_total",                                           \
	  "Connections that ended in the middle of a request.")                                    \
	X(accept_pauses, "weir_accept_pauses_total",                                               \
	  "Times accepting was paused because descriptors or memory ran out, or at the "           \
	  "connection limit.")                                                                     \
	X(idle_closed, "weir_idle_connections_closed_total",                                       \
	  "Idle connections that a stop closed.")                                                  \
	X(probes, "weir_client_probes_total",                                                      \
	  "Interim 100 responses sent to find out whether a half-closed client is still there.")   \
	X(first_byte_timeouts, "weir_first_byte_timeouts_total",                                   \
	  "Connections closed because nothing was sent on them in time: idlers, or an attack.")    \
	X(header_timeouts, "weir_header_timeouts_total",                                           \
	  "Connections closed because a header was begun and did not come in time.")               \
	X(body_timeouts, "weir_body_timeouts_total",                                               \
	  "Requests whose body came more slowly than it must.")                                    \
	X(write_timeouts, "weir_write_timeouts_total",                                             \
	  "Connections cut because the client took its answer more slowly than it must.")          \
	X(idle_timeouts, "weir_idle_timeouts_total",                                               \
	  "Kept-alive connections closed because no further request came in time.")                \
	X(client_connections_refused, "weir_client_connections_refused_total",                     \
	  "Connections closed at once because their client had as many as it may: an attack, or "  \
	  "many users behind one address.")                                                        \
	X(client_requests_refused, "weir_client_requests_refused_total",                           \
	  "Requests answered 429 because their client had as many in flight as it may.")           \
	X(connections_limited, "weir_connection_limit_total",                                      \
	  "Times accepting was paused because there were max_connections.")                        \
	X(requests_limited, "weir_request_limit_total",                                            \
	  "Requests answered 503 because max_requests were in flight.")                            \
	X(early_answers, "weir_early_answers_total",                                               \
	  "Answers sent before the request's body had come to its end.")                           \
	X(tls_handshakes, "weir_tls_handshakes_total", "TLS handshakes that came to their end.")   \
	X(tls_failures, "weir_tls_handshake_failures_total",                                       \
	  "TLS handshakes that did not: no version or cipher in common, a certificate that one "   \
	  "side does not take, or the client was too slow or has gone.")                           \
	X(tls_plain, "weir_tls_plain_requests_total",                                              \
	  "Clients that spoke HTTP without TLS to a TLS listener: a wrong URL somewhere.")

struct weir__counters {
#define WEIR__COUNTER_FIELD(field, name, help) weir__counter field;
	WEIR__COUNTERS(WEIR__COUNTER_FIELD)
#undef WEIR__COUNTER_FIELD
	weir__counter requests_cancelled[WEIR_REASON_COUNT];
	weir__counter responses[6]; /* by hundreds of the status */
	weir__counter queue_refusals[WEIR__REFUSAL_COUNT];
	struct weir__histogram queue_wait; /* of those that a worker got */
	struct weir__histogram duration;   /* header received to answer in the kernel */
};

#endif
