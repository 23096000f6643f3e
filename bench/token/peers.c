/* peers.c: finds the peers: three programs that the build has made, if it could, and Go's, which
 * is compiled now. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../support/child.h"
#include "../support/clock.h"
#include "../support/golang.h"
#include "../support/place.h"
#include "../support/say.h"
#include "token.h"

const char *const peer_names[PEERS + 1] = {"weir", "glib", "stop_token", "go", NULL};

static int find_built(struct token_peer *peer, const char *name)
{
	const char *argv[] = {peer->program, "--version", NULL};
	int result = bench_place_own(peer->program, sizeof(peer->program), name);

	if (result == 0 && access(peer->program, X_OK) != 0)
		result = -errno;
	if (result != 0)
		return result;
	return bench_child_first_line(
		&(struct bench_child_options){.name = "version", .argv = argv},
		bench_now() + 30 * BENCH_S, peer->about, sizeof(peer->about));
}

static int find_go(struct token_peer *peer)
{
	int result = bench_golang_version(peer->about, sizeof(peer->about));

	if (result == 0)
		result = bench_golang_build("token");
	if (result == 0)
		result = bench_golang_path("token", peer->program, sizeof(peer->program));
	return result;
}

int peer_find(struct token_peer *peer, enum peer id)
{
	static const char *const built[PEERS] = {[PEER_WEIR] = "peers/weir_token",
						 [PEER_GLIB] = "peers/glib_token",
						 [PEER_STOP_TOKEN] = "peers/stop_token"};
	static const char *const needs[PEERS] = {
		[PEER_GLIB] = "missing: GLib's headers were not there when this was built",
		[PEER_STOP_TOKEN] = "missing: no compiler of C++20 was there when this was built",
		[PEER_GO] = "missing: not installed"};
	int result = built[id] ? find_built(peer, built[id]) : find_go(peer);

	if (result == -ENOENT && needs[id]) {
		(void)snprintf(peer->about, sizeof(peer->about), "%s", needs[id]);
		bench_say("%s is %s", peer_names[id], needs[id]);
		return 0;
	}
	if (result != 0) {
		bench_say("%s cannot be got ready: %s", peer_names[id], strerror(-result));
		return result;
	}
	peer->there = true;
	return 0;
}
