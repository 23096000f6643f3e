/* servers.c: finds, starts and ends the servers that are held against each other. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../support/clock.h"
#include "../support/golang.h"
#include "../support/nginx.h"
#include "../support/place.h"
#include "../support/say.h"
#include "../support/server.h"
#include "overload.h"

#define START_LIMIT (30 * BENCH_S)

const char *const server_names[] = {"weir", "go", "nginx", "civetweb", NULL};

static int program_of(enum server_id id, char *path, size_t size)
{
	switch (id) {
	case SERVER_WEIR:
		return bench_place_own(path, size, "peers/weir_overload");
	case SERVER_CIVETWEB:
		return bench_place_own(path, size, "peers/civetweb_overload");
	default:
		return bench_golang_path("overload", path, size);
	}
}

static int find_own(struct bench_peer *peer, enum server_id id)
{
	char path[PATH_MAX];
	int result = program_of(id, path, sizeof(path));

	return result != 0 ? result : bench_peer_version(path, peer->about, sizeof(peer->about));
}

static int find_go(char *about, size_t size)
{
	char path[PATH_MAX];
	int result = bench_golang_version(about, size);

	if (result == 0)
		result = bench_golang_path("overload", path, sizeof(path));
	/* The proxy needs it too, and it is compiled once. */
	if (result == 0 && access(path, X_OK) != 0)
		result = bench_golang_build("overload");
	return result;
}

static int find(struct bench_peer *peer, enum server_id id)
{
	char go[128];
	int result;

	switch (id) {
	case SERVER_GO:
		return find_go(peer->about, sizeof(peer->about));
	case SERVER_NGINX:
		result = bench_nginx_find(peer->program, sizeof(peer->program), peer->about,
					  sizeof(peer->about));
		return result != 0 ? result : find_go(go, sizeof(go));
	default:
		return find_own(peer, id);
	}
}

int servers_find(struct bench_peer *peer, enum server_id id)
{
	*peer = (struct bench_peer){.name = server_names[id]};
	return bench_peer_settle(peer, find(peer, id),
				 id == SERVER_WEIR ? NULL : "missing: not installed");
}

static int start_program(struct bench_child *child, const struct overload *bench, enum server_id id,
			 int64_t deadline, uint16_t *port)
{
	char program[PATH_MAX], workers[16], service[16];
	const char *argv[] = {program, workers, service, NULL};
	int result = program_of(id, program, sizeof(program));

	if (result != 0)
		return result;
	(void)snprintf(workers, sizeof(workers), "%u", bench->workers);
	(void)snprintf(service, sizeof(service), "%u", bench->service * 1000);
	result = bench_child_start(
		child, &(struct bench_child_options){.name = server_names[id], .argv = argv});
	return result != 0 ? result : bench_server_read_port(child, deadline, port);
}

int servers_start(struct servers *servers, const struct overload *bench, enum server_id id)
{
	int64_t deadline = bench_now() + START_LIMIT;
	uint16_t behind;
	int result;

	memset(servers, 0, sizeof(*servers));
	if (id == SERVER_NGINX) {
		result = start_program(&servers->back, bench, SERVER_GO, deadline, &behind);
		if (result == 0)
			result = bench_nginx_start_proxy(bench->peers[id].program, behind,
							 &servers->front, &servers->port);
	} else {
		result = start_program(&servers->front, bench, id, deadline, &servers->port);
	}
	if (result == 0)
		result = bench_server_ask(servers->port, "/work", deadline);
	if (result != 0) {
		if (servers->front.name)
			bench_child_complain(&servers->front, "does not serve");
		else
			bench_say("%s cannot be started: %s", server_names[id], strerror(-result));
		servers_end(servers);
	}
	return result;
}

int servers_cpu(const struct servers *servers, int64_t *nanoseconds)
{
	const struct bench_child *children[] = {&servers->front, &servers->back};

	*nanoseconds = 0;
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		struct bench_proc proc;
		int64_t used;
		int result;

		if (!children[i]->name)
			continue;
		result = bench_proc_group(children[i]->pid, &proc);
		if (result == 0)
			result = bench_proc_cpu(&proc, &used);
		if (result != 0)
			return result;
		*nanoseconds += used;
	}
	return 0;
}

void servers_end(struct servers *servers)
{
	bench_child_end(&servers->front);
	bench_child_end(&servers->back);
}
