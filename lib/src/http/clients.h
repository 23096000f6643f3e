/* clients.h: what each client has open and in flight, by its address.
 *
 * A hash table of those clients only that have something: an entry comes with the first
 * connection or request, and goes with the last. So there are never more entries than
 * connections and requests, and looking one up is O(1) whatever addresses clients choose: the
 * hash is keyed with a secret (SipHash-2-4; Aumasson and Bernstein, 2012). Without a limit there
 * is no table and no cost. Acceptor thread only.
 */
#ifndef WEIR_HTTP_CLIENTS_H
#define WEIR_HTTP_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

/* What is counted of a client. */
enum weir__client_count { WEIR__CLIENT_CONNECTIONS, WEIR__CLIENT_REQUESTS, WEIR__CLIENT_COUNTS };

struct weir__client {
	struct weir__client *next; /* of the same bucket */
	uint64_t address;          /* weir__ip_client() */
	unsigned counts[WEIR__CLIENT_COUNTS];
};

struct weir__clients {
	struct weir__client **buckets; /* NULL: there are no limits */
	size_t mask;                   /* their number, a power of two, less one */
	uint64_t secret[2];
	unsigned limits[WEIR__CLIENT_COUNTS]; /* 0: none */
	unsigned count;                       /* of entries */
};

/* A limit of 0 is none. `connections`: as many are expected at most. 0 or -errno. */
int weir__clients_init(struct weir__clients *clients, const unsigned limits[WEIR__CLIENT_COUNTS],
		       unsigned connections);
/* Frees what is left, too. */
void weir__clients_fini(struct weir__clients *clients);

/* Counts one more. *out is the entry, to be given to weir__clients_give_back(); NULL if there are
 * no limits. 0, -EDQUOT (the client has as many as it may), -ENOMEM. */
int weir__clients_take(struct weir__clients *clients, uint64_t address,
		       enum weir__client_count what, struct weir__client **out);
/* Counts one more of what there is already, whatever the limit. `client` may be NULL. */
struct weir__client *weir__clients_hold(struct weir__client *client, enum weir__client_count what);
/* One less. `client` may be NULL. */
void weir__clients_give_back(struct weir__clients *clients, struct weir__client *client,
			     enum weir__client_count what);

/* SipHash-2-4 of the eight bytes of `message`, least significant first. */
uint64_t weir__siphash(const uint64_t secret[2], uint64_t message);

#endif
