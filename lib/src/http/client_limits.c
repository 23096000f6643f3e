/* client_limits.c: see client_limits.h. */
#include "http/client_limits.h"

#include <errno.h>
#include <stdio.h>

#include "http/forwarded.h"

/* A client that is refused can come again at once: one line a second tells of all of them. */
#define LOG_INTERVAL WEIR_SECOND

static void tell(struct weir__acceptor *acceptor, const union weir__address *peer, const char *what)
{
	char client[INET6_ADDRSTRLEN + 16];

	if (acceptor->now < acceptor->limits_told)
		return;
	acceptor->limits_told = acceptor->now + LOG_INTERVAL;
	weir__address_print(peer, client, sizeof(client));
	weir__log(acceptor->options.logger, WEIR_LOG_WARNING, "client-limit", NULL, "client",
		  client, "limit", what, NULL);
}

bool weir__limits_connection(struct weir__acceptor *acceptor, const union weir__address *peer,
			     struct weir__client **out)
{
	struct weir__ip ip;
	int error;

	*out = NULL;
	if (!weir__ip_of(peer, &ip) || weir__address_set_has(acceptor->options.trusted, &ip))
		return true;
	error = weir__clients_take(&acceptor->clients, weir__ip_client(&ip),
				   WEIR__CLIENT_CONNECTIONS, out);
	if (error == -EDQUOT) {
		weir__counter_add(&acceptor->counters[0].client_connections_refused, 1);
		tell(acceptor, peer, "connections");
	}
	return !error;
}

/* False: nobody whose requests could be counted. */
static bool client_of(const weir_request *request, struct weir__ip *out)
{
	const struct weir__acceptor_options *options = &request->acceptor->options;

	if (!weir__ip_of(&request->peer, out))
		return false;
	if (!weir__address_set_has(options->trusted, out))
		return true;
	return options->client_header &&
	       weir__forwarded_client(request->fields, request->field_count, options->client_header,
				      options->trusted, out);
}

static int take_for_client(weir_request *request, const char **reason)
{
	struct weir__acceptor *acceptor = request->acceptor;
	struct weir__ip ip;
	int error;

	if (acceptor->options.client_limits[WEIR__CLIENT_REQUESTS] == 0 || !client_of(request, &ip))
		return 0;
	error = weir__clients_take(&acceptor->clients, weir__ip_client(&ip), WEIR__CLIENT_REQUESTS,
				   &request->client);
	if (!error)
		return 0;
	*reason = "out of memory";
	if (error != -EDQUOT)
		return 503;
	weir__counter_add(&acceptor->counters[0].client_requests_refused, 1);
	tell(acceptor, &request->peer, "requests");
	*reason = "too many requests of this client are in flight";
	return 429;
}

int weir__limits_request(weir_request *request, const char **reason)
{
	struct weir__acceptor *acceptor = request->acceptor;
	unsigned most = acceptor->options.max_requests;
	int status;

	if (request->scope != WEIR_SCOPE_PUBLIC)
		return 0;
	if (most && acceptor->admitted >= most) {
		weir__counter_add(&acceptor->counters[0].requests_limited, 1);
		*reason = "too many requests are in flight";
		return 503;
	}
	status = take_for_client(request, reason);
	if (status)
		return status;
	request->admitted = true;
	acceptor->admitted++;
	return 0;
}

void weir__limits_request_over(weir_request *request)
{
	if (request->admitted)
		request->acceptor->admitted--;
	request->admitted = false;
	weir__clients_give_back(&request->acceptor->clients, request->client,
				WEIR__CLIENT_REQUESTS);
	request->client = NULL;
}
