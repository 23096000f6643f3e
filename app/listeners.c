/* listeners.c: see listeners.h. */
#include "listeners.h"
#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *problem_text(int error)
{
	switch (error) {
	case -EINVAL:
		return "not an address: write HOST:PORT, https://HOST:PORT or unix:PATH";
	case -EADDRINUSE:
		return "somebody listens there already: stop it, or choose another (port 0 takes a "
		       "free one)";
	case -EADDRNOTAVAIL:
		return "not an address of this machine: choose another";
	case -EEXIST:
		return "there is something that is not a socket: remove it, or choose another path";
	case -EACCES:
		return "not allowed here: choose another, or ports from 1024 up";
	case -ENAMETOOLONG:
		return "too long for a socket's path: choose a shorter one";
	case -ENOENT:
		return "no such host, or no such directory: choose another";
	case -ENOTSUP:
		return "libmicrohttpd has no TLS here: install one that has";
	case -ECANCELED:
		return "the server is stopping";
	default:
		return strerror(-error);
	}
}

/* One of this address that nobody has claimed yet; an address may be there twice (port 0). */
static struct listener *find(struct listeners *listeners, const char *address,
			     enum weir_scope scope)
{
	for (size_t i = 0; i < listeners->count; i++) {
		struct listener *listener = &listeners->list[i];
		if (!listener->wanted && listener->scope == scope &&
		    strcmp(listener->address, address) == 0)
			return listener;
	}
	return NULL;
}

/* The server counts them, oldest first. */
static const char *newest_url(const weir_server *server)
{
	const char *url = NULL, *next;
	for (size_t n = 0; (next = weir_server_url(server, n)) != NULL; n++)
		url = next;
	return url;
}

static void forget(struct listeners *listeners, struct listener *listener)
{
	free(listener->address);
	free(listener->url);
	size_t after = (size_t)(&listeners->list[--listeners->count] - listener);
	memmove(listener, listener + 1, after * sizeof *listener);
}

static int open_one(struct listeners *listeners, weir_server *server, const char *address,
		    enum weir_scope scope)
{
	struct listener *listener = &listeners->list[listeners->count];
	if (listeners->count == LISTENERS_MAX)
		return -ENOSPC;
	*listener = (struct listener){.scope = scope, .wanted = true, .fresh = true};
	listener->address = strdup(address);
	if (listener->address == NULL)
		return -ENOMEM;
	const char *at;
	int error = tls_address(address, &at) ? weir_server_listen_tls(server, at, scope)
					      : weir_server_listen(server, at, scope);
	if (error != 0)
		goto free_address;
	const char *url = newest_url(server);
	listener->url = url != NULL ? strdup(url) : NULL;
	if (listener->url == NULL) {
		error = -ENOMEM;
		goto unlisten;
	}
	listeners->count++;
	return 0;

unlisten:
	if (url != NULL)
		(void)weir_server_unlisten(server, url);
free_address:
	free(listener->address);
	return error;
}

static int want(struct listeners *listeners, weir_server *server, const char *option,
		const char *address, enum weir_scope scope, char line[COMPLAIN_SIZE])
{
	struct listener *there = find(listeners, address, scope);
	if (there != NULL) {
		there->wanted = true;
		return 0;
	}
	int error = open_one(listeners, server, address, scope);
	if (error != 0)
		(void)snprintf(line, COMPLAIN_SIZE, "weir serve: %s %s: %s", option, address,
			       problem_text(error));
	return error;
}

int listeners_open(struct listeners *listeners, weir_server *server,
		   const struct serve_config *config, char line[COMPLAIN_SIZE])
{
	for (size_t i = 0; i < listeners->count; i++)
		listeners->list[i].wanted = listeners->list[i].fresh = false;
	int error = 0;
	for (size_t i = 0; error == 0 && i < config->listen_count; i++)
		error = want(listeners, server, "--listen", config->listen[i], WEIR_SCOPE_PUBLIC,
			     line);
	if (error == 0 && config->admin != NULL)
		error = want(listeners, server, "--admin", config->admin, WEIR_SCOPE_ADMIN, line);
	if (error != 0)
		listeners_undo(listeners, server);
	return error;
}

/* A server that is being stopped closes them by itself, and says so. */
static void close_all(struct listeners *listeners, weir_server *server, bool fresh)
{
	for (size_t i = listeners->count; i > 0; i--) {
		struct listener *listener = &listeners->list[i - 1];
		if (fresh ? !listener->fresh : listener->wanted)
			continue;
		(void)weir_server_unlisten(server, listener->url);
		forget(listeners, listener);
	}
}

void listeners_undo(struct listeners *listeners, weir_server *server)
{
	close_all(listeners, server, true);
}

void listeners_settle(struct listeners *listeners, weir_server *server)
{
	close_all(listeners, server, false);
}

void listeners_free(struct listeners *listeners)
{
	while (listeners->count > 0)
		forget(listeners, &listeners->list[listeners->count - 1]);
}
