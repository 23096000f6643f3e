/* address.h: the address of a client. */
#ifndef WEIR_HTTP_ADDRESS_H
#define WEIR_HTTP_ADDRESS_H

#include <netinet/in.h>
#include <stddef.h>

/* Of a Unix socket there is nothing but the family. */
union weir__address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* "127.0.0.1:53122"; the caller's buffer. */
void weir__address_print(const union weir__address *address, char *out, size_t size);

#endif
