/* rehearse.h: POST /rehearse, on admin listeners. */
#ifndef WEIR_APP_HANDLERS_REHEARSE_H
#define WEIR_APP_HANDLERS_REHEARSE_H

#include <weir/rehearse.h>
#include <weir/routes.h>

struct admin;

/** POST /rehearse?fraction=F&timeout=DUR, both optional: 200 with what weir_server_rehearse() has
 *  found; 400 (an argument that is none), 409 (another one runs, or the server is stopping). */
int rehearse_route(weir_routes *routes, struct admin *admin);

/** Reads a number above 0 and up to 1, like "0.25", with at most 9 digits behind the point. Returns
 *  0 or -EINVAL. */
int rehearse_fraction(const char *text, double *out);

#endif
