/* forecast.h: the forecast of a stop and what is known of the routes, in the server's pages. */
#ifndef WEIR_SERVER_FORECAST_H
#define WEIR_SERVER_FORECAST_H

#include "base/text.h"
#include "http/forecast.h"
#include "server/server_private.h"

/* When a stop that begins now would do what; or, if one is under way, when it will. Any thread. */
void weir__forecast_times(struct weir_server *server, struct weir__stop_times *out);

/* The acceptor's thread: families of Prometheus' text format. */
void weir__forecast_metrics(struct weir_server *server, struct weir__text *text);
/* Likewise: the members "forecast" and "routes" of a JSON object, with a comma behind each. */
void weir__forecast_status(struct weir_server *server, struct weir__text *text);

#endif
