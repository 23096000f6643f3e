/* server.c: a peer that serves hello. */
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "clock.h"
#include "nginx.h"
#include "parse.h"
#include "say.h"

#define START_LIMIT (30 * BENCH_S)
#define STOP_LIMIT (40 * BENCH_S)

int bench_server_read_port(struct bench_child *child, int64_t deadline, uint16_t *port)
{
	uint64_t value = 0;
	char *line;
	int result = bench_child_line(child, deadline, &line);

	if (result == 1 &&
	    bench_parse_after(line, "listening url=http://127.0.0.1:", UINT16_MAX, &value) != 0)
		result = -EBADMSG;
	else if (result == 0)
		result = -EPIPE;
	if (result < 0) {
		bench_child_complain(child, "did not say where it listens");
		return result;
	}
	*port = (uint16_t)value;
	return 0;
}

static int start_own(struct bench_server *server, const struct bench_peer *peer, int64_t deadline)
{
	char program[PATH_MAX];
	const char *argv[] = {program, NULL};
	int result = bench_peer_program(peer, "hello", program, sizeof(program));

	if (result == 0)
		result = bench_child_start(
			&server->child,
			&(struct bench_child_options){.name = peer->name, .argv = argv});
	if (result != 0)
		return result;
	return bench_server_read_port(&server->child, deadline, &server->port);
}

int bench_server_ask(uint16_t port, const char *path, int64_t deadline)
{
	struct bench_client_options options = {.port = port,
					       .count = 1,
					       .window = 1,
					       .path = path,
					       .status = 200,
					       .body = BENCH_HELLO};
	struct bench_client *client;
	int result = bench_client_create(&options, &client);

	if (result != 0)
		return result;
	result = bench_client_collect(client, deadline, NULL);
	bench_client_destroy(client);
	return result;
}

int bench_server_start(struct bench_server *server, const struct bench_peer *peer)
{
	int64_t deadline = bench_now() + START_LIMIT;
	int result;

	memset(server, 0, sizeof(*server));
	if (peer->id == BENCH_NGINX)
		result = bench_nginx_start(peer->program, &server->child, &server->port);
	else
		result = start_own(server, peer, deadline);
	if (result == 0)
		result = bench_server_ask(server->port, "/", deadline);
	/* Only now: nginx has forked its worker once it answers. */
	if (result == 0)
		result = bench_proc_group(server->child.pid, &server->proc);
	if (result != 0) {
		if (server->child.name)
			bench_child_complain(&server->child, "does not serve");
		else
			bench_say("%s cannot be started: %s", peer->name, strerror(-result));
		bench_server_end(server);
	}
	return result;
}

int bench_server_stop(struct bench_server *server)
{
	int result = 0;

	if (kill(server->child.pid, SIGTERM) != 0)
		result = -errno;
	if (result == 0)
		result = bench_child_expect_success(&server->child, bench_now() + STOP_LIMIT);
	bench_server_end(server);
	return result;
}

void bench_server_end(struct bench_server *server)
{
	bench_child_end(&server->child);
}
