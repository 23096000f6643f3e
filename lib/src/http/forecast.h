/* forecast.h: what a stop would take for what is in flight now. docs/how-to/forecast-a-stop.md
 * has the method. */
#ifndef WEIR_HTTP_FORECAST_H
#define WEIR_HTTP_FORECAST_H

#include <stdbool.h>

#include <weir/rehearse.h>

#include "http/route_stats.h"

struct weir__acceptor;

/* When a stop would do what, counted from now. */
struct weir__stop_times {
	weir_time drain;  /* routes with WEIR_CANCEL_AT_DRAIN, and who watches the drain token */
	weir_time cancel; /* all others */
	weir_time cut;
};

/* What is known of one request. */
struct weir__outlook {
	weir_time wait;     /* until a handler has it; 0: one has; WEIR_NEVER: no telling */
	weir_time rest;     /* from then on; WEIR_NEVER: no telling */
	weir_time gap;      /* from a trip to the look that sees it */
	bool looks;         /* ... if it looks at all */
	bool drained;       /* its token trips with the drain token, */
	bool watches_drain; /* or it ends by itself when that has tripped */
};

/* What would become of it. */
struct weir__ending {
	weir_time time;
	enum { WEIR__ENDS, WEIR__ENDS_CANCELLED, WEIR__ENDS_CUT } how;
};

struct weir__ending weir__forecast_one(const struct weir__outlook *outlook,
				       const struct weir__stop_times *times);

/* How long a run goes on that has lasted `age`: WEIR_NEVER if none has lasted so long. */
weir_time weir__forecast_rest(const struct weir__route_summary *summary, weir_time age);

/* For everything that is in flight on ordinary listeners. The acceptor's thread. */
void weir__forecast(struct weir__acceptor *acceptor, const struct weir__stop_times *times,
		    struct weir_forecast *out);

#endif
