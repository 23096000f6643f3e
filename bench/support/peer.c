/* peer.c: finds the peers. */
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "golang.h"
#include "nginx.h"
#include "place.h"
#include "say.h"

const char *const bench_peer_names[BENCH_PEERS + 1] = {"weir", "go", "nginx", "mhd", NULL};

int bench_peer_version(const char *program, char *about, size_t size)
{
	const char *argv[] = {program, "--version", NULL};

	if (access(program, X_OK) != 0)
		return -errno;
	return bench_child_first_line(
		&(struct bench_child_options){.name = "version", .argv = argv},
		bench_now() + 30 * BENCH_S, about, size);
}

static int find_own(struct bench_peer *peer, const char *const *programs)
{
	char path[PATH_MAX];
	int result = 0;

	for (size_t i = 0; programs[i]; i++) {
		result = bench_peer_program(peer, programs[i], path, sizeof(path));
		if (result == 0 && access(path, X_OK) != 0)
			result = -errno;
		if (result != 0) {
			bench_say("%s has not been built", path);
			return result;
		}
	}
	if (result == 0)
		result = bench_peer_program(peer, programs[0], path, sizeof(path));
	return result != 0 ? result : bench_peer_version(path, peer->about, sizeof(peer->about));
}

static int find_go(struct bench_peer *peer, const char *const *programs)
{
	int result = bench_golang_version(peer->about, sizeof(peer->about));

	for (size_t i = 0; result == 0 && programs[i]; i++)
		result = bench_golang_build(programs[i]);
	return result;
}

static int find(struct bench_peer *peer, const char *const *programs)
{
	switch (peer->id) {
	case BENCH_WEIR:
	case BENCH_MHD:
		return find_own(peer, programs);
	case BENCH_GO:
		return find_go(peer, programs);
	case BENCH_NGINX:
		return bench_nginx_find(peer->program, sizeof(peer->program), peer->about,
					sizeof(peer->about));
	case BENCH_PEERS:
		break;
	}
	return -EINVAL;
}

int bench_peer_find(struct bench_peer *peer, enum bench_peer_id id, const char *const *programs)
{
	bool may_be_missing = id == BENCH_GO || id == BENCH_NGINX;

	*peer = (struct bench_peer){.id = id, .name = bench_peer_names[id]};
	return bench_peer_settle(peer, find(peer, programs),
				 may_be_missing ? "missing: not installed" : NULL);
}

int bench_peer_settle(struct bench_peer *peer, int result, const char *missing)
{
	if (result == -ENOENT && missing) {
		(void)snprintf(peer->about, sizeof(peer->about), "%s", missing);
		bench_say("%s is %s", peer->name, missing);
		return 0;
	}
	if (result != 0) {
		bench_say("%s cannot be got ready: %s", peer->name, strerror(-result));
		return result;
	}
	peer->there = true;
	return 0;
}

int bench_peer_program(const struct bench_peer *peer, const char *program, char *path, size_t size)
{
	char name[64];

	switch (peer->id) {
	case BENCH_GO:
		return bench_golang_path(program, path, size);
	case BENCH_WEIR:
		if (snprintf(name, sizeof(name), "peers/weir_%s", program) >= (int)sizeof(name))
			return -ENAMETOOLONG;
		return bench_place_own(path, size, name);
	case BENCH_MHD:
		return bench_place_own(path, size, "peers/mhd_inline");
	case BENCH_NGINX:
	case BENCH_PEERS:
		break;
	}
	return -EINVAL;
}

void bench_peer_fail(struct bench_peer *peer)
{
	bench_say("%s is left out from here on", peer->name);
	peer->failed = true;
}

bool bench_peer_usable(const struct bench_peer *peer)
{
	return peer->there && !peer->failed;
}

void bench_peers_print(const struct bench_peer *peers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (peers[i].name)
			(void)printf("%s: %s%s\n", peers[i].name, peers[i].about,
				     peers[i].failed ? " (failed)" : "");
	}
}

void bench_peers_json(const struct bench_peer *peers, size_t count, struct bench_json *json)
{
	bench_json_array(json, "peers");
	for (size_t i = 0; i < count; i++) {
		if (!peers[i].name)
			continue;
		bench_json_object(json, NULL);
		bench_json_string(json, "name", peers[i].name);
		bench_json_string(json, "about", peers[i].about);
		bench_json_bool(json, "there", peers[i].there);
		bench_json_bool(json, "failed", peers[i].failed);
		bench_json_end(json);
	}
	bench_json_end(json);
}
