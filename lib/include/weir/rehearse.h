/* weir/rehearse.h: what would a stop cost now? A forecast, and a rehearsal.
 *
 * A handler can be stopped when it looks at its token. For each route the server keeps how long
 * its requests take and the longest time that passed between two looks of one request (from its
 * begin to the first, and from the last to its return, too; a blocking call that takes the token
 * is a look all along). From these and from what is in flight follows the forecast.
 * docs/how-to/forecast-a-stop.md has the method, its bounds and its limits.
 *
 * A rehearsal tries it: intake is paused, the tokens of a part of what is in flight are tripped
 * as a stop would trip them, it is measured how long those requests take to be over, and intake
 * goes on. Those requests are answered 503: it costs what it says.
 */
#ifndef WEIR_REHEARSE_H
#define WEIR_REHEARSE_H

#include <stdint.h>

#include <weir/server.h>
#include <weir/time.h>
#include <weir/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a stop that began now would take, as far as can be told. */
struct weir_forecast {
	weir_time time;     /**< until nothing is in flight, lame-duck time included; at most until
			     *   the drain timeout is over */
	uint64_t in_flight; /**< requests and upgraded connections */
	uint64_t cancelled; /**< of these: requests whose tokens would be tripped before they are
			     *   over, and that would be over in time then */
	uint64_t cut;       /**< of these: requests that would outlast the drain timeout */
	char route[64];     /**< the route that is waited for longest, cut to fit; "-": none */
	weir_time gap;      /**< its longest time without a look at a token; 0 if none of its
			     *   requests has ever looked */
};

/** Any thread, handlers included; waits until the acceptor has looked at what is in flight. While
 *  a stop is under way, for the rest of it. Returns 0, or -EINVAL (before the start). */
WEIR_API int weir_server_forecast(weir_server *server, struct weir_forecast *out);

struct weir_rehearsal_options {
	double fraction;   /**< of the requests in flight whose tokens are tripped: 0 < f <= 1;
			    *   0: the default, 1. At least one, if there is one */
	weir_time timeout; /**< longest time that intake is paused; 0: the default, 5 s. What is not
			    *   over then is not waited for */
};

/** What a rehearsal has found. */
struct weir_rehearsal {
	uint64_t in_flight; /**< when it began */
	uint64_t tripped;   /**< requests whose tokens were tripped */
	uint64_t over;      /**< of these, were over when it ended */
	weir_time last;     /**< from the trip to the end of the last that was over */
	weir_time paused;   /**< how long intake was paused in all */
	char slowest[64];   /**< the route of the last, or of the oldest that was not over */
	weir_time p50, p99; /**< of those that were over, from the trip */
	/** Made just before, of what is rehearsed: a stop of all that is in flight, with neither a
	 *  lame-duck time nor a grace. To be compared with `last`, if the fraction was 1. */
	struct weir_forecast forecast;
};

/** Rehearses. While intake is paused new connections wait in the backlog of their ordinary
 *  listeners, and requests that need a worker wait in the queue (a full one refuses, as ever); what
 *  is declared inline, and admin listeners, go on.
 *
 *  Tripped is every so many-th request in the order of arrival, beginning with the oldest: the
 *  reason is WEIR_REASON_SHUTDOWN, the detail "rehearsal". Queued ones are answered 503 at once.
 *  Upgraded connections are left alone, and so is the server's drain token, which cannot be reset:
 *  who watches that alone is not told. Requests whose answer is complete, and only being sent, and
 *  those that are tripped already are in flight, but not chosen.
 *
 *  Blocks, for options->timeout at most; not on the server's acceptor, coordinator or workers
 *  (-EDEADLK). A task may call it. Returns 0 (whatever it found); -EINVAL (an option, or before the
 *  start), -EBUSY (another one runs), -ENOMEM, -ECANCELED (a stop was asked for: it goes first, and
 *  ends one that runs). Intake goes on when it returns. *out is not touched on failure. */
WEIR_API int weir_server_rehearse(weir_server *server, const struct weir_rehearsal_options *options,
				  struct weir_rehearsal *out);

#ifdef __cplusplus
}
#endif

#endif
