/* serving.c: see serving.h. */
#include "serving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/handlers.h"
#include "support/must.h"
#include "support/reply.h"

void serving_create(struct serving *serving)
{
	struct weir_server_options own = {0};
	int rc;

	*serving = (struct serving){0};
	log_capture_init(&serving->fixture.log);
	own.log = log_capture_write;
	own.log_arg = &serving->fixture.log;
	own.log_level = WEIR_LOG_INFO;
	own.queue_target = WEIR_NONE; /* see fixture_create() */
	rc = weir_server_create(&own, &serving->fixture.server);
	must(rc == 0, "weir_server_create: %s", strerror(-rc));
	scratch_make(&serving->scratch);
	serving->options.pairs = serving->pairs;
}

void serving_add(struct serving *serving, const char *name, const char *common_name,
		 const char *const *hosts)
{
	size_t n = serving->options.pair_count++;

	must(n < sizeof(serving->pairs) / sizeof(serving->pairs[0]), "too many certificates");
	tls_make_certificate(&serving->scratch, name, common_name, hosts, NULL);
	(void)snprintf(serving->pem[n], sizeof(serving->pem[n]), "%s/%s.pem", serving->scratch.path,
		       name);
	(void)snprintf(serving->key[n], sizeof(serving->key[n]), "%s/%s.key", serving->scratch.path,
		       name);
	serving->pairs[n] = (struct weir_tls_pair){serving->pem[n], serving->key[n]};
}

void serving_use(struct serving *serving)
{
	char problem[256] = "";
	weir_tls *tls;
	int rc = weir_tls_load(&serving->options, &tls, problem, sizeof(problem));

	must(rc == 0, "weir_tls_load: %s", problem);
	weir_server_set_tls(serving->fixture.server, tls);
	weir_tls_unref(tls);
}

void serving_start(struct serving *serving)
{
	int rc = weir_server_listen_tls(serving->fixture.server, "127.0.0.1:0", WEIR_SCOPE_PUBLIC);

	must(rc == 0, "weir_server_listen_tls: %s", strerror(-rc));
	fixture_start(&serving->fixture);
}

void serving_begin(struct serving *serving)
{
	static const char *const hosts[] = {"localhost", NULL};

	serving_create(serving);
	serving_add(serving, "first", "first", hosts);
	fixture_route(&serving->fixture, "GET /hello", handle_hello, NULL);
	serving_use(serving);
	serving_start(serving);
}

void serving_finish(struct serving *serving)
{
	fixture_finish(&serving->fixture);
	scratch_remove(&serving->scratch);
}

int serving_get(struct serving *serving, const char *target)
{
	struct client client;
	struct reply reply;
	int status;

	client_open(&client, serving->fixture.url);
	client_get(&client, target, &reply);
	status = reply.status;
	reply_free(&reply);
	client_close(&client);
	return status;
}

char *serving_peer(struct serving *serving, const char *host)
{
	struct client client;
	char *name;

	client_open(&client, serving->fixture.url);
	if (host != NULL)
		tls_link_name(client.tls, host);
	name = tls_link_shake(client.tls) == 0 ? tls_link_peer(client.tls) : strdup("");
	must(name != NULL, "no memory");
	client_close(&client);
	return name;
}
