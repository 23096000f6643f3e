/* address.c: see address.h. */
#include "http/address.h"

#include <arpa/inet.h>
#include <stdio.h>

void weir__address_print(const union weir__address *address, char *out, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->any.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &address->in.sin_addr, host, sizeof(host));
		(void)snprintf(out, size, "%s:%u", host, ntohs(address->in.sin_port));
	} else if (address->any.sa_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &address->in6.sin6_addr, host, sizeof(host));
		(void)snprintf(out, size, "[%s]:%u", host, ntohs(address->in6.sin6_port));
	} else {
		(void)snprintf(out, size, "unix");
	}
}
