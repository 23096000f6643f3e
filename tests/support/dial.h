/* support/dial.h: from the address of a listener to a connection. */
#ifndef WEIR_TESTS_DIAL_H
#define WEIR_TESTS_DIAL_H

/** Connects to what weir_server_url() gave: "http://host:port", "https://host:port" (without the
 * TLS) or "unix:path". `window` is the size of the receive buffer, about (0: the kernel's choice),
 * `own` an IPv4 address of our own (NULL: any). Returns a socket that does not block, or a negative
 *  errno. */
int dial(const char *url, int window, const char *own);

#endif
