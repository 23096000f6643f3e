/* peers.c: finds the peers: three programs that the build has made, if it could, and Go's, which
 * is compiled now. */
#include <stddef.h>

#include "../support/golang.h"
#include "../support/place.h"
#include "token.h"

const char *const peer_names[PEERS + 1] = {"weir", "glib", "stop_token", "go", NULL};

static int find_built(struct bench_peer *peer, const char *name)
{
	int result = bench_place_own(peer->program, sizeof(peer->program), name);

	return result != 0 ? result
			   : bench_peer_version(peer->program, peer->about, sizeof(peer->about));
}

static int find_go(struct bench_peer *peer)
{
	int result = bench_golang_version(peer->about, sizeof(peer->about));

	if (result == 0)
		result = bench_golang_build("token");
	if (result == 0)
		result = bench_golang_path("token", peer->program, sizeof(peer->program));
	return result;
}

int peer_find(struct bench_peer *peer, enum peer id)
{
	static const char *const built[PEERS] = {[PEER_WEIR] = "peers/weir_token",
						 [PEER_GLIB] = "peers/glib_token",
						 [PEER_STOP_TOKEN] = "peers/stop_token"};
	static const char *const needs[PEERS] = {
		[PEER_GLIB] = "missing: GLib's headers were not there when this was built",
		[PEER_STOP_TOKEN] = "missing: no compiler of C++20 was there when this was built",
		[PEER_GO] = "missing: not installed"};

	*peer = (struct bench_peer){.name = peer_names[id]};
	return bench_peer_settle(peer, built[id] ? find_built(peer, built[id]) : find_go(peer),
				 needs[id]);
}
