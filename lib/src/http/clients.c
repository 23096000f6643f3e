/* clients.c: see clients.h. */
#include "http/clients.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MOST_BUCKETS ((size_t)65536)

static uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void mix(uint64_t v[4], int rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void absorb(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	mix(v, 2);
	v[0] ^= word;
}

uint64_t weir__siphash(const uint64_t secret[2], uint64_t message)
{
	uint64_t v[4] = {
		secret[0] ^ UINT64_C(0x736f6d6570736575),
		secret[1] ^ UINT64_C(0x646f72616e646f6d),
		secret[0] ^ UINT64_C(0x6c7967656e657261),
		secret[1] ^ UINT64_C(0x7465646279746573),
	};

	absorb(v, message);
	absorb(v, UINT64_C(8) << 56); /* the end: nothing but the length */
	v[2] ^= 0xff;
	mix(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static int draw_secret(uint64_t secret[2])
{
	ssize_t got;

	do
		got = getrandom(secret, 2 * sizeof(*secret), 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	return (size_t)got == 2 * sizeof(*secret) ? 0 : -EIO;
}

int weir__clients_init(struct weir__clients *clients, const unsigned limits[WEIR__CLIENT_COUNTS],
		       unsigned connections)
{
	size_t size = 64;
	int error;

	memset(clients, 0, sizeof(*clients));
	memcpy(clients->limits, limits, sizeof(clients->limits));
	if (limits[WEIR__CLIENT_CONNECTIONS] == 0 && limits[WEIR__CLIENT_REQUESTS] == 0)
		return 0;
	error = draw_secret(clients->secret);
	if (error)
		return error;
	while (size < connections && size < MOST_BUCKETS)
		size *= 2;
	clients->buckets = calloc(size, sizeof(struct weir__client *));
	if (!clients->buckets)
		return -ENOMEM;
	clients->mask = size - 1;
	return 0;
}

void weir__clients_fini(struct weir__clients *clients)
{
	size_t i;

	for (i = 0; clients->buckets && i <= clients->mask; i++)
		while (clients->buckets[i]) {
			struct weir__client *client = clients->buckets[i];

			clients->buckets[i] = client->next;
			free(client);
		}
	free(clients->buckets);
	clients->buckets = NULL;
}

/* Where the entry of this address is, or would be put. */
static struct weir__client **place_of(struct weir__clients *clients, uint64_t address)
{
	struct weir__client **place =
		&clients->buckets[weir__siphash(clients->secret, address) & clients->mask];

	while (*place && (*place)->address != address)
		place = &(*place)->next;
	return place;
}

int weir__clients_take(struct weir__clients *clients, uint64_t address,
		       enum weir__client_count what, struct weir__client **out)
{
	unsigned limit = clients->limits[what];
	struct weir__client **place, *client;

	*out = NULL;
	if (limit == 0)
		return 0;
	place = place_of(clients, address);
	client = *place;
	if (client && client->counts[what] >= limit)
		return -EDQUOT;
	if (!client) {
		client = calloc(1, sizeof(*client));
		if (!client)
			return -ENOMEM;
		client->address = address;
		*place = client;
		clients->count++;
	}
	client->counts[what]++;
	*out = client;
	return 0;
}

struct weir__client *weir__clients_hold(struct weir__client *client, enum weir__client_count what)
{
	if (client)
		client->counts[what]++;
	return client;
}

void weir__clients_give_back(struct weir__clients *clients, struct weir__client *client,
			     enum weir__client_count what)
{
	struct weir__client **place;

	if (!client || --client->counts[what] > 0)
		return;
	if (client->counts[WEIR__CLIENT_CONNECTIONS] + client->counts[WEIR__CLIENT_REQUESTS] > 0)
		return;
	place = place_of(clients, client->address);
	*place = client->next;
	clients->count--;
	free(client);
}
