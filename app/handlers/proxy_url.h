/* proxy_url.h: the URL at the upstream for a request. */
#ifndef WEIR_APP_PROXY_URL_H
#define WEIR_APP_PROXY_URL_H

/** The URL for a request with this target, as it was sent, on a route with this path:
 *  `upstream`, then what the {rest...} of the path stands for, undecoded, then the query. On
 *  success *out is malloc()ed. Returns 0; -ENOMEM; -EINVAL: a path with "." or ".." in it, however
 *  they are written (they would lead out of the upstream's base), or with what no path can hold. */
int proxy_url(const char *upstream, const char *path, const char *target, char **out);

#endif
